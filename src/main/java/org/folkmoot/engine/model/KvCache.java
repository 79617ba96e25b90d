package org.folkmoot.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.kernel.KvLayout;

/**
 * Keys and values of one sequence for the layers of a span. Not safe for several threads: it
 * belongs to one pass at a time.
 */
public final class KvCache implements AutoCloseable {
  private final KvPool pool;
  private final List<MemorySegment> pages = new ArrayList<>();
  private int length;
  private boolean closed;

  /** An empty cache. */
  public KvCache(KvPool pool) {
    this.pool = pool;
  }

  /** Positions that are stored. */
  public int length() {
    return length;
  }

  /**
   * Makes room for more positions.
   *
   * @throws org.folkmoot.base.FolkmootException BUSY if the pool has no room; the cache is as
   *     before
   */
  public void reserve(int positions) {
    requireOpen();
    int wanted = (positions + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS;
    int before = pages.size();
    try {
      while (pages.size() < wanted) {
        pages.add(pool.take());
      }
    } catch (RuntimeException full) {
      release(before);
      throw full;
    }
  }

  /**
   * Forgets positions from the end, as speculation does with a rejected draft.
   *
   * @param positions how many remain
   */
  public void truncate(int positions) {
    requireOpen();
    if (positions < 0 || positions > length) {
      throw new IllegalArgumentException(
          "cannot truncate " + length + " positions to " + positions);
    }
    length = positions;
    release((positions + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS);
  }

  KvPool pool() {
    return pool;
  }

  List<MemorySegment> pages() {
    requireOpen();
    return pages;
  }

  MemorySegment page(int position) {
    return pages.get(position / KvLayout.POSITIONS);
  }

  void advance(int positions) {
    length += positions;
  }

  private void release(int keep) {
    while (pages.size() > keep) {
      pool.giveBack(pages.removeLast());
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("the KV cache is closed");
    }
  }

  /** Gives its memory back to the pool. Closing twice is harmless. */
  @Override
  public void close() {
    if (!closed) {
      release(0);
      closed = true;
    }
  }
}
