package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/** Rule 6: how far the hyperbolic tangent and GELU are from what they stand for. */
class TanhTest {
  /** From here on the result is 1. */
  private static final int MOST = Float.floatToRawIntBits(20f);

  /** A prime, so that the sample meets every pattern of low bits. */
  private static final int STRIDE = 4_099;

  private static final int PIECES = 1 << 10;

  /** The greatest error over every float of the domain, as {@link #everyFloat} measures it. */
  private static final double MAX_ULP = 2.5;

  /** The greatest error of GELU in units of 2^-23 · max(1, |x|). */
  private static final double MAX_GELU = 1.1;

  @Test
  void sampleOfTheDomain() {
    demand(STRIDE);
  }

  /** Every float from 0 to 20, some 1.1 billion. */
  @Test
  @Soak
  void everyFloat() {
    demand(1);
  }

  private static void demand(int stride) {
    double tanh = worst(stride, TanhTest::tanhError);
    double gelu = Math.max(worst(stride, TanhTest::geluError), worst(stride, x -> geluError(-x)));
    System.out.printf("tanh: at most %.4f ulp; GELU: %.4f of 2^-23 max(1, |x|)%n", tanh, gelu);
    assertThat(tanh).isLessThanOrEqualTo(MAX_ULP);
    assertThat(gelu).isLessThanOrEqualTo(MAX_GELU);
  }

  private interface Deviation {
    double at(float x);
  }

  private static double worst(int stride, Deviation error) {
    return IntStream.range(0, PIECES)
        .parallel()
        .mapToDouble(piece -> {
          long from = (long) MOST * piece / PIECES;
          long to = (long) MOST * (piece + 1) / PIECES;
          double worst = 0;
          for (long bits = from; bits < to; bits += stride) {
            worst = Math.max(worst, error.at(Float.intBitsToFloat((int) bits)));
          }
          return worst;
        })
        .max()
        .orElseThrow();
  }

  private static double tanhError(float x) {
    double exact = StrictMath.tanh(x);
    return Math.abs(Tanh.tanh(x) - exact) / Math.ulp((float) exact);
  }

  private static double geluError(float x) {
    double cube = 0.044715 * x * x * x;
    double exact = 0.5 * x * (1 + StrictMath.tanh(Math.sqrt(2 / Math.PI) * (x + cube)));
    float ours = Oracle.geluTimes(new float[] {x}, new float[] {1})[0];
    return Math.abs(ours - exact) / (0x1p-23 * Math.max(1, Math.abs(x)));
  }

  @Test
  void edges() {
    for (float x : new float[] {0f, 1e-30f, Float.MIN_VALUE, 0.5f, 9f, 50f, Float.MAX_VALUE}) {
      assertThat(Tanh.tanh(-x)).isEqualTo(-Tanh.tanh(x));
      assertThat(Tanh.tanh(x)).isBetween(0f, 1f);
    }
    assertThat(Float.floatToRawIntBits(Tanh.tanh(-0f))).isEqualTo(Float.floatToRawIntBits(-0f));
    assertThat(Tanh.tanh(Float.POSITIVE_INFINITY)).isEqualTo(1f);
    assertThat(Tanh.tanh(Float.NEGATIVE_INFINITY)).isEqualTo(-1f);
  }
}
