package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.kernel.KvLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Pages of extents: bounded, each somebody's or free, one sequence's side by side. */
class KvExtentsTest {
  private static final KvLayout LAYOUT = new KvLayout(2, 2, 16, KvLayout.Precision.F16, 8);
  private static final long STEP = LAYOUT.pageBytes() / 8; // 2 layers, 2 heads, keys and values

  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void sequencesThatGrowInTurnLieSideBySide() {
    KvExtents extents = new KvExtents(LAYOUT, arena, 64);
    List<List<MemorySegment>> sequences = List.of(new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < 20; i++) {
      for (List<MemorySegment> pages : sequences) {
        pages.add(extents.take(last(pages)).orElseThrow());
      }
    }
    for (List<MemorySegment> pages : sequences) {
      for (int i = 1; i < pages.size(); i++) {
        boolean follows = pages.get(i).address() - pages.get(i - 1).address() == STEP;
        assertThat(follows).as("page %d", i).isEqualTo(i % LAYOUT.abreast() != 0);
      }
    }
  }

  @Test
  void whatWasGivenBackIsTakenBeforeNewMemory() {
    KvExtents extents = new KvExtents(LAYOUT, arena, 1 << 20);
    MemorySegment first = extents.take(Optional.empty()).orElseThrow();
    for (int i = 0; i < 100; i++) {
      extents.giveBack(first);
      MemorySegment again = extents.take(Optional.empty()).orElseThrow();
      assertThat(again.address()).isEqualTo(first.address());
    }
  }

  @Test
  void pagesAreAsManyAsWereAskedFor() {
    for (int most : new int[] {1, 7, 8, 9, 20}) {
      KvExtents extents = new KvExtents(LAYOUT, arena, most);
      List<MemorySegment> pages = new ArrayList<>();
      for (int i = 0; i < most; i++) {
        pages.add(extents.take(last(pages)).orElseThrow());
      }
      assertThat(extents.take(last(pages))).isEmpty();
      extents.giveBack(pages.removeFirst());
      assertThat(extents.take(last(pages))).isPresent();
    }
  }

  @Test
  void noPageIsGivenOutTwice() {
    KvExtents extents = new KvExtents(LAYOUT, arena, 50);
    SplittableRandom random = new SplittableRandom(1);
    List<MemorySegment> out = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      if (random.nextInt(50) >= out.size()) {
        MemorySegment page = extents.take(last(out)).orElseThrow();
        assertThat(out).noneMatch(other -> other.address() == page.address());
        out.add(page);
      } else {
        extents.giveBack(out.remove(random.nextInt(out.size())));
      }
    }
  }

  @Test
  void writesOfOnePageTouchNoOther() {
    KvExtents extents = new KvExtents(LAYOUT, arena, 8);
    List<MemorySegment> pages = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      pages.add(extents.take(last(pages)).orElseThrow());
    }
    MemorySegment full = arena.allocate(LAYOUT.extentBytes()).fill((byte) 1);
    LAYOUT.copy(LAYOUT.page(full, 0), pages.get(3));
    long ones = 0;
    for (long block = 0; block < 8; block++) {
      for (int page = 0; page < 8; page++) {
        byte written = page == 3 ? (byte) 1 : 0;
        MemorySegment piece = pages.get(page).asSlice(block * 8 * STEP, STEP);
        assertThat(piece.mismatch(MemorySegment.ofArray(filled(written)))).isEqualTo(-1);
        ones += written * STEP;
      }
    }
    assertThat(ones).isEqualTo(LAYOUT.pageBytes());
  }

  @Test
  void mistakesAreNoticed() {
    KvExtents extents = new KvExtents(LAYOUT, arena, 8);
    MemorySegment page = extents.take(Optional.empty()).orElseThrow();
    extents.giveBack(page);
    assertThatIllegalStateException().isThrownBy(() -> extents.giveBack(page));
    KvExtents none = new KvExtents(LAYOUT, arena, 8);
    assertThatIllegalArgumentException().isThrownBy(() -> none.giveBack(page));
  }

  private static Optional<MemorySegment> last(List<MemorySegment> pages) {
    return pages.isEmpty() ? Optional.empty() : Optional.of(pages.getLast());
  }

  private static byte[] filled(byte value) {
    byte[] bytes = new byte[Math.toIntExact(STEP)];
    Arrays.fill(bytes, value);
    return bytes;
  }
}
