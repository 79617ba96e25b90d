package org.folkmoot.kernel;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.folkmoot.base.FolkmootException;

/** Memory outside the Java heap, for weights. */
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
          "not enough memory for the model's weights (%d MiB more are needed): close other programs or choose a smaller model"
              .formatted(bytes >> 20),
          none);
    }
  }
}
