package org.folkmoot.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashSet;
import java.util.Optional;

/**
 * Pages that a window has passed in sequences under way, and which those may still publish: nobody
 * holds them, and whoever needs their memory takes it. Those of a sequence's beginning remain
 * longest, for that is what others have in common with it. Guarded by the pool that owns it.
 */
final class KvPassed {
  /** Pages at most, whatever the memory. */
  static final int MOST = 1 << 12;

  /** A page, as the sequence knows it whose it was. Its address may be another page's by now. */
  static final class Page {
    private final MemorySegment memory;

    private Page(MemorySegment memory) {
      this.memory = memory;
    }
  }

  private final LinkedHashSet<Page> pages = new LinkedHashSet<>();
  private final int most;

  /**
   * None yet.
   *
   * @param most how many there may be
   */
  KvPassed(int most) {
    this.most = most;
  }

  /** Whether there is room for another. */
  boolean hasRoom() {
    return pages.size() < most;
  }

  /** Adds a page that nobody holds any more. */
  Page add(MemorySegment memory) {
    Page page = new Page(memory);
    pages.add(page);
    return page;
  }

  /** How many there are. */
  int size() {
    return pages.size();
  }

  /** Forgets a page, and gives its memory unless that was taken meanwhile. */
  Optional<MemorySegment> remove(Page page) {
    return pages.remove(page) ? Optional.of(page.memory) : Optional.empty();
  }

  /** Forgets the latest page, and gives its memory. */
  Optional<MemorySegment> removeLatest() {
    return pages.isEmpty() ? Optional.empty() : Optional.of(pages.removeLast().memory);
  }
}
