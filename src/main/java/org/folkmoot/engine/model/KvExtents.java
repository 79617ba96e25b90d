package org.folkmoot.engine.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.NativeMemory;

/**
 * A bounded number of pages in extents: a sequence gets pages that follow each other as far as
 * there are such, because attention reads long pieces of memory faster than short ones. Guarded by
 * the pool that owns it.
 */
final class KvExtents {
  /** Pages of an extent at most: a piece is then 128 KiB for heads of 64 dimensions. */
  static final int MOST_ABREAST = 16;

  private record Extent(MemorySegment memory, BitSet free) {}

  private record Slot(Extent extent, int number) {}

  /** Free pages side by side. */
  private record Run(Extent extent, int from, int length) {
    /** Where another sequence begins: it leaves half of the run to the one before it. */
    int start() {
      return from == 0 ? 0 : from + length / 2;
    }
  }

  private final KvLayout layout;
  private final Arena arena;
  private final TreeMap<Long, Extent> extents = new TreeMap<>();
  private long untouched;

  /**
   * No page is out yet.
   *
   * @param pages how many there are
   */
  KvExtents(KvLayout layout, Arena arena, long pages) {
    this.layout = layout;
    this.arena = arena;
    this.untouched = pages;
  }

  /**
   * Takes a free page, if there is one.
   *
   * @param before the one that should lie before it
   */
  Optional<MemorySegment> take(Optional<MemorySegment> before) {
    Optional<MemorySegment> next = before.flatMap(this::behind);
    return next.isPresent() ? next : elsewhere();
  }

  private Optional<MemorySegment> behind(MemorySegment before) {
    Slot slot = slot(before);
    int next = slot.number + 1;
    return slot.extent.free.get(next) ? Optional.of(take(slot.extent, next)) : Optional.empty();
  }

  private Optional<MemorySegment> elsewhere() {
    Run longest = null;
    for (Extent extent : extents.values()) {
      BitSet free = extent.free;
      for (int from = free.nextSetBit(0); from >= 0; ) {
        int end = free.nextClearBit(from);
        if (longest == null || end - from > longest.length) {
          longest = new Run(extent, from, end - from);
        }
        from = free.nextSetBit(end);
      }
    }
    if (untouched > 0 && (longest == null || longest.length < layout.abreast())) {
      return Optional.of(take(grow(), 0));
    }
    return Optional.ofNullable(longest).map(run -> take(run.extent, run.start()));
  }

  private Extent grow() {
    Extent extent =
        new Extent(NativeMemory.sparse(arena, layout.extentBytes()), new BitSet(layout.abreast()));
    int pages = (int) Math.min(layout.abreast(), untouched);
    extent.free.set(0, pages);
    untouched -= pages;
    extents.put(extent.memory.address(), extent);
    return extent;
  }

  private MemorySegment take(Extent extent, int number) {
    extent.free.clear(number);
    return layout.page(extent.memory, number);
  }

  /**
   * Takes a page back.
   *
   * @throws IllegalStateException if it is free already
   */
  void giveBack(MemorySegment page) {
    Slot slot = slot(page);
    if (slot.extent.free.get(slot.number)) {
      throw new IllegalStateException("a page was given back twice");
    }
    slot.extent.free.set(slot.number);
  }

  private Slot slot(MemorySegment page) {
    Map.Entry<Long, Extent> found = extents.floorEntry(page.address());
    if (found == null) {
      throw new IllegalArgumentException("not a page of this pool");
    }
    return new Slot(found.getValue(), layout.number(found.getValue().memory, page));
  }
}
