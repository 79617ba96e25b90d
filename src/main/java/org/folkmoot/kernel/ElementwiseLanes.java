package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import jdk.incubator.vector.FloatVector;

/**
 * {@link Elementwise} by the Vector API. Apart, as all that touches that API is: where machine code
 * serves, a process never loads its classes, which saves a tenth of a second of every start.
 */
final class ElementwiseLanes {
  private ElementwiseLanes() {}

  /** See {@link Elementwise#rmsNorm}. */
  static void rmsNorm(
      float[] x, int xAt, float[] weight, float epsilon, float[] y, int yAt, Scratch scratch) {
    int n = weight.length;
    float sum = FloatKernel.sumOfSquares(x, xAt, n, scratch.lanes);
    if (!(sum <= Float.MAX_VALUE)) {
      throw Elementwise.notFinite();
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

  /** See {@link Elementwise#add}. */
  static void add(float[] x, int xAt, float[] y, int yAt, int length) {
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

  /** See {@link Elementwise#siluTimes}. */
  static void siluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, gate, gateAt + i).neg().intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      out[outAt + i] = -gate[gateAt + i];
    }
    ExpLanes.exp(out, outAt, length);
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

  /** See {@link Elementwise#clampedSiluTimes}. */
  static void clampedSiluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, gate, gateAt + i)
          .min(Elementwise.LIMIT)
          .mul(Elementwise.ALPHA)
          .neg()
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      out[outAt + i] = -(Math.min(gate[gateAt + i], Elementwise.LIMIT) * Elementwise.ALPHA);
    }
    ExpLanes.exp(out, outAt, length);
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.fromArray(F, gate, gateAt + i)
          .min(Elementwise.LIMIT)
          .div(FloatVector.fromArray(F, out, outAt + i).add(1f))
          .mul(
              FloatVector.fromArray(F, up, upAt + i)
                  .min(Elementwise.LIMIT)
                  .max(-Elementwise.LIMIT)
                  .add(1f))
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      float g = Math.min(gate[gateAt + i], Elementwise.LIMIT);
      float u = Math.max(Math.min(up[upAt + i], Elementwise.LIMIT), -Elementwise.LIMIT);
      out[outAt + i] = g / (out[outAt + i] + 1f) * (u + 1f);
    }
  }

  /** See {@link Elementwise#geluTimes}. */
  static void geluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector g = FloatVector.fromArray(F, gate, gateAt + i);
      g.mul(g)
          .fma(
              FloatVector.broadcast(F, Elementwise.GELU_3),
              FloatVector.broadcast(F, Elementwise.GELU_1))
          .mul(g)
          .neg()
          .intoArray(out, outAt + i);
    }
    for (int i = whole; i < length; i++) {
      float g = gate[gateAt + i];
      out[outAt + i] = -(Math.fma(g * g, Elementwise.GELU_3, Elementwise.GELU_1) * g);
    }
    ExpLanes.exp(out, outAt, length);
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

  /** See {@link Elementwise#scale}. */
  static void scale(float[] x, int at, int length, float by) {
    int whole = length - length % FLOATS;
    for (int i = at; i < at + whole; i += FLOATS) {
      FloatVector.fromArray(F, x, i).mul(by).intoArray(x, i);
    }
    for (int i = at + whole; i < at + length; i++) {
      x[i] *= by;
    }
  }

  /** See {@link Elementwise#addWeighted}. */
  static void addWeighted(float[] x, int xAt, float weight, float[] y, int yAt, int length) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      FloatVector.broadcast(F, weight)
          .fma(FloatVector.fromArray(F, y, yAt + i), FloatVector.fromArray(F, x, xAt + i))
          .intoArray(x, xAt + i);
    }
    for (int i = whole; i < length; i++) {
      x[xAt + i] = Math.fma(weight, y[yAt + i], x[xAt + i]);
    }
  }
}
