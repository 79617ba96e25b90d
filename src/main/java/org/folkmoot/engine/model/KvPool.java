package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.model.KvPlan.Bank;

/**
 * The memory of all KV caches of a span: a bounded number of bytes in pages, handed out and taken
 * back at once. Memory that was never needed is never allocated. A page may be held by several
 * caches: it is free when the last has given it back, and is then kept for a sequence that begins
 * alike until somebody needs the memory.
 */
public final class KvPool implements AutoCloseable {
  private final KvPlan plan;
  private final long budget;

  /** The memory of extents, which stay as long as the pool. */
  private final Arena arena = Arena.ofShared();

  /** All pages, where they are of one kind. */
  private final KvExtents extents;

  /** All pages, where they are of two. */
  private final KvLonePages lone;

  /** Holders of a page beyond the first, by its address. */
  private final Map<Long, Integer> shared = new HashMap<>();

  /** Pages that no cache holds, but which are kept for those that begin alike, by address. */
  private final Set<Long> idle = new HashSet<>();

  private final KvPrefixes prefixes;
  private final KvPassed passed;
  private long usedBytes;
  private int usedPages;
  private long idleBytes;

  /**
   * A pool.
   *
   * @param budgetBytes the most memory it may take; at least one page of each kind fits
   */
  KvPool(KvPlan plan, long budgetBytes) {
    this.budget = Math.max(budgetBytes, plan.bytes(1));
    long pages = budget / Math.max(1, plan.bytes(1)); // a span without layers has no pages
    this.plan = plan.abreast(isOfOneKind(plan) ? (int) Math.min(KvExtents.MOST_ABREAST, pages) : 1);
    this.extents = new KvExtents(this.plan.layout(Bank.LASTING), arena, pages);
    this.lone = new KvLonePages(this.plan, budget);
    this.prefixes = new KvPrefixes(this.plan, budget / 2, this::dropped);
    long passing = Math.max(1, this.plan.layout(Bank.PASSING).pageBytes());
    this.passed = new KvPassed((int) Math.min(KvPassed.MOST, budget / 4 / passing));
  }

