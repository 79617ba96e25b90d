package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LargeMemoryTest {
  @Test
  void piecesAreZeroedAlignedAndApart() {
    SplittableRandom random = new SplittableRandom(1);
    try (Arena arena = Arena.ofShared()) {
      LargeMemory memory = new LargeMemory(arena);
      List<MemorySegment> pieces = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        long bytes = i == 50 ? 40L << 20 : random.nextLong(1, 2 << 20);
        MemorySegment piece = memory.allocate(bytes);
        assertThat(piece.byteSize()).isEqualTo(bytes);
        assertThat(piece.address() % 64).isZero();
        for (long at : new long[] {0, bytes / 2, bytes - 1}) {
          assertThat(piece.get(ValueLayout.JAVA_BYTE, at)).isZero();
        }
        piece.set(ValueLayout.JAVA_BYTE, 0, (byte) i);
        piece.set(ValueLayout.JAVA_BYTE, bytes - 1, (byte) i);
        pieces.add(piece);
      }
      for (int i = 0; i < pieces.size(); i++) {
        MemorySegment piece = pieces.get(i);
        assertThat(piece.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) i);
        assertThat(piece.get(ValueLayout.JAVA_BYTE, piece.byteSize() - 1)).isEqualTo((byte) i);
      }
    }
  }
}
