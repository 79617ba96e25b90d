package org.folkmoot.engine.model;

import static java.util.Objects.requireNonNull;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import org.folkmoot.base.FolkmootException;

/**
 * The memory of all KV caches of a span: a bounded number of bytes in pages, handed out and taken
 * back at once. Memory that was never needed is never allocated. A page may be held by several
 * caches: it is free when the last has given it back.
 */
public final class KvPool implements AutoCloseable {
  private final KvPlan plan;
  private final long budget;
  private final Map<KvPlan.Bank, Deque<MemorySegment>> free = new EnumMap<>(KvPlan.Bank.class);

  /** What owns the memory of each page, by its address. */
  private final Map<Long, Arena> arenas = new HashMap<>();

  /** Holders of a page beyond the first, by its address. */
  private final Map<Long, Integer> shared = new HashMap<>();

  private long allocatedBytes;
  private long usedBytes;
  private int usedPages;

  /**
   * A pool.
   *
   * @param budgetBytes the most memory it may take; at least one page of each kind fits
   */
  KvPool(KvPlan plan, long budgetBytes) {
    this.plan = plan;
    this.budget = Math.max(budgetBytes, plan.bytes(1));
    for (KvPlan.Bank bank : KvPlan.Bank.values()) {
      free.put(bank, new ArrayDeque<>());
    }
  }

  /** How layers share pages. */
  KvPlan plan() {
    return plan;
  }

  /** The most memory that it may take. */
  long budgetBytes() {
    return budget;
  }

  /** Pages in use now. */
  public synchronized int usedPages() {
    return usedPages;
  }

  /** Bytes that the pages in use take. */
  public synchronized long usedBytes() {
    return usedBytes;
  }

  synchronized MemorySegment take(KvPlan.Bank bank) {
    long bytes = plan.layout(bank).pageBytes();
    if (usedBytes + bytes > budget) {
      throw full();
    }
    MemorySegment page = queue(bank).poll();
    if (page == null) {
      makeRoom(bytes);
      Arena arena = Arena.ofShared();
      page = arena.allocate(bytes, 64);
      arenas.put(page.address(), arena);
      allocatedBytes += bytes;
    }
    usedBytes += bytes;
    usedPages++;
    return page;
  }

  /** Frees pages of the other kind that nobody uses, if all memory has been given out. */
  private void makeRoom(long bytes) {
    for (KvPlan.Bank bank : KvPlan.Bank.values()) {
      while (allocatedBytes + bytes > budget && !queue(bank).isEmpty()) {
        requireNonNull(arenas.remove(queue(bank).pop().address())).close();
        allocatedBytes -= plan.layout(bank).pageBytes();
      }
    }
  }

  private static FolkmootException full() {
    return new FolkmootException(
        BUSY, "no room for more context now: wait for another answer to end, or raise --kv-memory");
  }

  /** Notes one more holder of a page. */
  synchronized void share(MemorySegment page) {
    shared.merge(page.address(), 1, Integer::sum);
  }

  /** Whether others hold a page, too: then nobody may write into it. */
  synchronized boolean isShared(MemorySegment page) {
    return shared.containsKey(page.address());
  }

  synchronized void giveBack(KvPlan.Bank bank, MemorySegment page) {
    Integer others = shared.get(page.address());
    if (others != null) {
      if (others == 1) {
        shared.remove(page.address());
      } else {
        shared.put(page.address(), others - 1);
      }
      return;
    }
    usedBytes -= plan.layout(bank).pageBytes();
    if (--usedPages < 0) {
      throw new IllegalStateException("a page was given back twice");
    }
    queue(bank).push(page);
  }

  private Deque<MemorySegment> queue(KvPlan.Bank bank) {
    return requireNonNull(free.get(bank));
  }

  /** Frees all memory; caches of this pool must not be used any more. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    arenas.values().forEach(Arena::close);
    arenas.clear();
  }
}
