package org.folkmoot.engine.model;

import static java.util.Objects.requireNonNull;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.FolkmootException;

/**
 * The memory of all KV caches of a span: a bounded number of bytes in pages, handed out and taken
 * back at once. Memory that was never needed is never allocated. A page may be held by several
 * caches: it is free when the last has given it back, and is then kept for a sequence that begins
 * alike until somebody needs the memory.
 */
public final class KvPool implements AutoCloseable {
  /** Pages that are kept at most for sequences that begin alike; no more than half the budget. */
  private static final long MOST_KEPT = 1 << 12;

  private final KvPlan plan;
  private final long budget;

  /** The memory of extents, which stay as long as the pool. */
  private final Arena arena = Arena.ofShared();

  /** All pages, where they are of one kind. */
  private final KvExtents extents;

  /** Free pages of two kinds. */
  private final Map<KvPlan.Bank, Deque<MemorySegment>> free = new EnumMap<>(KvPlan.Bank.class);

  /** What owns the memory of a page of two kinds, by its address. */
  private final Map<Long, Arena> arenas = new HashMap<>();

  /** Holders of a page beyond the first, by its address. */
  private final Map<Long, Integer> shared = new HashMap<>();

  /** Pages that no cache holds, but which are kept for those that begin alike, by address. */
  private final Set<Long> idle = new HashSet<>();

  private final KvPrefixes prefixes;
  private long allocatedBytes;
  private long usedBytes;
  private int usedPages;

  /**
   * A pool.
   *
   * @param budgetBytes the most memory it may take; at least one page of each kind fits
   */
  KvPool(KvPlan plan, long budgetBytes) {
    this.budget = Math.max(budgetBytes, plan.bytes(1));
    long pages = budget / Math.max(1, plan.bytes(1)); // a span without layers has no pages
    this.prefixes = new KvPrefixes(Math.toIntExact(Math.min(MOST_KEPT, pages / 2)));
    boolean alike = plan.layout(KvPlan.Bank.PASSING).layers() == 0;
    this.plan = plan.abreast(alike ? (int) Math.min(KvExtents.MOST_ABREAST, pages) : 1);
    this.extents = new KvExtents(this.plan.layout(KvPlan.Bank.LASTING), arena, pages);
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

  /**
   * A page.
   *
   * @param before the page of the same sequence before it, if there is one
   * @throws FolkmootException BUSY if there is none
   */
  synchronized MemorySegment take(KvPlan.Bank bank, Optional<MemorySegment> before) {
    if (usedBytes + plan.layout(bank).pageBytes() > budget) {
      throw full();
    }
    MemorySegment page = shares() ? ofExtents(before) : ofTwoKinds(bank);
    count(bank, 1);
    return page;
  }

  private MemorySegment ofExtents(Optional<MemorySegment> before) {
    Optional<MemorySegment> page = extents.take(before);
    while (page.isEmpty() && dropOldestPrefix()) {
      page = extents.take(before);
    }
    return page.orElseThrow(KvPool::full);
  }

  private MemorySegment ofTwoKinds(KvPlan.Bank bank) {
    long bytes = plan.layout(bank).pageBytes();
    MemorySegment page = queue(bank).poll();
    if (page == null) {
      makeRoom(bytes);
      page = alone(bytes);
      allocatedBytes += bytes;
    }
    return page;
  }

  /** A page that can be freed before the others: of two kinds one may need the other's memory. */
  private MemorySegment alone(long bytes) {
    Arena own = Arena.ofShared();
    MemorySegment page = own.allocate(bytes, 64);
    arenas.put(page.address(), own);
    return page;
  }

  private void count(KvPlan.Bank bank, int pages) {
    usedBytes += pages * plan.layout(bank).pageBytes();
    usedPages += pages;
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

  /**
   * Whether sequences can begin with pages of others: not where some layers have a sliding window,
   * whose pages go while others stay, nor where there are no layers.
   */
  private boolean shares() {
    return plan.layout(KvPlan.Bank.PASSING).layers() == 0
        && plan.layout(KvPlan.Bank.LASTING).layers() > 0;
  }

  /** Gives one more holder the pages that are known for the beginning of some tokens. */
  synchronized List<KvPrefixes.Entry> adopt(int[] ids) {
    List<KvPrefixes.Entry> found = shares() ? prefixes.find(ids) : List.of();
    for (KvPrefixes.Entry entry : found) {
      if (idle.remove(entry.page().address())) {
        count(KvPlan.Bank.LASTING, 1);
      } else {
        shared.merge(entry.page().address(), 1, Integer::sum);
      }
    }
    return found;
  }

  /**
   * Keeps pages for sequences that begin with the same tokens, as long as nobody needs the memory.
   *
   * @param pages of the tokens; nobody writes again into those that they fill
   * @param notes of the tokens' positions, all alike long
   */
  synchronized void publish(int[] ids, List<MemorySegment> pages, byte[] notes) {
    if (shares()) {
      prefixes.add(ids, pages, notes);
      while (prefixes.tooMany()) {
        dropOldestPrefix();
      }
    }
  }

  private boolean dropOldestPrefix() {
    Optional<MemorySegment> dropped = prefixes.dropOldest();
    dropped.filter(page -> idle.remove(page.address())).ifPresent(extents::giveBack);
    return dropped.isPresent();
  }

  /** A page with the same content that may be written to: the same one if nobody else reads it. */
  synchronized MemorySegment own(KvPlan.Bank bank, MemorySegment page) {
    if (shared.containsKey(page.address())) {
      MemorySegment copy = take(bank, Optional.empty());
      plan.layout(bank).copy(page, copy);
      giveBack(bank, page);
      return copy;
    }
    if (prefixes.holds(page)) {
      prefixes.forget(page);
    }
    return page;
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
    count(bank, -1);
    if (usedPages < 0) {
      throw new IllegalStateException("a page was given back twice");
    }
    if (prefixes.holds(page)) {
      idle.add(page.address());
    } else if (shares()) {
      extents.giveBack(page);
    } else {
      queue(bank).push(page);
    }
  }

  private Deque<MemorySegment> queue(KvPlan.Bank bank) {
    return requireNonNull(free.get(bank));
  }

  /** Frees all memory; caches of this pool must not be used any more. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    arenas.values().forEach(Arena::close);
    arenas.clear();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
