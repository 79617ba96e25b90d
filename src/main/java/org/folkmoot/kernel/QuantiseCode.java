package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVSS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXUD;
import static org.folkmoot.kernel.machine.VectorOp.VPMINSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRAD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSHUFI32X4;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * Rule 2's quantisation of one token's row as machine code: {@code rdi} the row, {@code rsi} its
 * panel's records, {@code rcx} the number of blocks, {@code r8} the panel's tokens, {@code r9}
 * which of them. Gives the bits of the largest magnitude.
 */
final class QuantiseCode {
  private static final int WORST = 31;
  private static final int MAGNITUDE = 30;
  private static final int DIVISOR = 29;
  private static final int ONE = 28;
  private static final int BELOW_NEGLIGIBLE = 27;
  private static final int MOST = 26;
  private static final int LEAST = 25;
  private static final int ZERO = 24;

  private final Assembler a = new Assembler();

  private QuantiseCode() {}

  static byte[] assemble() {
    return new QuantiseCode().all();
  }

  private byte[] all() {
    constant(MAGNITUDE, 0x7fff_ffff);
    constant(DIVISOR, Float.floatToRawIntBits(127));
    constant(ONE, Float.floatToRawIntBits(1));
    constant(BELOW_NEGLIGIBLE, Float.floatToRawIntBits(Activations.NEGLIGIBLE) - 1);
    constant(MOST, 127);
    constant(LEAST, -127);
    op(VPXORD, ZERO, ZERO, ZERO);
    op(VPXORD, WORST, WORST, WORST);
    a.imul(RAX, R9, 32); // this token's bytes
    a.mov(RDX, RSI);
    a.imul(R10, R8, 32); // and its numbers, which lie r8 bytes apart
    a.add(RDX, R10);
    a.add(RSI, RAX);
    a.imul(RAX, R9, 4);
    a.add(RDX, RAX);
    a.imul(R10, R8, TokenRecords.BYTES);
    a.imul(R8, R8, 4);
    int block = a.here();
    block();
    a.add(RDI, 128);
    a.add(RSI, R10);
    a.add(RDX, R10);
    a.sub(RCX, 1);
    a.jumpIfNotZero(block);
    a.first(RAX, WORST);
    a.vzeroupper();
    a.ret();
    return a.code();
  }

  private void constant(int to, int bits) {
    a.mov(RAX, bits);
    a.broadcast(W512, to, RAX);
  }

  private void op(VectorOp op, int to, int x, int y) {
    a.vector(op, W512, to, x, y);
  }

  private void block() {
    a.vector(VMOVDQU32, W512, 0, 0, Memory.at(RDI, 0));
    a.vector(VMOVDQU32, W512, 1, 0, Memory.at(RDI, 64));
    op(VPANDD, 2, 0, MAGNITUDE);
    op(VPANDD, 3, 1, MAGNITUDE);
    op(VPMAXUD, 2, 2, 3); // magnitudes order as their bits do
    overLanes(VPMAXUD, 2, 3);
    op(VPMAXUD, WORST, WORST, 2);
    op(VPSUBD, 4, BELOW_NEGLIGIBLE, 2); // negative if it is not negligible: all bits
    a.vector(VPSRAD, W512, 4, 0, 4, 31);
    op(VDIVPS, 5, 2, DIVISOR); // dx
    op(VDIVPS, 6, ONE, 5);
    for (int i = 0; i < 2; i++) {
      op(VMULPS, i, i, 6);
      op(VCVTPS2DQ, i, 0, i);
      op(VPMAXSD, i, i, LEAST);
      op(VPMINSD, i, i, MOST);
      op(VPANDD, i, i, 4);
      a.vector(VPMOVDB_STORE, W512, i, 0, Memory.at(RSI, 16 * i));
      overLanes(VPADDD, i, 3);
    }
    op(VPANDD, 5, 5, 4);
    op(VPADDD, 2, 0, 1);
    op(VPSUBD, 7, ZERO, 2);
    op(VCVTDQ2PS, 8, 0, 2);
    op(VPSUBD, 9, ZERO, 0);
    op(VPSUBD, 10, ZERO, 1);
    a.mov(RAX, RDX);
    for (int number : new int[] {5, 7, 8, 9, 10}) { // the order of TokenRecords
      a.vector(VMOVSS_STORE, VectorOp.Width.W128, number, 0, Memory.at(RAX, 0));
      a.add(RAX, R8);
    }
  }

  /** Every lane gets the sum, or whatever {@code op} makes, of all: for integers in any order. */
  private void overLanes(VectorOp op, int x, int spare) {
    a.vector(VSHUFI32X4, W512, spare, x, x, 0x4e);
    op(op, x, x, spare);
    a.vector(VSHUFI32X4, W512, spare, x, x, 0xb1);
    op(op, x, x, spare);
    a.vector(VPSHUFD, W512, spare, 0, x, 0x4e);
    op(op, x, x, spare);
    a.vector(VPSHUFD, W512, spare, 0, x, 0xb1);
    op(op, x, x, spare);
  }
}
