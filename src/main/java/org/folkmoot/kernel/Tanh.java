package org.folkmoot.kernel;

/**
 * Rule 6: the hyperbolic tangent, by the range reduction and polynomial of {@link Exp}, the same
 * bits scalar and in vectors.
 *
 * <p>{@code tanh|x| = -m / (m + 2)} with {@code m = e^(-2|x|) - 1}. Before its last step, the
 * polynomial of {@code e^r} is {@code 1 + q·r}; leaving the 1 away keeps all digits of a small m:
 * {@code m = (q·r) · 2^n + (2^n - 1)}.
 */
public final class Tanh {
  /** From here on the result is 1: {@code 1 - tanh 20 < 1e-17}. */
  static final float LEAST = -40f;

  static final int SIGN = 0x8000_0000;

  private Tanh() {}

  /** The hyperbolic tangent of a number that is not NaN. */
  public static float tanh(float x) {
    float y = Math.max(-2 * Math.abs(x), LEAST);
    float n = y * Exp.LOG2_E + Exp.ROUNDER - Exp.ROUNDER;
    float r = Math.fma(n, Exp.MINUS_LN2_LOW, Math.fma(n, Exp.MINUS_LN2_HIGH, y));
    float q = Math.fma(Exp.C7, r, Exp.C6);
    q = Math.fma(q, r, Exp.C5);
    q = Math.fma(q, r, Exp.C4);
    q = Math.fma(q, r, Exp.C3);
    q = Math.fma(q, r, Exp.C2);
    q = Math.fma(q, r, 1f);
    float power = Float.intBitsToFloat(((int) n + 127) << 23);
    float m = Math.fma(q * r, power, power - 1f);
    float magnitude = Math.abs(m) / (m + 2f);
    return Float.intBitsToFloat(
        Float.floatToRawIntBits(magnitude) | (Float.floatToRawIntBits(x) & SIGN));
  }

  /**
   * Bounds numbers softly: {@code x[i] = tanh(x[i] / cap) · cap}.
   *
   * @param cap positive
   */
  public static void cap(float[] x, int at, int length, float cap) {
    TanhLanes.cap(x, at, length, cap);
  }
}
