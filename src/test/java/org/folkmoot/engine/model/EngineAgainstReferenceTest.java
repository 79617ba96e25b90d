package org.folkmoot.engine.model;

import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.Agreement;
import org.folkmoot.testing.Golden;
import org.folkmoot.testing.GoldenFiles;
import org.folkmoot.testing.LogitsFunction;
import org.folkmoot.testing.ReferenceModel;
import org.junit.jupiter.api.Test;

/**
 * The engine on real models against the goldens of an independent engine and a float64 reference.
 */
class EngineAgainstReferenceTest {
  @Test
  void smallModels() {
    for (Golden golden : GoldenFiles.small()) {
      compare(golden);
    }
  }

  @Test
  void smolLm2() {
    for (Golden golden : GoldenFiles.smolLm2()) {
      compare(golden);
    }
  }

  private static void compare(Golden golden) {
    try (GgufFile file = GgufFile.open(golden.model());
        WorkerPool pool = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
          KvPool kv = model.newKvPool(1 << 28)) {
        LogitsFunction engine = LogitsFunction.ofFloats(ids -> logits(model, kv, ids));
        System.out.println(Agreement.demand(golden, engine, new ReferenceModel(file)));
      }
    }
  }

  private static float[][] logits(SpanModel model, KvPool kv, int[] ids) {
    try (KvCache cache = new KvCache(kv)) {
      float[] all = model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)));
      float[][] rows = new float[ids.length][model.outputLength()];
      for (int i = 0; i < rows.length; i++) {
        System.arraycopy(all, i * rows[i].length, rows[i], 0, rows[i].length);
      }
      return rows;
    }
  }
}
