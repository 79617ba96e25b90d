package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD213PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VFNMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPABSB;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPADDW;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPBLENDW;
import static org.folkmoot.kernel.machine.VectorOp.VPMADDUBSW;
import static org.folkmoot.kernel.machine.VectorOp.VPMADDWD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVSXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXWD;
import static org.folkmoot.kernel.machine.VectorOp.VPORD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFB;
import static org.folkmoot.kernel.machine.VectorOp.VPSIGNB;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLW;
import static org.folkmoot.kernel.machine.VectorOp.VPSRLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;

/**
 * One block of 32 columns and eight rows in {@link PairProductCode}. {@code VPMADDUBSW} multiplies
 * four columns of each row, unsigned, by four of a token and adds neighbours in 16 bits, where it
 * saturates; {@code VPMADDWD} multiplies those sums by the rows' integer scales, or by one, and
 * adds neighbours in 32.
 *
 * <p>Nothing saturates or overflows. An activation's magnitude is at most 127, so with weights up
 * to {@code most} each instruction gives at most {@code 2·127·most}, and {@link #chain} of them are
 * added in 16 bits: {@code 8·3,810} for four bits, {@code 4·7,874} for five, {@code 2·16,002} for
 * six, all below 2^15. Weights of eight bits are multiplied by their magnitude, the activation
 * getting their sign instead: {@code 2·127·128 = 32,512}.
 */
final class PairBlockCode {
  /** Vectors of constants on the stack. */
  static final int CONSTANTS = 4;

  // Vector registers; the lower eight are the tokens' sums.
  private static final int WEIGHTS = 8;
  private static final int PRODUCT = 12;
  private static final int OTHER = 13;
  private static final int SCALE = 14;
  private static final int LOW_MASK = 15;

  // The same, once weights are no longer needed.
  private static final int FACTOR = 8;
  private static final int LEAST = 9;
  private static final int MINIMUMS = 10;

  private final VectorCode v;
  private final Assembler a;
  private final PackedLayout layout;
  private final TensorType type;
  private final boolean table;
  private final int tokens;
  private final int constants;

  /** Whether weights are signed, as those of eight bits are here. */
  private final boolean signed;

  /** Whether the two halves of a block have scales of their own. */
  private final boolean halves;

  /** Groups of four columns whose products may be added in 16 bits. */
  private final int chain;

  /**
   * Reads {@code rax} the rows' words, {@code rbx} their integer scales, {@code rdx} their binary16
   * scales, {@code r11} the panel's record; adds to the sums at {@code rcx}.
   *
   * @param constants where they lie on the stack
   */
  PairBlockCode(VectorCode v, PackedLayout layout, TensorType type, int tokens, int constants) {
    this.v = v;
    this.a = v.code();
    this.layout = layout;
    this.type = type;
    this.table = type.hasTable();
    this.tokens = tokens;
    this.constants = constants;
    this.signed = table || layout.lowBits() == 8;
    this.halves = layout.secondScale() != 0;
    int most = (1 << (layout.lowBits() + layout.highBits())) - 1;
    this.chain = signed ? 1 : Math.min(halves ? 4 : 8, Short.MAX_VALUE / (2 * 127 * most));
  }

  private Memory constant(int number) {
    return Memory.at(RSP, constants + number * 32);
  }

  private Memory highMask() {
    return constant(0);
  }

  private Memory lowerHalves() {
    return constant(1);
  }

  private Memory table() {
    return constant(2);
  }

  /** What an activation's sum is multiplied by to be taken away, twice in 16 bits. */
  private Memory zero() {
    return constant(3);
  }

  /** Makes the constants. */
  void constants() {
    keep(highMask(), 0x0101_0101 * (((1 << layout.highBits()) - 1) << layout.lowBits()));
    keep(lowerHalves(), layout.nibbles() ? 15 : 0xffff);
    keep(zero(), 0x0001_0001 * layout.zero());
    if (table) {
      for (int i = 0; i < 32; i += 4) {
        int four = 0;
        for (int j = 0; j < 4; j++) {
          four |= (SuperBlocks.table(type)[(i + j) % 16] & 255) << (8 * j);
        }
        a.mov(RAX, four);
        a.store32(Memory.at(RSP, constants + 2 * 32 + i), RAX);
      }
    }
    if (layout.scaleRows() == 0) {
      v.constant(SCALE, 0x0001_0001);
    }
    v.constant(
        LOW_MASK,
        layout.lowBits() == 8 ? SuperBlocks.SIGNS : 0x0101_0101 * ((1 << layout.lowBits()) - 1));
  }

