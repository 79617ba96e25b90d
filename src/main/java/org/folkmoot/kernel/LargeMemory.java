package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.machine.SystemMemory;

/**
 * Many pieces of memory that go together, side by side, so that they fill large pages. What was
 * never touched takes no memory.
 */
public final class LargeMemory {
  private static final long CHUNK = 32L << 20;
  private static final long CACHE_LINE = 64;

  private final Arena arena;
  private MemorySegment chunk = MemorySegment.NULL;
  private long used;

  /** Pieces that live as long as the arena. */
  public LargeMemory(Arena arena) {
    this.arena = arena;
  }

  /**
   * Zeroed memory, aligned to a cache line.
   *
   * @throws FolkmootException NO_ROOM if the machine has none left
   */
  public synchronized MemorySegment allocate(long bytes) {
    long wanted = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
    if (chunk.byteSize() - used < wanted) {
      Optional<MemorySegment> fresh = SystemMemory.large(arena, Math.max(CHUNK, wanted));
      if (fresh.isEmpty()) {
        return NativeMemory.allocate(arena, bytes);
      }
      chunk = fresh.get();
      used = 0;
    }
    MemorySegment piece = chunk.asSlice(used, bytes);
    used += wanted;
    return piece;
  }
}
