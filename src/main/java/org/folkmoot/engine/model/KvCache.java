package org.folkmoot.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.kernel.KvLayout;

/**
 * Keys and values of one sequence for the layers of a span. Not safe for several threads: it
 * belongs to one pass at a time.
 */
public final class KvCache implements AutoCloseable {
  private final KvPool pool;
  private final Map<KvPlan.Bank, Pages> banks = new EnumMap<>(KvPlan.Bank.class);
  private int length;
  private boolean closed;

  /** Whether what is stored may be published. */
  private boolean sharing;

  /** Pages of one kind from position 0 on; those that are gone are {@link MemorySegment#NULL}. */
  private final class Pages {
    final KvPlan.Bank bank;
    final List<MemorySegment> list = new ArrayList<>();
    int gone;

    /** Those that are gone and can still be published, by their place. */
    final TreeMap<Integer, KvPassed.Page> behind = new TreeMap<>();

    Pages(KvPlan.Bank bank) {
      this.bank = bank;
    }

    void grow(int wanted) {
      while (pool.plan().isNeeded(bank) && list.size() < wanted) {
        Optional<MemorySegment> before =
            list.size() > gone ? Optional.of(list.getLast()) : Optional.empty();
        list.add(pool.take(bank, before));
      }
    }

    void shrink(int keep) {
      while (list.size() > keep) {
        MemorySegment page = list.removeLast();
        if (list.size() >= gone) {
          pool.giveBack(bank, page);
        }
      }
      gone = Math.min(gone, keep);
      SortedMap<Integer, KvPassed.Page> forgotten = behind.tailMap(keep);
      forgotten.values().forEach(pool::forget);
      forgotten.clear();
    }

    /** Begins with pages that others have computed; the pool has counted this holder, too. */
    void begin(KvPrefixes.Beginning found) {
      int pages = pool.plan().isNeeded(bank) ? found.entries().size() : 0;
      gone = Math.min(found.first(bank), pages);
      for (int i = 0; i < pages; i++) {
        MemorySegment page = i < gone ? MemorySegment.NULL : found.entries().get(i).page(bank);
        if (i >= gone && page.equals(MemorySegment.NULL)) {
          throw new IllegalStateException("a beginning lacks a page"); // kernels check no address
        }
        list.add(page);
      }
    }

    /** The last page will be written to: it must not be one that others read. */
    void ownLast() {
      if (!list.isEmpty() && list.size() > gone) {
        list.add(pool.own(bank, list.removeLast()));
      }
    }

    void pass(int firstKept) {
      for (; gone < firstKept / KvLayout.POSITIONS && gone < list.size(); gone++) {
        MemorySegment page = list.set(gone, MemorySegment.NULL);
        if (sharing) {
          int place = gone;
          pool.pass(page).ifPresent(passed -> behind.put(place, passed));
        } else {
          pool.giveBack(bank, page);
        }
      }
    }
  }

  /** An empty cache. */
  public KvCache(KvPool pool) {
    this.pool = pool;
    for (KvPlan.Bank bank : KvPlan.Bank.values()) {
      banks.put(bank, new Pages(bank));
    }
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
    int before = pages(length);
    try {
      banks.values().forEach(pages -> pages.grow(pages(positions)));
    } catch (RuntimeException full) {
      banks.values().forEach(pages -> pages.shrink(before));
      throw full;
    }
  }

  private static int pages(int positions) {
    return (positions + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS;
  }

  /**
   * The most positions up to some number that the cache can be truncated to: that number, or 0 if
   * what the next position would see in a sliding window is gone.
   */
  public int reachable(int positions) {
    for (Pages pages : banks.values()) {
      if (pool.plan().firstNeeded(pages.bank, positions) < pages.gone * KvLayout.POSITIONS) {
        return 0;
      }
    }
    return Math.min(positions, length);
  }

  /**
   * Forgets positions from the end, as speculation does with a rejected draft.
   *
   * @param positions how many remain; {@link #reachable}
   */
  public void truncate(int positions) {
    requireOpen();
    if (positions < 0 || positions > length || reachable(positions) != positions) {
      throw new IllegalArgumentException(
          "cannot truncate " + length + " positions to " + positions);
    }
    length = positions;
    banks.values().forEach(pages -> pages.shrink(pages(positions)));
    if (positions % KvLayout.POSITIONS != 0) {
      banks.values().forEach(Pages::ownLast);
    }
  }

  /**
   * Begins with what other sequences have stored for the same tokens; others may begin with what is
   * stored here when it is published. Only for an empty cache.
   *
   * @return what was noted of the positions that are now stored; a multiple of a page's
   */
  List<byte[]> adopt(int[] ids) {
    requireOpen();
    if (length > 0) {
      throw new IllegalStateException("only an empty KV cache can begin with another's");
    }
    sharing = true;
    KvPrefixes.Beginning found = pool.adopt(ids);
    banks.values().forEach(pages -> pages.begin(found));
    length = found.entries().size() * KvLayout.POSITIONS;
    return found.entries().stream().map(KvPrefixes.Entry::note).toList();
  }

  /**
   * Lets other sequences that begin with the same tokens begin with what is stored here.
   *
   * @param ids of the first positions; of those that fill no page nothing is shared
   * @param notes of each of them, all alike long
   */
  void publish(int[] ids, byte[] notes) {
    requireOpen();
    if (ids.length > length) {
      throw new IllegalArgumentException(ids.length + " tokens, but " + length + " are stored");
    }
    if (ids.length >= KvLayout.POSITIONS) {
      Pages passing = of(KvPlan.Bank.PASSING);
      pool.publish(ids, pages(KvPlan.Bank.LASTING), passing.list, passing.behind, notes);
      passing.behind.clear();
    }
  }

  KvPool pool() {
    return pool;
  }

  /** The pages of one kind, by position. */
  List<MemorySegment> pages(KvPlan.Bank bank) {
    requireOpen();
    return of(bank).list;
  }

  /** The page of one kind that holds a position. */
  MemorySegment page(KvPlan.Bank bank, int position) {
    return of(bank).list.get(position / KvLayout.POSITIONS);
  }

  private Pages of(KvPlan.Bank bank) {
    return Objects.requireNonNull(banks.get(bank));
  }

  /** Counts positions that were stored, and gives back what no later one will see. */
  void advance(int positions) {
    length += positions;
    banks.values().forEach(pages -> pages.pass(pool.plan().firstKept(pages.bank, length)));
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
      banks.values().forEach(pages -> pages.shrink(0));
      closed = true;
    }
  }
}
