package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.I;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** {@link Tanh} by the Vector API. */
final class TanhLanes {
  private TanhLanes() {}

  /** See {@link Tanh#cap}. */
  static void cap(float[] x, int at, int length, float cap) {
    int whole = length - length % FLOATS;
    for (int i = at; i < at + whole; i += FLOATS) {
      FloatVector v = FloatVector.fromArray(F, x, i).div(cap);
      IntVector sign = v.reinterpretAsInts().and(Tanh.SIGN);
      FloatVector y = v.abs().mul(-2f).max(Tanh.LEAST);
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
      x[i] = Tanh.tanh(x[i] / cap) * cap;
    }
  }
}
