package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VCMPPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD213PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMINPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSUBPS;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

/** Rule 6 ({@link Exp}) in machine code. Its constants take fourteen vector registers. */
final class ExpCode {
  private static final int LESS = 1;
  private static final int MASK = 3;
  private static final float[] CONSTANTS = {
    Exp.LEAST,
    Exp.MOST,
    Exp.LOG2_E,
    Exp.ROUNDER,
    Exp.MINUS_LN2_HIGH,
    Exp.MINUS_LN2_LOW,
    Exp.C7,
    Exp.C6,
    Exp.C5,
    Exp.C4,
    Exp.C3,
    Exp.C2,
    1f
  };

  private final VectorCode a;
  private final int first;

  /**
   * Loads the constants.
   *
   * @param first the first of their registers
   */
  ExpCode(VectorCode a, int first) {
    this.a = a;
    this.first = first;
    for (int i = 0; i < CONSTANTS.length; i++) {
      a.constant(first + i, CONSTANTS[i]);
    }
    a.constant(first + CONSTANTS.length, 127);
  }

  /**
   * {@code x = e^x}. Uses mask register 3.
   *
   * @param spare the first of three registers that are free
   */
  void exp(int x, int spare) {
    int n = spare;
    int p = spare + 1;
    int r = spare + 2;
    a.code().vector(VCMPPS, W512, MASK, x, first, LESS);
    a.op(VMINPS, x, first + 1, x); // what is no number stays so
    a.op(VMULPS, n, x, first + 2);
    a.op(VADDPS, n, n, first + 3);
    a.op(VSUBPS, n, n, first + 3);
    a.op(VMOVDQU32, r, 0, x);
    a.op(VFMADD231PS, r, n, first + 4);
    a.op(VFMADD231PS, r, n, first + 5);
    a.op(VMOVDQU32, p, 0, first + 6);
    for (int c = 7; c < 12; c++) {
      a.op(VFMADD213PS, p, r, first + c);
    }
    a.op(VFMADD213PS, p, r, first + 12);
    a.op(VFMADD213PS, p, r, first + 12);
    a.op(VCVTPS2DQ, n, 0, n);
    a.op(VPADDD, n, n, first + 13);
    a.code().vector(VPSLLD, W512, n, 0, n, 23);
    a.op(VMULPS, x, p, n);
    a.code().masked(VPXORD, W512, MASK, x, x, x);
  }
}