  private static boolean isOfOneKind(KvPlan plan) {
    return plan.layout(Bank.PASSING).layers() == 0;
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
   * Where the memory of pages of two kinds is.
   *
   * @param used held by caches
   * @param idle kept for sequences that begin alike
   * @param passed not yet published by those whose window has passed them
   * @param free held by nobody
   * @param allocated all of it
   */
  record Accounts(long used, long idle, long passed, long free, long allocated) {}

  /** Where the memory is, if pages are of two kinds. */
  synchronized Accounts accounts() {
    return new Accounts(
        usedBytes,
        idleBytes,
        passed.size() * plan.layout(Bank.PASSING).pageBytes(),
        lone.freeBytes(),
        lone.allocatedBytes());
  }

  /**
   * A page.
   *
   * @param before the page of the same sequence before it, if there is one
   * @throws FolkmootException BUSY if there is none
   */
  synchronized MemorySegment take(Bank bank, Optional<MemorySegment> before) {
    if (usedBytes + plan.layout(bank).pageBytes() > budget) {
      throw full();
    }
    Optional<MemorySegment> page = free(bank, before);
    while (page.isEmpty() && (prefixes.dropOldest() || dropPassed())) {
      page = free(bank, before);
    }
    MemorySegment taken = page.orElseThrow(KvPool::full);
    count(bank, 1);
    return taken;
  }

  private Optional<MemorySegment> free(Bank bank, Optional<MemorySegment> before) {
    return isOfOneKind(plan) ? extents.take(before) : lone.take(bank);
  }

  private void setFree(Bank bank, MemorySegment page) {
    if (isOfOneKind(plan)) {
      extents.giveBack(page);
    } else {
      lone.giveBack(bank, page);
    }
  }

  private void count(Bank bank, int pages) {
    usedBytes += pages * plan.layout(bank).pageBytes();
    usedPages += pages;
    if (usedPages < 0) {
      throw new IllegalStateException("a page was given back twice");
    }
  }

  private static FolkmootException full() {
    return new FolkmootException(
        BUSY, "no room for more context now: wait for another answer to end, or raise --kv-memory");
  }

  // ---- pages for those that begin alike

  /** Gives one more holder the pages that are known for the beginning of some tokens. */
  synchronized KvPrefixes.Beginning adopt(int[] ids) {
    KvPrefixes.Beginning found = prefixes.find(ids);
    for (Bank bank : Bank.values()) {
      for (int i = found.first(bank); plan.isNeeded(bank) && i < found.entries().size(); i++) {
        hold(bank, found.entries().get(i).page(bank));
      }
    }
    return found;
  }

  private void hold(Bank bank, MemorySegment page) {
    if (idle.remove(page.address())) {
      idleBytes -= plan.layout(bank).pageBytes();
      count(bank, 1);
    } else {
      shared.merge(page.address(), 1, Integer::sum);
    }
  }

  /**
   * Keeps pages for sequences that begin with the same tokens, as long as nobody needs the memory.
   *
   * @param lasting pages of the tokens; nobody writes again into those that they fill
   * @param passing likewise, {@link MemorySegment#NULL} for those that the window has passed
   * @param behind those of the latter that can still be had, by their place; afterwards none can
   * @param notes of the tokens' positions, all alike long
   */
  synchronized void publish(
      int[] ids,
      List<MemorySegment> lasting,
      List<MemorySegment> passing,
      Map<Integer, KvPassed.Page> behind,
      byte[] notes) {
    List<MemorySegment> all = new ArrayList<>(passing);
    List<MemorySegment> had = new ArrayList<>();
    behind.forEach((i, page) ->
        passed
            .remove(page)
            .ifPresent(memory -> {
              all.set(i, memory);
              had.add(memory);
              setIdle(Bank.PASSING, memory);
            }));
    prefixes.add(ids, Map.of(Bank.LASTING, lasting, Bank.PASSING, all), notes);
    had.removeIf(prefixes::holds);
    had.forEach(page -> dropped(Bank.PASSING, page)); // others have kept the same
  }

  private void setIdle(Bank bank, MemorySegment page) {
    idle.add(page.address());
    idleBytes += plan.layout(bank).pageBytes();
  }

  /** A page is not kept any more for those that begin alike. */
  private void dropped(Bank bank, MemorySegment page) {
    if (idle.remove(page.address())) {
      idleBytes -= plan.layout(bank).pageBytes();
      setFree(bank, page);
    }
  }

  /**
   * Takes a page back that a window has passed, and that its sequence may still publish.
   *
   * @return how it can, if it has to
   */
  synchronized Optional<KvPassed.Page> pass(MemorySegment page) {
    boolean known = shared.containsKey(page.address()) || prefixes.holds(page);
    if (known || !passed.hasRoom()) {
      giveBack(Bank.PASSING, page);
      return Optional.empty();
    }
    count(Bank.PASSING, -1);
    return Optional.of(passed.add(page));
  }

  /** A page that a window has passed will not be published. */
  synchronized void forget(KvPassed.Page page) {
    passed.remove(page).ifPresent(memory -> setFree(Bank.PASSING, memory));
  }

  private boolean dropPassed() {
    Optional<MemorySegment> latest = passed.removeLatest();
    latest.ifPresent(page -> setFree(Bank.PASSING, page));
    return latest.isPresent();
  }

  /** A page with the same content that may be written to: the same one if nobody else reads it. */
  synchronized MemorySegment own(Bank bank, MemorySegment page) {
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

  synchronized void giveBack(Bank bank, MemorySegment page) {
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
    if (prefixes.holds(page)) {
      setIdle(bank, page);
    } else {
      setFree(bank, page);
    }
  }

  /** Frees all memory; caches of this pool must not be used any more. Closing twice is harmless. */
  @Override
  public synchronized void close() {
    lone.close();
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
