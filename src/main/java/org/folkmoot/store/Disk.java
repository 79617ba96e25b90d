package org.folkmoot.store;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The disk that models are written to, so that tests can have a full one. */
public interface Disk {
  /** The disk of this machine. */
  Disk REAL =
      new Disk() {
        @Override
        public long usableBytes(Path folder) throws IOException {
          return Files.getFileStore(folder).getUsableSpace();
        }

        @Override
        public SeekableByteChannel open(Path file) throws IOException {
          return Files.newByteChannel(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        }
      };

  /** How many bytes may still be written where this folder lies. */
  long usableBytes(Path folder) throws IOException;

  /** Opens a file for writing and makes it if there is none; its bytes stay. */
  SeekableByteChannel open(Path file) throws IOException;
}
