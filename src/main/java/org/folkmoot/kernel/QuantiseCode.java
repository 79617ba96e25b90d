package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPS2DQ;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVSS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPACKSSDW;
import static org.folkmoot.kernel.machine.VectorOp.VPACKSSWB;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPBLENDW;
import static org.folkmoot.kernel.machine.VectorOp.VPERMD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMAXUD;
import static org.folkmoot.kernel.machine.VectorOp.VPMINSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRAD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * Rule 2's quantisation of one token's row as machine code: {@code rdi} the row, {@code rsi} its
 * panel's records, {@code rcx} the number of blocks, {@code r8} the panel's tokens, {@code r9}
 * which of them. Gives the bits of the largest magnitude.
 */
final class QuantiseCode {
  private static final int WORST = 15;
  private static final int MAGNITUDE = 14;
  private static final int DIVISOR = 13;
  private static final int ONE = 12;
  private static final int BELOW_NEGLIGIBLE = 11;
  private static final int MOST = 10;
  private static final int LEAST = 9;

  /** Where 128-bit lanes' quarters belong, once bytes have been packed in each for itself. */
  private static final int ORDER = 8;

  // The columns are in the lowest registers.
  private static final int AMAX = 4;
  private static final int COUNTS = 5;
  private static final int DX = 6;
  private static final int SPARE = 7;

  private final Tier tier;
  private final VectorCode v;
  private final Assembler a;

  /** Vectors of a block. */
  private final int vectors;

  private QuantiseCode(Tier tier) {
    this.tier = tier;
    this.v = new VectorCode(tier);
    this.a = v.code();
    this.vectors = 32 / tier.lanes();
  }

  static byte[] assemble(Tier tier) {
    return new QuantiseCode(tier).all();
  }

  private byte[] all() {
    v.constant(MAGNITUDE, 0x7fff_ffff);
    v.constant(DIVISOR, 127f);
    v.constant(ONE, 1f);
    v.constant(BELOW_NEGLIGIBLE, Float.floatToRawIntBits(Activations.NEGLIGIBLE) - 1);
    v.constant(MOST, 127);
    v.constant(LEAST, -127);
    v.op(VPXORD, WORST, WORST, WORST);
    a.imul(RAX, R9, 32); // this token's bytes
    a.mov(RDX, RSI);
    a.imul(R10, R8, 32); // and its numbers, which lie r8 bytes apart
    a.add(RDX, R10);
    if (!tier.hasMasks()) {
      order();
    }
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

  /** Lanes 0, 4, 1, 5, 2, 6, 3, 7, by way of the eight bytes below the stack's end. */
  private void order() {
    a.mov(R10, 0x0501_0400);
    a.store32(Memory.at(RSP, -8), R10);
    a.mov(R10, 0x0703_0602);
    a.store32(Memory.at(RSP, -4), R10);
    v.op(VPMOVZXBD, ORDER, 0, Memory.at(RSP, -8));
  }

  private void block() {
    for (int i = 0; i < vectors; i++) {
      v.op(VMOVDQU32, i, 0, Memory.at(RDI, 4 * tier.lanes() * i));
    }
    v.op(VPANDD, AMAX, 0, MAGNITUDE);
    for (int i = 1; i < vectors; i++) {
      v.op(VPANDD, SPARE, i, MAGNITUDE);
      v.op(VPMAXUD, AMAX, AMAX, SPARE); // magnitudes order as their bits do
    }
    v.overLanes(VPMAXUD, AMAX, SPARE);
    v.op(VPMAXUD, WORST, WORST, AMAX);
    v.op(VPSUBD, COUNTS, BELOW_NEGLIGIBLE, AMAX); // negative if it is not negligible: all bits
    v.op(VPSRAD, COUNTS, 0, COUNTS, 31);
    v.op(VDIVPS, DX, AMAX, DIVISOR);
    v.op(VDIVPS, AMAX, ONE, DX);
    for (int i = 0; i < vectors; i++) {
      v.op(VMULPS, i, i, AMAX);
      v.op(VCVTPS2DQ, i, 0, i);
      v.op(VPMAXSD, i, i, LEAST);
      v.op(VPMINSD, i, i, MOST);
      v.op(VPANDD, i, i, COUNTS);
    }
    v.op(VPANDD, DX, DX, COUNTS);
    bytes();
    int[] numbers = tier.hasMasks() ? sums() : sumPair();
    a.mov(RAX, RDX);
    for (int number : numbers) { // the order of TokenRecords
      a.vector(VMOVSS_STORE, VectorOp.Width.W128, number, 0, Memory.at(RAX, 0));
      a.add(RAX, R8);
    }
  }

  private void bytes() {
    if (tier.hasMasks()) {
      for (int i = 0; i < vectors; i++) {
        v.op(VPMOVDB_STORE, i, 0, Memory.at(RSI, 16 * i));
      }
      return;
    }
    v.op(VPACKSSDW, SPARE, 0, 1);
    v.op(VPACKSSDW, COUNTS, 2, 3);
    v.op(VPACKSSWB, SPARE, SPARE, COUNTS);
    v.op(VPERMD, SPARE, ORDER, SPARE);
    v.op(VMOVDQU32_STORE, SPARE, 0, Memory.at(RSI, 0));
  }

  /** The registers of what a record has behind the bytes. */
  private int[] sums() {
    v.overLanes(VPADDD, 0, SPARE);
    v.overLanes(VPADDD, 1, SPARE);
    v.op(VPADDD, 2, 0, 1);
    v.op(VCVTDQ2PS, 3, 0, 2);
    v.op(VPXORD, SPARE, SPARE, SPARE);
    for (int i = 0; i < 3; i++) {
      v.op(VPSUBD, i, SPARE, i);
    }
    return new int[] {DX, 2, 3, 0, 1};
  }

  /** The same of {@link Tier#AVX2}, up to the pair. */
  private int[] sumPair() {
    v.op(VPADDD, 0, 0, 1);
    v.op(VPADDD, 1, 2, 3);
    v.overLanes(VPADDD, 0, SPARE);
    v.overLanes(VPADDD, 1, SPARE);
    v.op(VPADDD, 2, 0, 1);
    v.op(VCVTDQ2PS, 3, 0, 2);
    v.op(VPSLLD, 1, 0, 1, 16);
    v.op(VPBLENDW, 1, 0, 1, 0xaa);
    return new int[] {DX, 2, 3, 1};
  }
}
