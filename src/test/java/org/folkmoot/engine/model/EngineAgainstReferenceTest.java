package org.folkmoot.engine.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.Agreement;
import org.folkmoot.testing.Golden;
import org.folkmoot.testing.GoldenFiles;
import org.folkmoot.testing.LogitsFunction;
import org.folkmoot.testing.ReferenceModel;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The engine on real models against the goldens of an independent engine and a float64 reference.
 */
class EngineAgainstReferenceTest {
  private static final int PROMPT = 24;
  private static final int GENERATED = 40;

  @TempDir Path folder;

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

  /**
   * Every format as the others are measured: weights as the reference reads them, led along what it
   * chooses itself.
   */
  @ParameterizedTest
  @EnumSource
  void everyFormat(TensorType type) throws IOException {
    // Named as goldens' files are: whether weights are floats is told by it.
    Path model =
        Files.move(
            TinyModels.write(folder, TinyModel.of(type)), folder.resolve("tiny-" + type + ".gguf"));
    compare(ownGolden(model));
  }

  /** As in Q3_K_M. */
  @Test
  void mixedFormats() {
    TensorType type = TensorType.Q3_K;
    TinyModel model =
        TinyModel.of(type)
            .withFormats(
                new TinyModel.Formats(
                    type, TensorType.Q5_K, TensorType.Q4_K, type, TensorType.Q6_K))
            .withParts(new TinyModel.Parts(false, false, false));
    compare(ownGolden(TinyModels.write(folder, model)));
  }

  /** A prompt at random, and what the reference makes of it. */
  private static Golden ownGolden(Path model) {
    int[] prompt = new SplittableRandom(5).ints(PROMPT, 0, 512).toArray();
    try (GgufFile file = GgufFile.open(model)) {
      int[] generated = new ReferenceModel(file).greedy(prompt, GENERATED);
      String name = model.getFileName().toString();
      return new Golden(name, model, "", prompt, generated, "", new double[0]);
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
