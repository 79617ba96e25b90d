package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.folkmoot.testing.Bits;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/** Rule 6: how far the polynomial is from e^x, and that vectors give the scalar's bits. */
class ExpTest {
  /** Bits of the largest argument of interest, {@link Exp#MOST}. */
  private static final int MOST = Float.floatToRawIntBits(Exp.MOST);

  /** The sign bit and the bits of the least argument whose result is not zero. */
  private static final int LEAST = Float.floatToRawIntBits(Exp.LEAST);

  private static final int SIGN = 0x8000_0000;

  /** A prime, so that the sample meets every pattern of low bits. */
  private static final int STRIDE = 4_099;

  /** Arguments handed to the vector code at once. */
  private static final int BATCH = 1 << 12;

  /** The greatest error over every float of the domain, as {@link #everyFloat} measures it. */
  private static final double MAX_ULP = 0.94;

  private record Worst(double ulp, float at) {
    static Worst of(Worst a, Worst b) {
      return a.ulp >= b.ulp ? a : b;
    }
  }

  @Test
  void sampleOfTheDomain() {
    Worst worst = Worst.of(sweep(0, MOST, STRIDE), sweep(SIGN, LEAST, STRIDE));
    assertThat(worst.ulp).as("%s", worst).isLessThanOrEqualTo(MAX_ULP);
  }

  /** Every float from LEAST to MOST, some 2.2 billion, takes minutes. */
  @Test
  @Soak
  void everyFloat() {
    int pieces = 1 << 10;
    Worst worst =
        IntStream.range(0, 2 * pieces)
            .parallel()
            .mapToObj(piece -> piece(piece % pieces, pieces, piece < pieces))
            .reduce(new Worst(0, 0), Worst::of);
    System.out.printf(
        "exp: at most %.4f ulp from e^x, at %s (%s)%n",
        worst.ulp, worst.at, Float.toHexString(worst.at));
    assertThat(worst.ulp).as("%s", worst).isLessThanOrEqualTo(MAX_ULP);
  }

  private static Worst piece(int index, int pieces, boolean positive) {
    int first = positive ? 0 : SIGN;
    long length = (positive ? MOST : LEAST - SIGN) + 1L;
    int from = first + (int) (length * index / pieces);
    int to = first + (int) (length * (index + 1) / pieces) - 1;
    return sweep(from, to, 1);
  }

  /** The worst error over the floats whose bits are {@code from, from + stride, … <= to}. */
  private static Worst sweep(int from, int to, int stride) {
    float[] arguments = new float[BATCH];
    float[] results = new float[BATCH];
    float[] inLanes = new float[BATCH];
    Worst worst = new Worst(0, 0);
    long next = from;
    while (next <= to) {
      int count = 0;
      for (; count < BATCH && next <= to; next += stride) {
        arguments[count++] = Float.intBitsToFloat((int) next);
      }
      System.arraycopy(arguments, 0, results, 0, count);
      System.arraycopy(arguments, 0, inLanes, 0, count);
      Exp.exp(results, 0, count);
      ExpLanes.exp(inLanes, 0, count);
      for (int i = 0; i < count; i++) {
        float result = results[i];
        int bits = Float.floatToRawIntBits(Exp.exp(arguments[i]));
        if (Float.floatToRawIntBits(result) != bits
            || Float.floatToRawIntBits(inLanes[i]) != bits) {
          throw new AssertionError("vector and scalar differ at " + arguments[i]);
        }
        double exact = StrictMath.exp(arguments[i]);
        double ulp = Math.abs(result - exact) / Math.ulp((float) exact);
        if (ulp > worst.ulp) {
          worst = new Worst(ulp, arguments[i]);
        }
      }
    }
    return worst;
  }

  @Test
  void edgesOfTheDomain() {
    assertThat(Exp.exp(0f)).isEqualTo(1f);
    assertThat(Exp.exp(-0f)).isEqualTo(1f);
    assertThat(Exp.exp(Float.MIN_VALUE)).isEqualTo(1f);
    assertThat(Exp.exp(Exp.LEAST)).isGreaterThanOrEqualTo(Float.MIN_NORMAL);
    assertThat(Float.floatToRawIntBits(Exp.exp(Math.nextDown(Exp.LEAST)))).isZero();
    assertThat(Float.floatToRawIntBits(Exp.exp(Float.NEGATIVE_INFINITY))).isZero();
    assertThat(Exp.exp(Exp.MOST)).isFinite();
    assertThat(Exp.exp(Float.MAX_VALUE)).isEqualTo(Exp.exp(Exp.MOST));
    assertThat(Exp.exp(Float.POSITIVE_INFINITY)).isEqualTo(Exp.exp(Exp.MOST));
  }

  @Test
  void everyLengthAndEdgeInVectors() {
    float[] edges = {
      0f,
      -0f,
      Exp.LEAST,
      Math.nextDown(Exp.LEAST),
      Math.nextUp(Exp.LEAST),
      Exp.MOST,
      Math.nextUp(Exp.MOST),
      Float.MAX_VALUE,
      -Float.MAX_VALUE,
      Float.NEGATIVE_INFINITY,
      Float.POSITIVE_INFINITY,
      Float.MIN_VALUE,
      -Float.MIN_VALUE,
      0.5f,
      -1f,
      Float.NaN,
    };
    for (int length = 0; length < 70; length++) {
      float[] x = new float[length + 2];
      for (int i = 0; i < x.length; i++) {
        x[i] = edges[(i * 7 + length) % edges.length];
      }
      float[] expected = x.clone();
      for (int i = 1; i <= length; i++) {
        expected[i] = Exp.exp(x[i]);
      }
      float[] inLanes = x.clone();
      ExpLanes.exp(inLanes, 1, length);
      Bits.assertSame(inLanes, expected, length);
      Exp.exp(x, 1, length);
      Bits.assertSame(x, expected, length);
      assertThat(Arrays.hashCode(x)).isEqualTo(Arrays.hashCode(expected));
    }
  }
}