  private void keep(Memory to, int bits) {
    v.constant(0, bits);
    v.op(VMOVDQU32_STORE, 0, 0, to);
  }

  private Memory number(int number, int t) {
    return Memory.at(R11, TokenRecords.at(number, tokens, t));
  }

  private Memory activations(int t, int group) {
    return Memory.at(R11, 32 * t + 4 * group);
  }

  /** All of a block: integer sums, then the step of the rows' floats. */
  void rows() {
    if (layout.scaleRows() > 0) {
      scales(0);
    }
    if (signed) {
      signedColumns();
    } else if (chain == 8) {
      longColumns();
    } else {
      columns();
    }
    if (!signed && layout.zero() != 0) {
      takeZero();
    }
    step();
  }

  /** The rows' integer scales, twice in 16 bits. */
  private void scales(int row) {
    bytes(SCALE, row);
    if (layout.nibbles()) {
      v.op(VPANDD, SCALE, SCALE, lowerHalves());
    }
    pair(SCALE, SCALE, OTHER);
  }

  /** Eight rows' bytes, widened. */
  private void bytes(int to, int row) {
    v.op(VPMOVSXBD, to, 0, Memory.at(RBX, row * PackedLayout.ROWS));
  }

  /** {@code first} in the lower 16 bits of each lane, {@code second} in the upper ones. */
  private void pair(int first, int second, int spare) {
    v.op(VPSLLD, spare, 0, second, 16);
    v.op(VPBLENDW, first, first, spare, 0xaa);
  }

  /** Weights of four columns. */
  private void weights(int to, int group) {
    int perWord = 8 / layout.lowBits();
    Memory low = word(layout.lowAt(), group / perWord);
    int shift = layout.lowBits() * (group % perWord);
    if (layout.lowBits() == 8) {
      v.op(VPXORD, to, LOW_MASK, low);
      return;
    }
    if (shift == 0) {
      v.op(VPANDD, to, LOW_MASK, low);
    } else {
      v.op(VMOVDQU32, to, 0, low);
      v.op(VPSRLD, to, 0, to, shift);
      v.op(VPANDD, to, to, LOW_MASK);
    }
    if (table) {
      v.op(VMOVDQU32, PRODUCT, 0, table());
      v.op(VPSHUFB, to, PRODUCT, to);
    }
    if (layout.highBits() > 0) {
      int highPerWord = 8 / layout.highBits();
      v.op(VMOVDQU32, PRODUCT, 0, word(layout.highAt(), group / highPerWord));
      int by = layout.highBits() * (group % highPerWord) - layout.lowBits();
      if (by != 0) {
        v.op(by > 0 ? VPSRLD : VPSLLD, PRODUCT, 0, PRODUCT, Math.abs(by));
      }
      v.op(VPANDD, PRODUCT, PRODUCT, highMask());
      v.op(VPORD, to, to, PRODUCT);
    }
  }

  private static Memory word(int at, int word) {
    return Memory.at(RAX, at + word * 4 * PackedLayout.ROWS);
  }

  private void signedColumns() {
    for (int group = 0; group < 8; group++) {
      weights(WEIGHTS, group);
      v.op(VPABSB, WEIGHTS + 1, 0, WEIGHTS);
      for (int t = 0; t < tokens; t++) {
        v.every(OTHER, activations(t, group));
        v.op(VPSIGNB, OTHER, OTHER, WEIGHTS);
        v.op(VPMADDUBSW, PRODUCT, WEIGHTS + 1, OTHER);
        add(t, group == 0);
      }
    }
  }

  /** Products of four bits, which a whole block's fit 16 bits of. */
  private void longColumns() {
    for (int from = 0; from < 8; from += 4) {
      for (int i = 0; i < 4; i++) {
        weights(WEIGHTS + i, from + i);
      }
      for (int t = 0; t < tokens; t++) {
        products(t, t, from, 4, from == 0);
      }
    }
    for (int t = 0; t < tokens; t++) {
      v.op(VPMADDWD, t, t, SCALE);
    }
  }

