package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hidden states that are no numbers, as a damaged or hostile peer may send them. */
class NotFiniteTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"F32", "Q4_1"})
  void areRefusedAndLeaveNoTrace(TensorType type) {
    Path path = TinyModels.write(folder, TinyModel.of(type));
    try (GgufFile file = GgufFile.open(path);
        WorkerPool workers = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      for (Span span : List.of(Span.layers(0, 1), new Span(false, 2, 2, true))) {
        try (SpanModel model = SpanModel.load(file, config, span, workers, _ -> {});
            KvPool pool = model.newKvPool(1 << 24);
            KvCache cache = new KvCache(pool)) {
          float[] good = new float[2 * config.dim()];
          good[3] = 1;
          float[] expected = forward(model, cache, good);
          cache.truncate(0);
          for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, Float.MAX_VALUE}) {
            float[] hidden = good.clone();
            hidden[config.dim() + 5] = bad;
            assertThatExceptionOfType(FolkmootException.class)
                .isThrownBy(() -> forward(model, cache, hidden))
                .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.ARITHMETIC));
            assertThat(cache.length()).isZero();
          }
          assertThat(forward(model, cache, good)).isEqualTo(expected);
        }
      }
    }
  }

  private static float[] forward(SpanModel model, KvCache cache, float[] hidden) {
    return model.forward(List.of(Step.ofHidden(cache, 2, hidden, Step.Wanted.ALL)));
  }
}
