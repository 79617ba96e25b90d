package org.folkmoot.kernel;

import org.jspecify.annotations.Nullable;

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
    if (Machine.KERNELS == null) {
      ExpLanes.exp(x, at, length);
    } else {
      Machine.KERNELS.exp(x, at, length);
    }
  }

  /** Later than this class, which the check of machine code needs. */
  private static final class Machine {
    static final @Nullable MachineKernels KERNELS = MachineKernels.get().orElse(null);
  }
}
