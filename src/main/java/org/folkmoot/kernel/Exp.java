package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/**
 * Rule 6: the exponential function, the same bits scalar and in vectors.
 *
 * <p>Cody–Waite range reduction: {@code n = rint(x / ln 2)}, {@code r = x - n ln 2} with ln 2 in
 * two parts, then the Taylor polynomial of degree 7 in Horner form (on |r| ≤ 0.3466 its remainder
 * is below 6e-9 relative), then {@code · 2^n}. Largest error measured over every float of the
 * domain: see {@code docs/arithmetic.md}.
 *
 * <p>Below {@link #LEAST} the result is +0 (it would be subnormal); above {@link #MOST} the
 * argument counts as {@code MOST}, so that the result stays finite. NaN is not an argument.
 */
public final class Exp {
  /** Arguments below have the result +0. */
  static final float LEAST = -87.3365f;

  /** Larger arguments count as this one. */
  static final float MOST = 88.3762f;

  static final float LOG2_E = 0x1.715476p0f;
  static final float ROUNDER = 0x1.8p23f;

  /** Upper part of -ln 2: eight trailing zero bits make {@code n · LN2_HIGH} exact. */
  static final float MINUS_LN2_HIGH = -0x1.62e4p-1f;

  static final float MINUS_LN2_LOW = -0x1.7f7d1cp-20f;
  static final float C7 = 0x1.a01a02p-13f;
  static final float C6 = 0x1.6c16c2p-10f;
  static final float C5 = 0x1.111112p-7f;
  static final float C4 = 0x1.555556p-5f;
  static final float C3 = 0x1.555556p-3f;
  static final float C2 = 0.5f;

  private Exp() {}

  /** {@code e^x}. */
  public static float exp(float x) {
    if (x < LEAST) {
      return 0f;
    }
    float clamped = Math.min(x, MOST);
    float n = clamped * LOG2_E + ROUNDER - ROUNDER;
    float r = Math.fma(n, MINUS_LN2_LOW, Math.fma(n, MINUS_LN2_HIGH, clamped));
    float p = Math.fma(C7, r, C6);
    p = Math.fma(p, r, C5);
    p = Math.fma(p, r, C4);
    p = Math.fma(p, r, C3);
    p = Math.fma(p, r, C2);
    p = Math.fma(p, r, 1f);
    p = Math.fma(p, r, 1f);
    return p * Float.intBitsToFloat(((int) n + 127) << 23);
  }

  /** {@code x[i] = e^(x[i])} for {@code length} elements from {@code at}. */
  public static void exp(float[] x, int at, int length) {
    int whole = length - length % FLOATS;
    for (int i = at; i < at + whole; i += FLOATS) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      VectorMask<Float> zero = v.lt(LEAST);
      v = v.min(MOST);
      FloatVector n = v.mul(LOG2_E).add(ROUNDER).sub(ROUNDER);
      FloatVector r =
          n.fma(
              FloatVector.broadcast(F, MINUS_LN2_LOW),
              n.fma(FloatVector.broadcast(F, MINUS_LN2_HIGH), v));
      FloatVector p = FloatVector.broadcast(F, C7).fma(r, FloatVector.broadcast(F, C6));
      p = p.fma(r, FloatVector.broadcast(F, C5));
      p = p.fma(r, FloatVector.broadcast(F, C4));
      p = p.fma(r, FloatVector.broadcast(F, C3));
      p = p.fma(r, FloatVector.broadcast(F, C2));
      p = p.fma(r, FloatVector.broadcast(F, 1f));
      p = p.fma(r, FloatVector.broadcast(F, 1f));
      FloatVector power =
          ((IntVector) n.convertShape(VectorOperators.F2I, I, 0))
              .add(127)
              .lanewise(VectorOperators.LSHL, 23)
              .reinterpretAsFloats();
      p.mul(power).blend(0f, zero).intoArray(x, i);
    }
    for (int i = at + whole; i < at + length; i++) {
      x[i] = exp(x[i]);
    }
  }
}
