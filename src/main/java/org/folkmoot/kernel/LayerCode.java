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
import static org.folkmoot.kernel.machine.VectorOp.VMASKMOVPS;
import static org.folkmoot.kernel.machine.VectorOp.VMASKMOVPS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMAXPS;
import static org.folkmoot.kernel.machine.VectorOp.VMINPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSQRTPS;

import java.util.function.IntConsumer;
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

  /** Without mask registers: what is left, in signs of two vectors. */
  private static final int REST_SIGNS = 13;

  private final VectorCode a;
  private final Assembler code;

  private LayerCode(Tier tier) {
    this.a = new VectorCode(tier);
    this.code = a.code();
  }

  /** {@code rdi += rsi}. */
  static byte[] add(Tier tier) {
    LayerCode it = new LayerCode(tier);
    it.overVectors(RDI, RSI, RDI, _ -> it.a.op(VADDPS, 0, 0, 1));
    return it.end();
  }

  /** {@code rdi = e^rdi}. */
  static byte[] exp(Tier tier) {
    LayerCode it = new LayerCode(tier);
    ExpCode exp = new ExpCode(it.a, 10);
    it.overVectors(RDI, null, RDI, _ -> exp.exp(0, 5));
    exp.end();
    return it.end();
  }

  /** SwiGLU: {@code rdi} the gate, {@code rsi} what it lets through, {@code rdx} the result. */
  static byte[] siluTimes(Tier tier) {
    LayerCode it = new LayerCode(tier);
    int signs = 3;
    int one = 4;
    ExpCode exp = new ExpCode(it.a, 10);
    it.a.constant(signs, Integer.MIN_VALUE);
    it.a.constant(one, 1f);
    return it.gated(exp, one, () -> it.a.op(VPXORD, 2, 0, signs));
  }

  /**
   * Divides register 0 by one more than {@code e} to the power of register 2, times register 1.
   *
   * @param exponent sets these from gate and rest
   */
  private byte[] gated(ExpCode exp, int one, Runnable exponent) {
    overVectors(
        RDI,
        RSI,
        RDX,
        _ -> {
          exponent.run();
          exp.exp(2, 5);
          a.op(VADDPS, 2, 2, one);
          a.op(VDIVPS, 0, 0, 2);
          a.op(VMULPS, 0, 0, 1);
        });
    exp.end();
    return end();
  }

  /** The clamped SwiGLU of gpt-oss, with the parameters of {@link #siluTimes}. */
  static byte[] clampedSiluTimes(Tier tier) {
    LayerCode it = new LayerCode(tier);
    int minusAlpha = 3;
    int one = 4;
    int limit = 9;
    int minusLimit = tier.hasMasks() ? 24 : 12;
    ExpCode exp = new ExpCode(it.a, 10);
    it.a.constant(minusAlpha, -Elementwise.ALPHA);
    it.a.constant(one, 1f);
    it.a.constant(limit, Elementwise.LIMIT);
    it.a.constant(minusLimit, -Elementwise.LIMIT);
    return it.gated(
        exp,
        one,
        () -> { // of minima and maxima, what is no number stays so
          it.a.op(VMINPS, 0, limit, 0);
          it.a.op(VMINPS, 1, limit, 1);
          it.a.op(VMAXPS, 1, minusLimit, 1);
          it.a.op(VADDPS, 1, 1, one);
          it.a.op(VMULPS, 2, 0, minusAlpha);
        });
  }

  /**
   * RMSNorm: {@code rdi} the row, {@code rsi} its weights, {@code rdx} the result; {@code r9} its
   * length and epsilon (upper half), both binary32. Gives the bits of the sum of squares.
   */
  static byte[] rmsNorm(Tier tier) {
    return new LayerCode(tier).norm();
  }

  private byte[] norm() {
    int sum = 4; // lanes 8 to 15 in the next, if they need one
    int scale = 6;
    a.op(VPXORD, sum, sum, sum);
    a.op(VPXORD, sum + 1, sum + 1, sum + 1);
    for (Gpr saved : new Gpr[] {RDI, RCX}) {
      code.push(saved);
    }
    overVectors(RDI, null, null, part -> a.op(VFMADD231PS, sum + part, 0, 0));
    for (Gpr saved : new Gpr[] {RCX, RDI}) {
      code.pop(saved);
    }
    if (a.vectors() > 1) {
      a.op(VADDPS, sum, sum, sum + 1);
    }
    a.overLanes(VADDPS, sum, 0); // rule 3's pairwise sum: 16, 8, 4, 2, 1
    code.broadcast(a.width(), 1, R9);
    a.op(VDIVPS, scale, sum, 1);
    code.shr(R9, 32);
    code.broadcast(a.width(), 1, R9);
    a.op(VADDPS, scale, scale, 1);
    a.op(VSQRTPS, scale, 0, scale);
    a.constant(1, 1f);
    a.op(VDIVPS, scale, 1, scale);
    overVectors(
        RDI,
        RSI,
        RDX,
        _ -> {
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
   *
   * @param work is told which part of sixteen numbers a vector holds
   */
  private void overVectors(Gpr first, @Nullable Gpr second, @Nullable Gpr to, IntConsumer work) {
    code.test(RCX);
    int none = code.jumpIfZero();
    int vector = code.here();
    for (int part = 0; part < a.vectors(); part++) {
      a.op(VMOVDQU32, 0, 0, Memory.at(first, 32 * part));
      if (second != null) {
        a.op(VMOVDQU32, 1, 0, Memory.at(second, 32 * part));
      }
      work.accept(part);
      if (to != null) {
        a.op(VMOVDQU32_STORE, 0, 0, Memory.at(to, 32 * part));
      }
    }
    code.add(first, 64);
    if (second != null) {
      code.add(second, 64);
    }
    if (to != null && to != first) {
      code.add(to, 64);
    }
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
    code.test(R8);
    int whole = code.jumpIfZero();
    if (a.hasMasks()) {
      code.kmov(REST, R8);
    } else {
      a.signs(REST_SIGNS, REST_SIGNS + 1, R8, 0);
    }
    for (int part = 0; part < a.vectors(); part++) {
      rest(0, part, first);
      if (second != null) {
        rest(1, part, second);
      }
      work.accept(part);
      if (to != null && a.hasMasks()) {
        code.masked(VMOVDQU32_STORE, a.width(), REST, 0, 0, Memory.at(to, 0));
      } else if (to != null) {
        a.op(VMASKMOVPS_STORE, 0, REST_SIGNS + part, Memory.at(to, 32 * part));
      }
    }
    code.land(whole);
  }

  /** What is left of an array. */
  private void rest(int to, int part, Gpr from) {
    if (a.hasMasks()) {
      a.op(VPXORD, to, to, to);
      code.masked(VMOVDQU32, a.width(), REST, to, 0, Memory.at(from, 0));
    } else {
      a.op(VMASKMOVPS, to, REST_SIGNS + part, Memory.at(from, 32 * part));
    }
  }
}
