package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;
import org.folkmoot.base.FolkmootException;

/** The parts of a layer between its matrices: one element at a time, or rule 3's sum. */
public final class Elementwise {
  private Elementwise() {}

  /**
   * Rule 4: {@code y = (x · s) · w} with {@code s = 1 / sqrt(Σ x² / n + eps)}.
   *
   * @throws FolkmootException ARITHMETIC if the hidden state is not finite
   */
  public static void rmsNorm(
      float[] x, int xAt, float[] weight, float epsilon, float[] y, int yAt, Scratch scratch) {
    int n = weight.length;
    float sum = FloatKernel.sumOfSquares(x, xAt, n, scratch.lanes);
    if (!(sum <= Float.MAX_VALUE)) {
      throw notFinite();
    }
    float s = 1 / (float) Math.sqrt(sum / n + epsilon);
    int whole = n - n % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, x, xAt + i)
          .mul(s)
          .mul(FloatVector.fromArray(F, weight, i))
          .intoArray(y, yAt + i);
    }
    for (int i = whole; i < n; i++) {
      y[yAt + i] = x[xAt + i] * s * weight[i];
    }
  }

  /**
   * What leaves a span must be numbers.
   *
   * @throws FolkmootException ARITHMETIC if one of the first {@code length} is NaN or infinite
   */
  public static void requireFinite(float[] x, int length) {
    int most = 0;
    for (int i = 0; i < length; i++) {
      most = Math.max(most, Float.floatToRawIntBits(x[i]) & 0x7fff_ffff);
    }
    if (most >= 0x7f80_0000) {
      throw notFinite();
    }
  }

  private static FolkmootException notFinite() {
    return Faults.computed("a hidden state is not a finite number");
  }

  /** {@code x += y}. */
  public static void add(float[] x, int xAt, float[] y, int yAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, x, xAt + i)
          .add(FloatVector.fromArray(F, y, yAt + i))
          .intoArray(x, xAt + i);
    }
    for (int i = whole; i < length; i++) {
      x[xAt + i] += y[yAt + i];
    }
  }

  /**
   * SwiGLU: {@code out = (gate / (1 + exp(-gate))) · up}. {@code out} may be neither of the others.
   */
  public static void siluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, gate, gateAt + i).neg().intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      out[outAt + i] = -gate[gateAt + i];
    }
    Exp.exp(out, outAt, length);
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, gate, gateAt + i)
          .div(FloatVector.fromArray(F, out, outAt + i).add(1f))
          .mul(FloatVector.fromArray(F, up, upAt + i))
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      out[outAt + i] = gate[gateAt + i] / (out[outAt + i] + 1f) * up[upAt + i];
    }
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
