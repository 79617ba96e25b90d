package org.folkmoot.kernel;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.folkmoot.kernel.machine.SystemMemory;

/**
 * A file in memory that all processes share which have it mapped: read-only, all of it there from
 * the beginning.
 *
 * @param bytes the file's
 * @param large whether its pages are as large as those of {@link LargeMemory}, so that kernels
 *     compute with it as fast
 */
public record MappedFile(MemorySegment bytes, boolean large) {
  /** What is in large pages can differ from a mapping by the last page or two. */
  private static final double NEARLY_ALL = 0.9;

  /**
   * Maps a file.
   *
   * @param arena ends the mapping
   * @throws IOException if it cannot be read
   */
  public static MappedFile map(Path file, Arena arena) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(MapMode.READ_ONLY, 0, channel.size(), arena);
      if (!SystemMemory.load(bytes)) {
        touch(bytes);
      }
      return new MappedFile(bytes, SystemMemory.largePages(bytes) >= NEARLY_ALL * bytes.byteSize());
    }
  }

  /** Has the system read it; here a bad disk is an exception, later it would be a signal. */
  private static void touch(MemorySegment bytes) throws IOException {
    try {
      bytes.load();
    } catch (InternalError unreadable) {
      throw new IOException("a page could not be read", unreadable);
    }
  }
}
