package org.folkmoot.engine.model;

/**
 * How rotary position embeddings are stretched beyond the length a model was first trained with.
 */
public sealed interface RopeScaling {
  /** What cosines and sines are multiplied by. */
  default double magnitude() {
    return 1;
  }

  /** What positions are divided by. */
  default double stretch() {
    return 1;
  }

  /** As trained. Frequencies may still be divided by factors of the file (Llama 3). */
  record None() implements RopeScaling {}

  /**
   * Positions divided by a factor (Chen et al. 2023, arXiv 2306.15595).
   *
   * @param factor at least 1
   */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double stretch() {
      return factor;
    }
  }

  /**
   * YaRN (Peng et al. 2023, arXiv 2309.00071): high frequencies stay, low ones are divided by a
   * factor, between {@code fast} and {@code slow} turns within the original context in proportion.
   *
   * @param factor at least 1
   * @param originalContext positions of the first training
   * @param fast a pair that turns more often than this within them stays
   * @param slow one that turns less often is divided by the whole factor
   * @param magnitude what cosines and sines are multiplied by
   * @param whole whether the pairs that turn so often are rounded outwards to whole ones
   */
  record Yarn(
      double factor, int originalContext, double fast, double slow, double magnitude, boolean whole)
      implements RopeScaling {}

  /**
   * LongRoPE (Ding et al. 2024, arXiv 2402.13753): each pair's frequency is divided by a factor of
   * its own, by the file's tensor {@code rope_factors_long} or {@code rope_factors_short}.
   *
   * @param stretched whether the model's context is longer than that of the first training; it
   *     decides the tensor, so that it is the same one for all positions of all sequences
   * @param magnitude what cosines and sines are multiplied by
   */
  record LongRope(boolean stretched, double magnitude) implements RopeScaling {
    String tensor() {
      return stretched ? "rope_factors_long.weight" : "rope_factors_short.weight";
    }
  }
}
