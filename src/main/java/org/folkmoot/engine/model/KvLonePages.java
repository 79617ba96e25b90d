package org.folkmoot.engine.model;

import static java.util.Objects.requireNonNull;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Pages of two kinds in a bounded number of bytes. Each lies alone, for one kind may need the
 * memory of the other. Memory that was never needed is never allocated. Guarded by the pool that
 * owns it.
 */
final class KvLonePages implements AutoCloseable {
  private final KvPlan plan;
  private final long budget;
  private final Map<KvPlan.Bank, Deque<MemorySegment>> free = new EnumMap<>(KvPlan.Bank.class);

  /** What owns the memory of a page, by its address. */
  private final Map<Long, Arena> arenas = new HashMap<>();

  private long allocatedBytes;

  /** No page is out yet. */
  KvLonePages(KvPlan plan, long budget) {
    this.plan = plan;
    this.budget = budget;
    for (KvPlan.Bank bank : KvPlan.Bank.values()) {
      free.put(bank, new ArrayDeque<>());
    }
  }

  /** Takes a free page, if there is one or room for one. */
  Optional<MemorySegment> take(KvPlan.Bank bank) {
    MemorySegment page = queue(bank).poll();
    return page == null ? allocate(bank) : Optional.of(page);
  }

  private Optional<MemorySegment> allocate(KvPlan.Bank bank) {
    long bytes = plan.layout(bank).pageBytes();
    for (KvPlan.Bank other : KvPlan.Bank.values()) {
      while (allocatedBytes + bytes > budget && !queue(other).isEmpty()) {
        requireNonNull(arenas.remove(queue(other).pop().address())).close();
        allocatedBytes -= plan.layout(other).pageBytes();
      }
    }
    if (allocatedBytes + bytes > budget) {
      return Optional.empty();
    }
    Arena own = Arena.ofShared();
    MemorySegment page = own.allocate(bytes, 64);
    arenas.put(page.address(), own);
    allocatedBytes += bytes;
    return Optional.of(page);
  }

  /** Takes a page back. */
  void giveBack(KvPlan.Bank bank, MemorySegment page) {
    queue(bank).push(page);
  }

  /** Bytes of all pages, those that are out and those that are free. */
  long allocatedBytes() {
    return allocatedBytes;
  }

  /** Bytes of the pages that are free. */
  long freeBytes() {
    long bytes = 0;
    for (KvPlan.Bank bank : KvPlan.Bank.values()) {
      bytes += queue(bank).size() * plan.layout(bank).pageBytes();
    }
    return bytes;
  }

  private Deque<MemorySegment> queue(KvPlan.Bank bank) {
    return requireNonNull(free.get(bank));
  }

  /** Frees all memory. */
  @Override
  public void close() {
    arenas.values().forEach(Arena::close);
    arenas.clear();
  }
}
