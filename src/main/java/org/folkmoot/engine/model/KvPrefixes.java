package org.folkmoot.engine.model;

import static org.folkmoot.kernel.KvLayout.POSITIONS;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.folkmoot.engine.model.KvPlan.Bank;

/**
 * Whole pages of keys and values that sequences have computed, by the tokens that led to them, so
 * that a sequence which begins alike need not compute them again (Kwon et al. 2023, "vLLM", arXiv
 * 2309.06180). Tokens are compared, not their hashes: an answer must not depend on luck. Of layers
 * with a window a beginning needs those pages only that the next position sees. Guarded by the pool
 * that owns it.
 */
final class KvPrefixes {
  /** Pages' positions that are known at most. A note and tokens are 4 KiB. */
  private static final int MOST_ENTRIES = 1 << 12;

  /**
   * The positions of a page.
   *
   * @param before those before them, by their {@link Entry#number}; 0 for none
   * @param ids their tokens
   */
  private record Key(long before, List<Integer> ids) {}

  /** What is kept of the positions of a page. */
  static final class Entry {
    private final Key key;
    private final long number; // not that of any other, ever
    private final byte[] note;
    private final Map<Bank, MemorySegment> pages = new EnumMap<>(Bank.class);

    private Entry(Key key, long number, byte[] note) {
      this.key = key;
      this.number = number;
      this.note = note;
    }

    /** What whoever computed it wants to know of its positions. */
    byte[] note() {
      return note;
    }

    /** Never written again; {@link MemorySegment#NULL} if it is not kept. */
    MemorySegment page(Bank bank) {
      return pages.getOrDefault(bank, MemorySegment.NULL);
    }
  }

  /**
   * What is known for the beginning of some tokens.
   *
   * @param entries from position 0 on
   * @param firstPassing the first of them whose page of layers with a window is there, as all that
   *     follow are
   */
  record Beginning(List<Entry> entries, int firstPassing) {
    /** The first of them whose page of some kind is there. */
    int first(Bank bank) {
      return bank == Bank.LASTING ? 0 : firstPassing;
    }
  }

  private record Held(Entry entry, Bank bank) {}

  private final KvPlan plan;
  private final long mostBytes;
  private final BiConsumer<Bank, MemorySegment> dropped;

  /** The first is the one that was not used for longest. */
  private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  /** All pages by address, in the same order. */
  private final LinkedHashMap<Long, Held> pages = new LinkedHashMap<>(16, 0.75f, true);

  private long bytes;
  private long numbers;

  /**
   * None yet.
   *
   * @param mostBytes of pages that may be kept
   * @param dropped told of pages that are not kept any more
   */
  KvPrefixes(KvPlan plan, long mostBytes, BiConsumer<Bank, MemorySegment> dropped) {
    this.plan = plan;
    this.mostBytes = mostBytes;
    this.dropped = dropped;
  }

  /** The longest beginning of some tokens of which all is known that the next one needs. */
  Beginning find(int[] ids) {
    List<Entry> known = new ArrayList<>();
    long before = 0;
    for (int from = 0; from + POSITIONS <= ids.length; from += POSITIONS) {
      Entry entry = entries.get(key(before, ids, from));
      if (entry == null) {
        break;
      }
      known.add(entry);
      before = entry.number;
    }
    List<Entry> found = known.subList(0, whole(known));
    int first = firstPassing(found);
    touch(found, first);
    return new Beginning(List.copyOf(found), first);
  }

  /** How many entries there can be before one that needs all its window's pages. */
  private int whole(List<Entry> known) {
    int length = known.size();
    if (!plan.isNeeded(Bank.PASSING)) {
      return length;
    }
    for (int i = length - 1; i >= firstNeeded(length); i--) {
      if (!known.get(i).pages.containsKey(Bank.PASSING)) {
        length = i; // no later beginning does without this page either
      }
    }
    return length;
  }

  /** As far back as a sequence that computed all would have kept pages, if they are there. */
  private int firstPassing(List<Entry> found) {
    int first = firstNeeded(found.size());
    int kept = plan.firstKept(Bank.PASSING, found.size() * POSITIONS) / POSITIONS;
    while (first > kept && found.get(first - 1).pages.containsKey(Bank.PASSING)) {
      first--;
    }
    return first;
  }

