package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.KvLayout;

/**
 * The memory of all KV caches of a span: a bounded number of pages, handed out and taken back at
 * once. Memory that was never needed is never allocated.
 */
public final class KvPool implements AutoCloseable {
  private final KvLayout layout;
  private final int maxPages;
  private final Arena arena = Arena.ofShared();
  private final Deque<MemorySegment> free = new ArrayDeque<>();
  private int allocated;
  private int used;

  /**
   * A pool.
   *
   * @param budgetBytes the most memory it may take; at least one page fits
   */
  public KvPool(KvLayout layout, long budgetBytes) {
    this.layout = layout;
    this.maxPages =
        Math.toIntExact(Math.clamp(budgetBytes / Math.max(1, layout.pageBytes()), 1, 1 << 30));
  }

  /** How pages are laid out. */
  public KvLayout layout() {
    return layout;
  }

  /** Pages that can be in use at once. */
  public int maxPages() {
    return maxPages;
  }

  /** Pages in use now. */
  public synchronized int usedPages() {
    return used;
  }

  /** Bytes that the pages in use take. */
  public long usedBytes() {
    return usedPages() * layout.pageBytes();
  }

  synchronized MemorySegment take() {
    if (used == maxPages) {
      throw new FolkmootException(
          BUSY,
          "no room for more context now: wait for another answer to end, or raise --kv-memory");
    }
    MemorySegment page = free.poll();
    if (page == null) {
      page = arena.allocate(layout.pageBytes(), 64);
      allocated++;
    }
    used++;
    return page;
  }

  synchronized void giveBack(MemorySegment page) {
    if (--used < 0 || used > allocated) {
      throw new IllegalStateException("a page was given back twice");
    }
    free.push(page);
  }

  /** Frees all memory; caches of this pool must not be used any more. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
