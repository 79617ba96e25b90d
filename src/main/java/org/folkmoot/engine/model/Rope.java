package org.folkmoot.engine.model;

/**
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864).
 *
 * @param pairing which dimensions of a head form a pair
 * @param dims dimensions of a head that are rotated
 * @param base of the angles
 * @param scaling stretching of positions
 */
public record Rope(Pairing pairing, int dims, double base, RopeScaling scaling) {
  /** Which dimensions of a head are rotated together. */
  public enum Pairing {
    /** Neighbours: {@code (2i, 2i + 1)}. */
    ADJACENT,
    /** Halves: {@code (i, i + n/2)}, GPT-NeoX. */
    HALVES
  }

  /** Whether pairs are {@code (i, i + n/2)}. */
  public boolean halves() {
    return pairing == Pairing.HALVES;
  }

  /** The name of the tensor that has a factor for each pair, if a file may have it. */
  String factors() {
    return scaling instanceof RopeScaling.LongRope longRope
        ? longRope.tensor()
        : "rope_freqs.weight";
  }

  /**
   * What each pair's angle grows by from position to position, before {@link RopeScaling#stretch}.
   * In binary64, by {@link StrictMath}.
   *
   * @param factors what each pair's frequency is divided by, or empty
   */
  double[] frequencies(float[] factors) {
    double[] frequencies = new double[dims / 2];
    for (int i = 0; i < frequencies.length; i++) {
      double frequency = StrictMath.pow(base, -2.0 * i / dims);
      if (factors.length > 0) {
        frequency /= factors[i];
      }
      frequencies[i] =
          scaling instanceof RopeScaling.Yarn yarn ? blended(yarn, frequency, i) : frequency;
    }
    return frequencies;
  }

  private double blended(RopeScaling.Yarn yarn, double frequency, int pair) {
    double first = pairThatTurns(yarn, yarn.fast());
    double last = pairThatTurns(yarn, yarn.slow());
    double low = Math.max(0, yarn.whole() ? Math.floor(first) : first);
    double high = Math.min(dims - 1, yarn.whole() ? Math.ceil(last) : last);
    double ramp = Math.clamp((pair - low) / Math.max(0.001, high - low), 0.0, 1.0);
    return frequency / yarn.factor() * ramp + frequency * (1 - ramp);
  }

  /** Which pair, as a real number, turns so often within the original context. */
  private double pairThatTurns(RopeScaling.Yarn yarn, double turns) {
    double wave = yarn.originalContext() / (turns * 2 * Math.PI);
    return dims * StrictMath.log(wave) / (2 * StrictMath.log(base));
  }
}