  private int firstNeeded(int entries) {
    return plan.firstNeeded(Bank.PASSING, entries * POSITIONS) / POSITIONS;
  }

  /** They were used: those further on are to go first, and what a window has passed is not used. */
  private void touch(List<Entry> used, int firstPassing) {
    for (int i = used.size() - 1; i >= 0; i--) {
      Entry entry = used.get(i);
      entries.get(entry.key);
      pages.get(entry.page(Bank.LASTING).address());
      if (i >= firstPassing) {
        pages.get(entry.page(Bank.PASSING).address());
      }
    }
  }

  /**
   * Notes the pages of some tokens, those that are not known yet.
   *
   * @param added whole ones of each kind, as many as the tokens fill; {@link MemorySegment#NULL}
   *     for those that a window has passed and nobody has kept
   * @param notes of the positions, all alike long
   */
  void add(int[] ids, Map<Bank, List<MemorySegment>> added, byte[] notes) {
    int each = notes.length / ids.length * POSITIONS;
    List<Entry> known = new ArrayList<>();
    long before = 0;
    for (int i = 0; i < Math.min(ids.length / POSITIONS, MOST_ENTRIES); i++) {
      Key key = key(before, ids, i * POSITIONS);
      Entry entry = entries.get(key);
      if (entry == null) {
        entry = new Entry(key, ++numbers, Arrays.copyOfRange(notes, i * each, (i + 1) * each));
        entries.put(key, entry);
      }
      for (Map.Entry<Bank, List<MemorySegment>> kind : added.entrySet()) {
        if (plan.isNeeded(kind.getKey())) {
          keep(entry, kind.getKey(), kind.getValue().get(i));
        }
      }
      known.add(entry);
      before = entry.number;
    }
    // What the window has passed goes before what the next turn needs.
    int passed = firstNeeded(known.size());
    touch(known.subList(0, passed), 0);
    touch(known, passed);
    while (bytes > mostBytes) {
      dropOldest();
    }
    while (entries.size() > MOST_ENTRIES) {
      drop(Objects.requireNonNull(entries.firstEntry()).getValue());
    }
  }

  private void keep(Entry entry, Bank bank, MemorySegment page) {
    if (page.equals(MemorySegment.NULL) || entry.pages.containsKey(bank)) {
      return;
    }
    if (holds(page)) {
      forget(page); // something before it was dropped, so nobody finds it any more
    }
    entry.pages.put(bank, page);
    pages.put(page.address(), new Held(entry, bank));
    bytes += plan.layout(bank).pageBytes();
  }

  private static Key key(long before, int[] ids, int from) {
    return new Key(before, Arrays.stream(ids, from, from + POSITIONS).boxed().toList());
  }

  /** Whether a page is kept. */
  boolean holds(MemorySegment page) {
    return pages.containsKey(page.address());
  }

  /** Forgets the page that was not used for longest; false if there is none. */
  boolean dropOldest() {
    Map.Entry<Long, Held> oldest = pages.firstEntry();
    if (oldest == null) {
      return false;
    }
    drop(oldest.getValue());
    return true;
  }

  /** Forgets a page that is kept. */
  void forget(MemorySegment page) {
    drop(Objects.requireNonNull(pages.get(page.address())));
  }

  private void drop(Held held) {
    switch (held.bank) {
      case LASTING -> drop(held.entry); // every sequence that begins alike needs it
      case PASSING -> dropPage(held.entry, held.bank);
    }
  }

  private void drop(Entry entry) {
    entries.remove(entry.key);
    for (Bank bank : List.copyOf(entry.pages.keySet())) {
      dropPage(entry, bank);
    }
  }

  private void dropPage(Entry entry, Bank bank) {
    MemorySegment page = Objects.requireNonNull(entry.pages.remove(bank));
    pages.remove(page.address());
    bytes -= plan.layout(bank).pageBytes();
    dropped.accept(bank, page);
  }
}
