package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A layer with a sliding window keeps what it sees and little more, and no bit shows it. */
class WindowCacheTest {
  private static final int LENGTH = 700;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA2", "GPT_OSS"})
  void keepsItsWindow(TinyFamily family) {
    try (GgufFile file = GgufFile.open(family.write(folder, TensorType.Q8_0));
        WorkerPool workers = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      int[] ids = new SplittableRandom(11).ints(LENGTH, 0, config.vocabulary()).toArray();
      OracleModel oracle = new OracleModel(file, config);
      float[] expected = {};
      for (int id : ids) {
        expected = oracle.next(id).getLast();
      }
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), workers, _ -> {})) {
        for (int chunk : new int[] {256, 100, 7}) {
          assertThat(lastOf(model, ids, chunk)).as("chunks of %d", chunk).isEqualTo(expected);
        }
      }
    }
  }

  private static float[] lastOf(SpanModel model, int[] ids, int chunk) {
    long most = new KvPlan(model.config(), model.span()).bytes(ids.length);
    long pages = (ids.length + 63L) / 64;
    long everything = pages * model.config().kvLayout(model.span().layerCount()).pageBytes();
    assertThat(most).isLessThan(everything);
    try (KvPool pool = model.newKvPool(most);
        KvCache cache = new KvCache(pool)) {
      float[] logits = {};
      for (int from = 0; from < ids.length; from += chunk) {
        int to = Math.min(ids.length, from + chunk);
        int[] some = Arrays.copyOfRange(ids, from, to);
        logits = model.forward(List.of(Step.ofIds(cache, some, Step.Wanted.LAST)));
      }
      // Some of the latest can be taken back, but not what the window has passed.
      assertThat(cache.reachable(ids.length - 100)).isEqualTo(ids.length - 100);
      assertThat(cache.reachable(100)).isZero();
      cache.truncate(ids.length - 100);
      int[] again = Arrays.copyOfRange(ids, ids.length - 100, ids.length);
      assertThat(model.forward(List.of(Step.ofIds(cache, again, Step.Wanted.LAST))))
          .isEqualTo(logits);
      cache.truncate(cache.reachable(100));
      assertThat(pool.usedBytes()).isZero();
      return logits;
    }
  }
}
