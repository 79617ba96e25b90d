package org.folkmoot.kernel;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.machine.SystemMemory;

/** Memory outside the Java heap. */
public final class NativeMemory {
  private static final long CACHE_LINE = 64;

  private NativeMemory() {}

  /**
   * Zeroed memory, aligned to a cache line, that lives as long as the arena.
   *
   * @throws FolkmootException NO_ROOM if the machine has none left
   */
  public static MemorySegment allocate(Arena arena, long bytes) {
    try {
      return arena.allocate(bytes, CACHE_LINE);
    } catch (OutOfMemoryError none) {
      throw new FolkmootException(
          NO_ROOM,
          "not enough memory for the model (%d MiB more are needed): close other programs or choose a smaller model"
              .formatted(bytes >> 20),
          none);
    }
  }

  /**
   * Zeroed memory that costs nothing where it is never touched, if the system has such.
   *
   * @throws FolkmootException NO_ROOM if the machine has none left
   */
  public static MemorySegment sparse(Arena arena, long bytes) {
    return SystemMemory.sparse(arena, bytes).orElseGet(() -> allocate(arena, bytes));
  }
}
