package org.folkmoot.kernel;

import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/** The parts of a layer between its matrices: one element at a time, or rule 3's sum. */
public final class Elementwise {
  private static final @Nullable MachineKernels MACHINE = MachineKernels.get().orElse(null);

  private Elementwise() {}

  /**
   * Rule 4: {@code y = (x · s) · w} with {@code s = 1 / sqrt(Σ x² / n + eps)}.
   *
   * @throws FolkmootException ARITHMETIC if the hidden state is not finite
   */
  public static void rmsNorm(
      float[] x, int xAt, float[] weight, float epsilon, float[] y, int yAt, Scratch scratch) {
    if (MACHINE == null) {
      ElementwiseLanes.rmsNorm(x, xAt, weight, epsilon, y, yAt, scratch);
    } else if (!(MACHINE.rmsNorm(x, xAt, weight, epsilon, y, yAt) <= Float.MAX_VALUE)) {
      throw notFinite();
    }
  }

  /**
   * What leaves a span must be numbers.
   *
   * @throws FolkmootException ARITHMETIC if one of {@code x[at .. at + length)} is NaN or infinite
   */
  public static void requireFinite(float[] x, int at, int length) {
    // An exponent of all ones and one more is the sign bit. In whole numbers, which every compiler
    // of the JVM makes fast; the greatest float is not, before the last one has come to it.
    int signs = 0;
    for (int i = at; i < at + length; i++) {
      signs |= (Float.floatToRawIntBits(x[i]) & 0x7f80_0000) + 0x0080_0000;
    }
    if (signs < 0) {
      throw notFinite();
    }
  }

  static FolkmootException notFinite() {
    return Faults.computed("a hidden state is not a finite number");
  }

  /** {@code x += y}. */
  public static void add(float[] x, int xAt, float[] y, int yAt, int length) {
    if (MACHINE == null) {
      ElementwiseLanes.add(x, xAt, y, yAt, length);
    } else {
      MACHINE.add(x, xAt, y, yAt, length);
    }
  }

  /**
   * SwiGLU: {@code out = (gate / (1 + exp(-gate))) · up}. {@code out} may be neither of the others.
   */
  public static void siluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    if (MACHINE == null) {
      ElementwiseLanes.siluTimes(gate, gateAt, up, upAt, out, outAt, length);
    } else {
      MACHINE.siluTimes(gate, gateAt, up, upAt, out, outAt, length);
    }
  }

  /** Twice the root of 2/π: {@code GELU(x) = x · sigmoid(GELU_1 x + GELU_3 x³)}, nearly. */
  static final float GELU_1 = 0x1.988454p0f;

  /** The same times 0.044715. */
  static final float GELU_3 = 0x1.2444f2p-4f;

  /**
   * GeGLU: {@code out = (gate / (1 + exp(-z))) · up} with {@code z = gate · (GELU_3 · gate² +
   * GELU_1)}, which is GELU's approximation by a hyperbolic tangent without the cancellation that a
   * tangent near -1 suffers. {@code out} may be neither of the others.
   */
  public static void geluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    ElementwiseLanes.geluTimes(gate, gateAt, up, upAt, out, outAt, length);
  }

  /** What gate and up are clamped to in gpt-oss. */
  static final float LIMIT = 7;

  /** The steepness of its gate. */
  static final float ALPHA = 1.702f;

  /**
   * The clamped SwiGLU of gpt-oss: {@code out = (g / (1 + exp(-(ALPHA g)))) · (u + 1)} with {@code
   * g} the gate, at most {@link #LIMIT}, and {@code u} what it lets through, within ±{@link
   * #LIMIT}. {@code out} may be neither of the others.
   */
  public static void clampedSiluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    if (MACHINE == null) {
      ElementwiseLanes.clampedSiluTimes(gate, gateAt, up, upAt, out, outAt, length);
    } else {
      MACHINE.clampedSiluTimes(gate, gateAt, up, upAt, out, outAt, length);
    }
  }

  /** {@code x *= by}. */
  public static void scale(float[] x, int at, int length, float by) {
    ElementwiseLanes.scale(x, at, length, by);
  }

  /** {@code x = fma(weight, y, x)}. */
  public static void addWeighted(float[] x, int xAt, float weight, float[] y, int yAt, int length) {
    ElementwiseLanes.addWeighted(x, xAt, weight, y, yAt, length);
  }

  /**
   * Rule 5: rotates pairs of one head by the angles of its position: {@code (a, b) → (a cos - b
   * sin, a sin + b cos)}, every operation rounded.
   *
   * @param half true if pairs are {@code (i, i + n/2)} (NeoX), false if they are {@code (2i, 2i +
   *     1)}
   * @param n dimensions that are rotated, even
   * @param table cos and sin of pair {@code i} at {@code tableAt + 2i} and {@code tableAt + 2i + 1}
   */
  public static void rotate(float[] x, int at, int n, boolean half, float[] table, int tableAt) {
    for (int i = 0; i < n / 2; i++) {
      int first = at + (half ? i : 2 * i);
      int second = first + (half ? n / 2 : 1);
      float cos = table[tableAt + 2 * i];
      float sin = table[tableAt + 2 * i + 1];
      float a = x[first];
      float b = x[second];
      x[first] = a * cos - b * sin;
      x[second] = a * sin + b * cos;
    }
  }
}
