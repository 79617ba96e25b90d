package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.ReferenceModel;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every family and each of its switches against a plain float64 model, fed 64 tokens: what the
 * engine gives is what the papers say, within what binary32 and a cache in binary16 may move it.
 */
class FamiliesTest {
  private static final int LENGTH = 64;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void agreesWithTheReference(TinyFamily family) {
    double halves = difference(family.write(folder, TensorType.F32), KvLayout.Precision.F16);
    double floats = difference(family.write(folder, TensorType.F32), KvLayout.Precision.F32);
    System.out.printf(
        "%s: mean |Δ log-probability| %.6f with a cache in F16, %.7f in F32%n",
        family, halves, floats);
    assertThat(halves).isLessThan(0.02);
    assertThat(floats).isLessThan(1e-4);
  }

  /** Of a model's log-probabilities, in the mean, from the reference's. */
  static double difference(Path path, KvLayout.Precision precision) {
    return difference(path, path, precision);
  }

  /** The same from what the reference makes of another file. */
  static double difference(Path path, Path other, KvLayout.Precision precision) {
    try (GgufFile file = GgufFile.open(path);
        GgufFile reference = GgufFile.open(other);
        WorkerPool pool = new WorkerPool(2)) {
      ModelConfig config = ModelConfig.of(file).withPrecision(precision);
      int[] ids = new SplittableRandom(3).ints(LENGTH, 0, config.vocabulary()).toArray();
      double[][] expected = new ReferenceModel(reference).logits(ids);
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
          KvPool kv = model.newKvPool(1 << 26);
          KvCache cache = new KvCache(kv)) {
        float[] logits = model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)));
        double sum = 0;
        for (int t = 0; t < ids.length; t++) {
          sum += difference(expected[t], logits, t * config.vocabulary());
        }
        return sum / ids.length;
      }
    }
  }

  private static double difference(double[] expected, float[] logits, int at) {
    double[] actual = new double[expected.length];
    for (int id = 0; id < actual.length; id++) {
      actual[id] = logits[at + id];
    }
    double ours = logSum(actual);
    double theirs = logSum(expected);
    double sum = 0;
    for (int id = 0; id < actual.length; id++) {
      sum += Math.abs(actual[id] - ours - expected[id] + theirs);
    }
    return sum / actual.length;
  }

  private static double logSum(double[] logits) {
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit);
    }
    return Math.log(sum);
  }
}