  private void columns() {
    for (int from = 0; from < 8; from += chain) {
      if (halves && from == 4) {
        scales(layout.secondScale());
      }
      for (int i = 0; i < chain; i++) {
        weights(WEIGHTS + i, from + i);
      }
      for (int t = 0; t < tokens; t++) {
        products(PRODUCT, t, from, chain, true);
        add(t, from == 0);
      }
    }
  }

  /** Adds the products of some groups with a token in 16 bits. */
  private void products(int to, int t, int from, int count, boolean first) {
    for (int i = 0; i < count; i++) {
      v.every(OTHER, activations(t, from + i));
      if (first && i == 0) {
        v.op(VPMADDUBSW, to, WEIGHTS, OTHER);
      } else {
        v.op(VPMADDUBSW, OTHER, WEIGHTS + i, OTHER);
        v.op(VPADDW, to, to, OTHER);
      }
    }
  }

  /** Adds products of 16 bits to a token's sum. */
  private void add(int t, boolean first) {
    if (first) {
      v.op(VPMADDWD, t, PRODUCT, SCALE);
    } else {
      v.op(VPMADDWD, PRODUCT, PRODUCT, SCALE);
      v.op(VPADDD, t, t, PRODUCT);
    }
  }

  /** Takes away what the weights' zero has added: {@code zero · scale · qsum}. */
  private void takeZero() {
    if (halves) { // both scales, times the zero, a power of two: at most 128 · 32
      bytes(WEIGHTS, 0);
      bytes(WEIGHTS + 1, layout.secondScale());
      pair(WEIGHTS, WEIGHTS + 1, OTHER);
      v.op(VPSLLW, WEIGHTS, 0, WEIGHTS, Integer.numberOfTrailingZeros(layout.zero()));
    } else {
      v.op(VMOVDQU32, WEIGHTS, 0, zero());
    }
    for (int t = 0; t < tokens; t++) {
      v.every(OTHER, number(TokenRecords.SUM_PAIR, t));
      v.op(VPMADDWD, OTHER, OTHER, WEIGHTS);
      v.op(VPSUBD, t, t, OTHER);
    }
  }

  /** {@code acc = fma((float) isum, d * dx, acc)}, and the minimum's step. */
  private void step() {
    if (type.hasPowerOfTwo()) {
      v.op(VPMOVZXWD, FACTOR, 0, Memory.at(RDX, 0));
      v.op(VPSLLD, FACTOR, 0, FACTOR, 16);
    } else {
      v.op(VCVTPH2PS, FACTOR, 0, Memory.at(RDX, 0));
    }
    if (layout.minimums()) {
      v.op(VCVTPH2PS, LEAST, 0, Memory.at(RDX, 2 * PackedLayout.ROWS));
      if (layout.scaleRows() > 0) {
        minimums();
      }
    }
    for (int t = 0; t < tokens; t++) {
      Memory sum = Memory.at(RCX, 32 * t);
      v.op(VCVTDQ2PS, t, 0, t);
      v.every(OTHER, number(TokenRecords.DX, t));
      v.op(VMULPS, PRODUCT, FACTOR, OTHER);
      v.op(VFMADD213PS, t, PRODUCT, sum);
      if (layout.minimums()) {
        v.op(VMULPS, OTHER, LEAST, OTHER);
        if (layout.scaleRows() > 0) {
          v.every(PRODUCT, number(TokenRecords.SUM_PAIR, t));
          v.op(VPMADDWD, PRODUCT, PRODUCT, MINIMUMS);
          v.op(VCVTDQ2PS, PRODUCT, 0, PRODUCT);
          v.op(VFNMADD231PS, t, PRODUCT, OTHER);
        } else {
          v.every(PRODUCT, number(TokenRecords.SUM, t));
          v.op(VFMADD231PS, t, PRODUCT, OTHER);
        }
      }
      v.op(VMOVDQU32_STORE, t, 0, sum);
    }
  }

  /** The rows' integer minimums of both halves of a block, in 16 bits each. */
  private void minimums() {
    minimum(MINIMUMS, layout.firstMinimum());
    minimum(PRODUCT, layout.secondMinimum());
    pair(MINIMUMS, PRODUCT, OTHER);
  }

  private void minimum(int to, int row) {
    bytes(to, row);
    if (layout.nibbles()) {
      v.op(VPSLLD, to, 0, to, 24); // bytes were widened with their signs
      v.op(VPSRLD, to, 0, to, 28);
    }
  }
}
