package org.folkmoot.ledger;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.folkmoot.base.PrivateFile;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteJDBCLoader;
import org.sqlite.util.LibraryLoaderUtil;

/**
 * The native library of SQLite, unpacked once, beside the store. By its own way the driver unpacks
 * it at every start into the folder for temporary files, and a process that is killed leaves that
 * megabyte behind.
 */
final class SqliteLibrary {
  private static final String PATH = "org.sqlite.lib.path";
  private static final String NAME = "org.sqlite.lib.name";

  private static boolean told;

  private SqliteLibrary() {}

  /**
   * Tells the driver to take the library from a folder, before its first connection. Where that
   * cannot be, the driver goes its own way.
   */
  static synchronized void use(Path folder) {
    if (told || System.getProperty(PATH) != null) {
      return;
    }
    told = true;
    place(folder)
        .ifPresent(file -> {
          System.setProperty(PATH, String.valueOf(file.getParent()));
          System.setProperty(NAME, String.valueOf(file.getFileName()));
        });
  }

  /**
   * Puts the library there, unless these very bytes are there.
   *
   * @return its file; empty if there is none for this machine, or no room
   */
  static Optional<Path> place(Path folder) {
    String name = LibraryLoaderUtil.getNativeLibName();
    String resource = LibraryLoaderUtil.getNativeLibResourcePath() + "/" + name;
    try (@Nullable InputStream packed = SQLiteJDBCLoader.class.getResourceAsStream(resource)) {
      if (packed == null) {
        return Optional.empty();
      }
      byte[] bytes = packed.readAllBytes();
      Path file = folder.toAbsolutePath().resolve(name);
      if (!Files.isRegularFile(file) || !Arrays.equals(Files.readAllBytes(file), bytes)) {
        PrivateFile.write(file, bytes);
      }
      return Optional.of(file);
    } catch (IOException notHere) {
      return Optional.empty();
    }
  }
}
