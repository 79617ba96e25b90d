package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

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
  private static final float LEAST = -40f;

  private static final int SIGN = 0x8000_0000;

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
    int whole = length - length % FLOATS;
    for (int i = at; i < at + whole; i += FLOATS) {
      FloatVector v = FloatVector.fromArray(F, x, i).div(cap);
      IntVector sign = v.reinterpretAsInts().and(SIGN);
      FloatVector y = v.abs().mul(-2f).max(LEAST);
      FloatVector n = y.mul(Exp.LOG2_E).add(Exp.ROUNDER).sub(Exp.ROUNDER);
      FloatVector r =
          n.fma(
              FloatVector.broadcast(F, Exp.MINUS_LN2_LOW),
              n.fma(FloatVector.broadcast(F, Exp.MINUS_LN2_HIGH), y));
      FloatVector q = FloatVector.broadcast(F, Exp.C7).fma(r, FloatVector.broadcast(F, Exp.C6));
      q = q.fma(r, FloatVector.broadcast(F, Exp.C5));
      q = q.fma(r, FloatVector.broadcast(F, Exp.C4));
      q = q.fma(r, FloatVector.broadcast(F, Exp.C3));
      q = q.fma(r, FloatVector.broadcast(F, Exp.C2));
      q = q.fma(r, FloatVector.broadcast(F, 1f));
      FloatVector power =
          ((IntVector) n.convertShape(VectorOperators.F2I, I, 0))
              .add(127)
              .lanewise(VectorOperators.LSHL, 23)
              .reinterpretAsFloats();
      FloatVector m = q.mul(r).fma(power, power.sub(1f));
      m.abs()
          .div(m.add(2f))
          .reinterpretAsInts()
          .or(sign)
          .reinterpretAsFloats()
          .mul(cap)
          .intoArray(x, i);
    }
    for (int i = at + whole; i < at + length; i++) {
      x[i] = tanh(x[i] / cap) * cap;
    }
  }
}
