package org.folkmoot.testing;

import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;

/**
 * Random weights for a file that is being written: those of a tensor depend on its name and the
 * seed only.
 */
record TinyWeights(GgufWriter writer, long seed) {
  void matrix(String name, TensorType type, int columns, int rows) {
    matrix(name, type, columns, rows, 1 / Math.sqrt(columns));
  }

  void matrix(String name, TensorType type, int columns, int rows, double deviation) {
    writer.tensor(
        name,
        type,
        new long[] {columns, rows},
        out -> {
          SplittableRandom random = random(name);
          for (int row = 0; row < rows; row++) {
            out.write(ReferenceQuantiser.quantise(type, row(random, columns, 0, deviation)));
          }
        });
  }

  /** Experts' matrices in one tensor, one below the other. */
  void stack(String name, TensorType type, int columns, int rows, int count) {
    stack(name, type, columns, rows, count, 1);
  }

  /** The same, larger so many times. */
  void stack(String name, TensorType type, int columns, int rows, int count, double times) {
    writer.tensor(
        name,
        type,
        new long[] {columns, rows, count},
        out -> {
          SplittableRandom random = random(name);
          for (int row = 0; row < rows * count; row++) {
            float[] weights = row(random, columns, 0, times / Math.sqrt(columns));
            out.write(ReferenceQuantiser.quantise(type, weights));
          }
        });
  }

  void norm(String name, int length) {
    vector(name, row(random(name), length, 1, 0.1));
  }

  void bias(String name, int length) {
    normal(name, length, 0.3);
  }

  void normal(String name, int length, double deviation) {
    vector(name, row(random(name), length, 0, deviation));
  }

  /** Biases of experts in one tensor, a row for each. */
  void biases(String name, int length, int count) {
    writer.tensor(
        name,
        TensorType.F32,
        new long[] {length, count},
        out -> {
          float[] values = row(random(name), length * count, 0, 0.3);
          out.write(ReferenceQuantiser.quantise(TensorType.F32, values));
        });
  }

  void vector(String name, float[] values) {
    writer.tensor(
        name,
        TensorType.F32,
        new long[] {values.length},
        out -> out.write(ReferenceQuantiser.quantise(TensorType.F32, values)));
  }

  private SplittableRandom random(String name) {
    return new SplittableRandom(seed * 0x9e3779b97f4a7c15L + name.hashCode());
  }

  /** Four uniform numbers added are near enough to a normal one, and the same everywhere. */
  private static float[] row(SplittableRandom random, int length, double mean, double deviation) {
    float[] row = new float[length];
    for (int i = 0; i < length; i++) {
      double sum = 0;
      for (int j = 0; j < 4; j++) {
        sum += random.nextDouble() - 0.5;
      }
      row[i] = (float) (mean + deviation * Math.sqrt(3) * sum);
    }
    return row;
  }
}
