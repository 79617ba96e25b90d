package org.folkmoot.kernel;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** Rule 2 on a block of 32 numbers, by the Vector API. */
final class ActivationLanes {
  /**
   * Adding and subtracting it rounds a float of magnitude below 2^22 to the nearest integer, ties
   * to even.
   */
  private static final float ROUNDER = 0x1.8p23f;

  private ActivationLanes() {}

  /** The bits of the numbers' magnitudes. */
  static void magnitudes(float[] x, int at, int[] bits) {
    for (int i = 0; i < 32; i += Lanes.FLOATS) {
      FloatVector.fromArray(Lanes.F, x, at + i)
          .reinterpretAsInts()
          .and(0x7fff_ffff)
          .intoArray(bits, i);
    }
  }

  /** {@code q = roundHalfEven(x * inverse)}, within ±127. */
  static void round(float[] x, int at, float inverse, int[] q) {
    for (int i = 0; i < 32; i += Lanes.FLOATS) {
      IntVector rounded =
          (IntVector)
              FloatVector.fromArray(Lanes.F, x, at + i)
                  .mul(inverse)
                  .add(ROUNDER)
                  .sub(ROUNDER)
                  .convertShape(VectorOperators.F2I, Lanes.I, 0);
      rounded.min(127).max(-127).intoArray(q, i);
    }
  }
}
