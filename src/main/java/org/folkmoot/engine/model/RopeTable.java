package org.folkmoot.engine.model;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Rule 5: cosines and sines of the rotary angles (Su et al. 2021, arXiv 2104.09864), computed in
 * binary64 by {@link StrictMath} and rounded once. Made in blocks of positions as they are needed.
 */
final class RopeTable {
  private static final int BLOCK = 256;

  private final double[] frequencies;
  private final double positionScale;
  private final double magnitude;
  private final AtomicReferenceArray<float @Nullable []> blocks;

  /**
   * A table.
   *
   * @param factors what each pair's frequency is divided by (Llama 3's {@code rope_freqs.weight}),
   *     or empty
   * @param positions the most that are asked for
   */
  RopeTable(Rope rope, float[] factors, int positions) {
    frequencies = rope.frequencies(factors);
    positionScale = 1 / rope.scaling().stretch();
    magnitude = rope.scaling().magnitude();
    blocks = new AtomicReferenceArray<>(positions / BLOCK + 1);
  }

  /** The array that holds a position's pairs {@code cos, sin}, at {@link #offset}. */
  float[] block(int position) {
    float[] block = blocks.get(position / BLOCK);
    if (block == null) {
      block = compute(position / BLOCK * BLOCK);
      blocks.set(position / BLOCK, block);
    }
    return block;
  }

  /** Where in {@link #block} a position begins. */
  int offset(int position) {
    return position % BLOCK * 2 * frequencies.length;
  }

  private float[] compute(int first) {
    float[] table = new float[BLOCK * 2 * frequencies.length];
    for (int p = 0; p < BLOCK; p++) {
      for (int i = 0; i < frequencies.length; i++) {
        double angle = (first + p) * positionScale * frequencies[i];
        table[(p * frequencies.length + i) * 2] = (float) (StrictMath.cos(angle) * magnitude);
        table[(p * frequencies.length + i) * 2 + 1] = (float) (StrictMath.sin(angle) * magnitude);
      }
    }
    return table;
  }
}
