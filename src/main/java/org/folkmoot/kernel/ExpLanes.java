package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** {@link Exp} by the Vector API. */
final class ExpLanes {
  private ExpLanes() {}

  /** See {@link Exp#exp(float[], int, int)}. */
  static void exp(float[] x, int at, int length) {
    int whole = length - length % FLOATS;
    for (int i = at; i < at + whole; i += FLOATS) {
      FloatVector v = FloatVector.fromArray(F, x, i);
      VectorMask<Float> zero = v.lt(Exp.LEAST);
      v = v.min(Exp.MOST);
      FloatVector n = v.mul(Exp.LOG2_E).add(Exp.ROUNDER).sub(Exp.ROUNDER);
      FloatVector r =
          n.fma(
              FloatVector.broadcast(F, Exp.MINUS_LN2_LOW),
              n.fma(FloatVector.broadcast(F, Exp.MINUS_LN2_HIGH), v));
      FloatVector p = FloatVector.broadcast(F, Exp.C7).fma(r, FloatVector.broadcast(F, Exp.C6));
      p = p.fma(r, FloatVector.broadcast(F, Exp.C5));
      p = p.fma(r, FloatVector.broadcast(F, Exp.C4));
      p = p.fma(r, FloatVector.broadcast(F, Exp.C3));
      p = p.fma(r, FloatVector.broadcast(F, Exp.C2));
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
      x[i] = Exp.exp(x[i]);
    }
  }
}
