package org.folkmoot.engine.model;

import static org.folkmoot.kernel.KvLayout.POSITIONS;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Whole pages of keys and values that sequences have computed, by the tokens that led to them, so
 * that a sequence which begins alike need not compute them again (Kwon et al. 2023, "vLLM", arXiv
 * 2309.06180). Tokens are compared, not their hashes: an answer must not depend on luck. Guarded by
 * the pool that owns it.
 */
final class KvPrefixes {
  /**
   * A page.
   *
   * @param before the page before it, by its {@link Entry#number}; 0 for none
   * @param ids of its positions
   */
  private record Key(long before, List<Integer> ids) {}

  /**
   * A page that is kept.
   *
   * @param number not that of any other, ever
   * @param page never written again
   * @param note what whoever computed it wants to know of its positions
   */
  record Entry(long number, MemorySegment page, byte[] note) {}

  /** The first is the one that was not used for longest. */
  private final LinkedHashMap<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);

  private final Map<Long, Key> byAddress = new HashMap<>();
  private final int most;
  private long numbers;

  /**
   * None yet.
   *
   * @param most how many pages may be kept
   */
  KvPrefixes(int most) {
    this.most = most;
  }

  /** The pages that are known for the beginning of some tokens. */
  List<Entry> find(int[] ids) {
    List<Key> keys = new ArrayList<>();
    List<Entry> found = new ArrayList<>();
    long before = 0;
    for (int from = 0; from + POSITIONS <= ids.length; from += POSITIONS) {
      Key key = key(before, ids, from);
      Entry entry = entries.get(key);
      if (entry == null) {
        break;
      }
      keys.add(key);
      found.add(entry);
      before = entry.number;
    }
    keys.reversed().forEach(entries::get); // pages further on are to go first
    return found;
  }

  /**
   * Notes the pages of some tokens, those that are not known yet.
   *
   * @param pages whole ones, as many as the tokens fill
   * @param notes of the positions, all alike long
   */
  void add(int[] ids, List<MemorySegment> pages, byte[] notes) {
    int each = notes.length / ids.length * POSITIONS;
    long before = 0;
    for (int i = 0; i < Math.min(ids.length / POSITIONS, most); i++) {
      Key key = key(before, ids, i * POSITIONS);
      Entry entry = entries.get(key);
      if (entry == null) {
        if (holds(pages.get(i))) {
          forget(pages.get(i)); // a page before it was dropped, so nobody finds it any more
        }
        byte[] note = Arrays.copyOfRange(notes, i * each, (i + 1) * each);
        entry = new Entry(++numbers, pages.get(i), note);
        entries.put(key, entry);
        byAddress.put(entry.page.address(), key);
      }
      before = entry.number;
    }
  }

  private static Key key(long before, int[] ids, int from) {
    return new Key(before, Arrays.stream(ids, from, from + POSITIONS).boxed().toList());
  }

  /** Whether a page is kept. */
  boolean holds(MemorySegment page) {
    return byAddress.containsKey(page.address());
  }

  /** Whether there are more than may be. */
  boolean tooMany() {
    return entries.size() > most;
  }

  /** Forgets the page that was not used for longest, and gives it. */
  Optional<MemorySegment> dropOldest() {
    Map.Entry<Key, Entry> oldest = entries.pollFirstEntry();
    if (oldest == null) {
      return Optional.empty();
    }
    byAddress.remove(oldest.getValue().page.address());
    return Optional.of(oldest.getValue().page);
  }

  /** Forgets a page that is kept. */
  void forget(MemorySegment page) {
    entries.remove(Objects.requireNonNull(byAddress.remove(page.address())));
  }
}
