package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VANDNPS;
import static org.folkmoot.kernel.machine.VectorOp.VCMPPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD213PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMINPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSUBPS;

import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * Rule 6 ({@link Exp}) in machine code. Its constants take fourteen vector registers, or lie on the
 * stack.
 */
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
   * Loads the constants. Where there are only sixteen vector registers they lie on the stack, which
   * {@link #end} must give back; {@code r11} is its end as it was.
   *
   * @param first the first of their registers
   */
  ExpCode(VectorCode a, int first) {
    this.a = a;
    this.first = first;
    if (!a.hasMasks()) {
      a.code().mov(R11, RSP);
      a.code().add(RSP, -32 * (CONSTANTS.length + 1));
      a.code().and(RSP, -32);
    }
    for (int i = 0; i < CONSTANTS.length; i++) {
      constant(i, Float.floatToRawIntBits(CONSTANTS[i]));
    }
    constant(CONSTANTS.length, 127);
  }

  private void constant(int number, int bits) {
    if (a.hasMasks()) {
      a.constant(first + number, bits);
    } else {
      a.constant(0, bits);
      a.op(VMOVDQU32_STORE, 0, 0, Memory.at(RSP, 32 * number));
    }
  }

  /** Gives the stack back. */
  void end() {
    if (!a.hasMasks()) {
      a.code().mov(RSP, R11);
    }
  }

  /** {@code to = op(x, constant)}. */
  private void op(VectorOp op, int to, int x, int number) {
    if (a.hasMasks()) {
      a.op(op, to, x, first + number);
    } else {
      a.op(op, to, x, Memory.at(RSP, 32 * number));
    }
  }

  /**
   * {@code x = e^x}. Uses mask register 3.
   *
   * @param spare the first of three registers that are free, four without masks
   */
  void exp(int x, int spare) {
    int n = spare;
    int p = spare + 1;
    int r = spare + 2;
    int less = spare + 3;
    if (a.hasMasks()) {
      a.op(VCMPPS, MASK, x, first, LESS);
      a.op(VMINPS, x, first + 1, x); // what is no number stays so
    } else {
      a.code().vector(VCMPPS, a.width(), less, x, Memory.at(RSP, 0), LESS);
      op(VMOVDQU32, n, 0, 1);
      a.op(VMINPS, x, n, x);
    }
    op(VMULPS, n, x, 2);
    op(VADDPS, n, n, 3);
    op(VSUBPS, n, n, 3);
    a.op(VMOVDQU32, r, 0, x);
    op(VFMADD231PS, r, n, 4);
    op(VFMADD231PS, r, n, 5);
    op(VMOVDQU32, p, 0, 6);
    for (int c = 7; c < 12; c++) {
      op(VFMADD213PS, p, r, c);
    }
    op(VFMADD213PS, p, r, 12);
    op(VFMADD213PS, p, r, 12);
    a.op(VCVTPS2DQ, n, 0, n);
    op(VPADDD, n, n, 13);
    a.op(VPSLLD, n, 0, n, 23);
    a.op(VMULPS, x, p, n);
    if (a.hasMasks()) {
      a.code().masked(VPXORD, a.width(), MASK, x, x, x);
    } else {
      a.op(VANDNPS, x, less, x);
    }
  }
}
