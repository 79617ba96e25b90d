package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSQRTPS;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Gpr;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.jspecify.annotations.Nullable;

/**
 * What {@link Elementwise} does, as machine code. Parameters: {@code rdi, rsi, rdx} arrays, {@code
 * rcx} how many whole vectors of 16, {@code r8} a mask of what is left behind them.
 */
final class LayerCode {
  private static final int REST = 2;
  private final VectorCode a = new VectorCode();
  private final Assembler code = a.code();

  private LayerCode() {}

  /** {@code rdi += rsi}. */
  static byte[] add() {
    LayerCode it = new LayerCode();
    it.overVectors(RDI, RSI, RDI, () -> it.a.op(VADDPS, 0, 0, 1));
    return it.end();
  }

  /** {@code rdi = e^rdi}. */
  static byte[] exp() {
    LayerCode it = new LayerCode();
    ExpCode exp = new ExpCode(it.a, 10);
    it.overVectors(RDI, null, RDI, () -> exp.exp(0, 5));
    return it.end();
  }

  /** SwiGLU: {@code rdi} the gate, {@code rsi} what it lets through, {@code rdx} the result. */
  static byte[] siluTimes() {
    LayerCode it = new LayerCode();
    int signs = 3;
    int one = 4;
    ExpCode exp = new ExpCode(it.a, 10);
    it.a.constant(signs, Integer.MIN_VALUE);
    it.a.constant(one, 1f);
    it.overVectors(
        RDI,
        RSI,
        RDX,
        () -> {
          it.a.op(VPXORD, 2, 0, signs);
          exp.exp(2, 5);
          it.a.op(VADDPS, 2, 2, one);
          it.a.op(VDIVPS, 0, 0, 2);
          it.a.op(VMULPS, 0, 0, 1);
        });
    return it.end();
  }

  /**
   * RMSNorm: {@code rdi} the row, {@code rsi} its weights, {@code rdx} the result; {@code r9} its
   * length and epsilon (upper half), both binary32. Gives the bits of the sum of squares.
   */
  static byte[] rmsNorm() {
    return new LayerCode().norm();
  }

  private byte[] norm() {
    int sum = 4;
    int scale = 5;
    a.op(VPXORD, sum, sum, sum);
    for (Gpr saved : new Gpr[] {RDI, RCX}) {
      code.push(saved);
    }
    overVectors(RDI, null, null, () -> a.op(VFMADD231PS, sum, 0, 0));
    for (Gpr saved : new Gpr[] {RCX, RDI}) {
      code.pop(saved);
    }
    a.overLanes(VADDPS, sum, 0); // rule 3's pairwise sum: 16, 8, 4, 2, 1
    code.broadcast(W512, 1, R9);
    a.op(VDIVPS, scale, sum, 1);
    code.shr(R9, 32);
    code.broadcast(W512, 1, R9);
    a.op(VADDPS, scale, scale, 1);
    a.op(VSQRTPS, scale, 0, scale);
    a.constant(1, 1f);
    a.op(VDIVPS, scale, 1, scale);
    overVectors(
        RDI,
        RSI,
        RDX,
        () -> {
          a.op(VMULPS, 0, 0, scale);
          a.op(VMULPS, 0, 0, 1);
        });
    code.first(RAX, sum);
    code.vzeroupper();
    code.ret();
    return code.code();
  }

  private byte[] end() {
    code.vzeroupper();
    code.mov(RAX, 0);
    code.ret();
    return code.code();
  }

  /**
   * Walks over arrays: registers 0 and 1 get vectors of the first two, register 0 goes into the
   * third. The lanes behind the last element are zero.
   */
  private void overVectors(Gpr first, @Nullable Gpr second, @Nullable Gpr to, Runnable work) {
    code.test(RCX);
    int none = code.jumpIfZero();
    int vector = code.here();
    code.vector(VMOVDQU32, W512, 0, 0, Memory.at(first, 0));
    if (second != null) {
      code.vector(VMOVDQU32, W512, 1, 0, Memory.at(second, 0));
      code.add(second, 64);
    }
    work.run();
    if (to != null) {
      code.vector(VMOVDQU32_STORE, W512, 0, 0, Memory.at(to, 0));
      if (to != first) {
        code.add(to, 64);
      }
    }
    code.add(first, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
    code.test(R8);
    int whole = code.jumpIfZero();
    code.kmov(REST, R8);
    a.op(VPXORD, 0, 0, 0);
    code.masked(VMOVDQU32, W512, REST, 0, 0, Memory.at(first, 0));
    if (second != null) {
      a.op(VPXORD, 1, 1, 1);
      code.masked(VMOVDQU32, W512, REST, 1, 0, Memory.at(second, 0));
    }
    work.run();
    if (to != null) {
      code.masked(VMOVDQU32_STORE, W512, REST, 0, 0, Memory.at(to, 0));
    }
    code.land(whole);
  }
}
