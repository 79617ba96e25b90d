package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that an earlier process has repacked give the same bits, or are not used. */
@Timeout(120)
class KeptWeightsTest {
  private static final int LENGTH = 20;

  @TempDir Path folder;
  private Shelf shelf;

  /** A folder, and what was asked of it. */
  private static final class Shelf implements WeightShelf {
    final Path folder;
    final List<Path> found = new ArrayList<>();
    final List<Path> discarded = new ArrayList<>();
    boolean full;

    Shelf(Path folder) {
      this.folder = folder;
    }

    Path path(String layout) {
      return folder.resolve(layout.replaceAll("[^0-9A-Za-z]+", "-"));
    }

    @Override
    public Optional<Path> find(String layout) {
      Optional<Path> file = Optional.of(path(layout)).filter(Files::exists);
      file.ifPresent(found::add);
      return file;
    }

    @Override
    public Optional<Path> place(String layout, long bytes) {
      return full ? Optional.empty() : Optional.of(path(layout));
    }

    @Override
    public void discard(Path file) {
      discarded.add(file);
      try {
        Files.deleteIfExists(file);
      } catch (IOException impossible) {
        throw new IllegalStateException(impossible);
      }
    }
  }

  @BeforeEach
  void newShelf() throws IOException {
    shelf = new Shelf(Files.createDirectories(folder.resolve("kept")));
  }

  private static float[] logits(Path path, WeightShelf shelf) {
    try (GgufFile file = GgufFile.open(path);
        WorkerPool pool = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel model =
              SpanModel.load(file, config, Span.whole(config), pool, shelf, _ -> {});
          KvPool kv = model.newKvPool(1 << 24);
          KvCache cache = new KvCache(kv)) {
        int[] ids = new SplittableRandom(5).ints(LENGTH, 0, config.vocabulary()).toArray();
        return model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)));
      }
    }
  }

  private List<Path> kept() throws IOException {
    try (Stream<Path> all = Files.list(shelf.folder)) {
      return all.toList();
    }
  }

  @ParameterizedTest
  @EnumSource
  void theSameBitsOfEveryFamily(TinyFamily family) throws IOException {
    Path path = family.write(folder, TensorType.Q8_0);
    float[] expected = logits(path, WeightShelf.NONE);
    assertThat(logits(path, shelf)).isEqualTo(expected);
    assertThat(shelf.found).isEmpty();
    assertThat(kept()).hasSize(1);
    assertThat(logits(path, shelf)).isEqualTo(expected);
    assertThat(shelf.found).hasSize(1);
    assertThat(shelf.discarded).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void theSameBitsOfEveryFormat(TensorType type) {
    Path path = TinyModels.write(folder, TinyModel.of(type));
    float[] expected = logits(path, shelf);
    assertThat(logits(path, shelf)).isEqualTo(expected);
    assertThat(shelf.found).hasSize(1);
    assertThat(shelf.discarded).isEmpty();
  }

  @Test
  void onlyTheOwnerReadsIt() throws IOException {
    Path path = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    logits(path, shelf);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept().getFirst())))
        .isEqualTo("rw-------");
  }

  @Test
  void aChangedByteAnywhereIsFound() throws IOException {
    Path path = TinyModels.write(folder, TinyModel.of(TensorType.Q4_K));
    float[] expected = logits(path, shelf);
    Path file = kept().getFirst();
    byte[] whole = Files.readAllBytes(file);
    SplittableRandom random = new SplittableRandom(1);
    for (int trial = 0; trial < 60; trial++) {
      // The first and last ones are special: the table of sums, its length and its hash.
      int at = trial < 48 ? whole.length - 1 - trial : random.nextInt(whole.length);
      byte[] altered = whole.clone();
      altered[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, altered);
      assertThat(logits(path, shelf)).as("byte %d", at).isEqualTo(expected);
      assertThat(shelf.discarded).as("byte %d", at).hasSize(trial + 1);
    }
  }

  @Test
  void aTornFileIsFound() throws IOException {
    Path path = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    float[] expected = logits(path, shelf);
    Path file = kept().getFirst();
    long length = Files.size(file);
    int trials = 0;
    for (long left : new long[] {0, 1, 39, 40, length / 2, length - 1}) {
      try (RandomAccessFile torn = new RandomAccessFile(file.toFile(), "rw")) {
        torn.setLength(left);
      }
      assertThat(logits(path, shelf)).as("%d bytes", left).isEqualTo(expected);
      assertThat(shelf.discarded).as("%d bytes", left).hasSize(++trials);
      assertThat(file).hasSize(length);
    }
  }

  @Test
  void anotherModelsWeightsAreFound() throws IOException {
    Path one = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    Path other = TinyModels.write(folder, TinyModel.of(TensorType.Q5_0));
    logits(one, shelf);
    Path file = kept().getFirst();
    byte[] weights = Files.readAllBytes(file);
    float[] expected = logits(other, WeightShelf.NONE);
    assertThat(logits(other, shelf)).isEqualTo(expected);
    for (Path each : kept()) {
      Files.write(each, weights);
    }
    assertThat(logits(other, shelf)).isEqualTo(expected);
    assertThat(shelf.discarded).hasSize(1);
  }

  @Test
  void noRoomOrNoFolderIsNoError() throws IOException {
    Path path = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    float[] expected = logits(path, WeightShelf.NONE);
    shelf.full = true;
    assertThat(logits(path, shelf)).isEqualTo(expected);
    assertThat(kept()).isEmpty();
    shelf.full = false;
    Files.delete(shelf.folder);
    assertThat(logits(path, shelf)).isEqualTo(expected);
  }
}
