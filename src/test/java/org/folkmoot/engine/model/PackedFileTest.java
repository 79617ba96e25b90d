package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.folkmoot.kernel.WorkerPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of several blocks, which are large enough to be shared in large pages. */
class PackedFileTest {
  private static final String IDENTITY = "layers 0–2, Q8_0";

  @TempDir Path folder;
  private final WorkerPool pool = new WorkerPool(2);
  private final Arena arena = Arena.ofShared();
  private Path file;
  private List<MemorySegment> pieces;

  @BeforeEach
  void write() throws IOException {
    Random random = new Random(3);
    pieces =
        Arrays.stream(new int[] {(5 << 20) + 3, 100, 64, 4 << 20, 1})
            .mapToObj(length -> {
              byte[] bytes = new byte[length];
              random.nextBytes(bytes);
              return arena.allocate(length).copyFrom(MemorySegment.ofArray(bytes));
            })
            .toList();
    file = folder.resolve("w.packed");
    assertThat(PackedFile.write(file, IDENTITY, pieces, () -> false)).isTrue();
  }

  @AfterEach
  void end() {
    pool.close();
    arena.close();
  }

  @Test
  void givesBackWhatWasWritten() throws IOException {
    assertThat(file).hasSize(PackedFile.bytes(pieces));
    WeightMemory.Kept kept = PackedFile.open(file, IDENTITY, arena, pool);
    for (MemorySegment piece : pieces) {
      assertThat(kept.next(piece.byteSize()).mismatch(piece)).isEqualTo(-1);
    }
    kept.requireEnd();
  }

  @Test
  void isRefusedAsSomethingElse() {
    assertThatIOException().isThrownBy(() -> PackedFile.open(file, "layers 0–3", arena, pool));
  }

  @Test
  void aFlippedBitInAnyBlockIsFound() throws IOException {
    byte[] whole = Files.readAllBytes(file);
    for (int at = 1 << 20; at < whole.length; at += 1 << 20) {
      byte[] altered = whole.clone();
      altered[at] ^= 4;
      Files.write(file, altered);
      assertThatIOException()
          .as("byte %d", at)
          .isThrownBy(() -> PackedFile.open(file, IDENTITY, arena, pool));
    }
  }

  @Test
  void whatIsStoppedLeavesNothing() throws IOException {
    Path other = folder.resolve("other");
    assertThat(PackedFile.write(other, IDENTITY, pieces, () -> true)).isFalse();
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(file);
    }
  }
}
