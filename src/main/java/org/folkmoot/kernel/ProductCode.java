package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R12;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R13;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R14;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R15;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBP;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.VectorOp.VCVTDQ2PS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VFNMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPDPBUSD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVSXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXWD;
import static org.folkmoot.kernel.machine.VectorOp.VPMULLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFB;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPTERNLOGD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * Rule 2's matrix product of one format for a fixed number of tokens, as machine code. Sixteen rows
 * are the lanes of a vector; {@code VPDPBUSD} multiplies four columns of theirs by four of a token
 * and adds the products to the rows' integers, exactly.
 *
 * <p>Parameters: {@code rdi} tiles, {@code rsi} panels of token records, {@code rdx} outputs of the
 * first token and row, {@code rcx} the number of tiles and, in its upper half, which of their 32
 * rows count, {@code r8} the number of panels and, in its upper half, the bytes between two tokens'
 * outputs, {@code r9} the length of a row in blocks of the format.
 */
final class ProductCode {
  /** Rows of a vector. */
  private static final int LANES = 16;

  // Vector registers. Of the lower ones each row vector and token has its share.
  private static final int WEIGHTS = 31;
  private static final int HIGH = 30;
  private static final int LOW_MASK = 29;
  private static final int HIGH_MASK = 28;
  private static final int SCALE = 26;
  private static final int MINIMUM = 24;

  /** {@code a | (b & c)}. */
  private static final int OR_AND = 0xf8;

  private final Assembler a = new Assembler();
  private final PackedLayout layout;
  private final TensorType type;
  private final int tokens;

  /** Row vectors that are computed together: one where tokens are many enough to fill the time. */
  private final int together;

  ProductCode(PackedLayout layout, TensorType type, int tokens) {
    this.layout = layout;
    this.type = type;
    this.tokens = tokens;
    this.together = tokens <= 4 ? 2 : 1;
  }

  byte[] assemble() {
    for (Assembler.Gpr saved : new Assembler.Gpr[] {RBX, RBP, R12, R13, R14, R15}) {
      a.push(saved);
    }
    a.mov(RAX, RCX);
    a.shr(RAX, 32);
    a.kmov(1, RAX);
    a.shr(RAX, 16);
    a.kmov(2, RAX);
    a.keep32(RCX);
    a.mov(R14, R8);
    a.shr(R14, 32);
    a.keep32(R8);
    a.imul(R10, R9, layout.superBytes());
    constants();
    int tile = a.here();
    a.mov(R15, RSI);
    a.mov(RBX, RDX);
    a.mov(R13, R8);
    int panel = a.here();
    for (int half = 0; half < 2; half += together) {
      rowVectors(half);
    }
    a.mov(RBX, R12);
    a.mov(R15, R11);
    a.sub(R13, 1);
    a.jumpIfNotZero(panel);
    a.add(RDI, R10);
    a.add(RDX, 4 * PackedLayout.ROWS);
    a.sub(RCX, 1);
    a.jumpIfNotZero(tile);
    a.vzeroupper();
    a.mov(RAX, 0);
    for (Assembler.Gpr saved : new Assembler.Gpr[] {R15, R14, R13, R12, RBP, RBX}) {
      a.pop(saved);
    }
    a.ret();
    return a.code();
  }

  private void constants() {
    constant(LOW_MASK, 0x0101_0101 * ((1 << Math.min(layout.lowBits(), 7)) - 1));
    constant(HIGH_MASK, 0x0101_0101 * (((1 << layout.highBits()) - 1) << layout.lowBits()));
    if (type.hasTable()) { // a table of bytes instead, made unsigned
      for (int i = 0; i < 16; i += 4) {
        int four = 0;
        for (int j = 0; j < 4; j++) {
          four |= (SuperBlocks.table(type)[i + j] + layout.zero()) << (8 * j);
        }
        constant(HIGH, four);
        a.mov(RAX, 0x1111 << (i / 4));
        a.kmov(3, RAX);
        a.masked(VMOVDQU32, W512, 3, HIGH_MASK, 0, HIGH);
      }
    }
  }

  private void constant(int to, int bits) {
    a.mov(RAX, bits);
    a.broadcast(W512, to, RAX);
  }

  /** The vectors of rows from {@code half} on, for all blocks; then stores their sums. */
  private void rowVectors(int half) {
    a.mov(RAX, RDI);
    a.mov(R11, R15);
    a.mov(RBP, R9);
    for (int i = 0; i < together * tokens; i++) {
      op(VPXORD, i, i, i);
    }
    int superBlock = a.here();
    for (int r = 0; r < together; r++) {
      int at = 2 * LANES * (half + r);
      if (type.hasPowerOfTwo()) {
        a.vector(VPMOVZXWD, W512, SCALE + r, 0, Memory.at(RAX, at));
        a.vector(VPSLLD, W512, SCALE + r, 0, SCALE + r, 16);
      } else {
        a.vector(VCVTPH2PS, W512, SCALE + r, 0, Memory.at(RAX, at));
      }
      if (layout.minimums()) {
        a.vector(VCVTPH2PS, W512, MINIMUM + r, 0, Memory.at(RAX, 2 * PackedLayout.ROWS + at));
      }
    }
    a.add(RAX, layout.headBytes());
    if (layout.blocks() > 1) {
      a.mov(R12, layout.blocks());
    }
    int block = a.here();
    block(half);
    a.add(RAX, layout.blockBytes());
    a.add(R11, tokens * TokenRecords.BYTES);
    if (layout.blocks() > 1) {
      a.sub(R12, 1);
      a.jumpIfNotZero(block);
    }
    a.sub(RBP, 1);
    a.jumpIfNotZero(superBlock);
    a.mov(R12, RBX);
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < together; r++) {
        a.masked(
            VMOVDQU32_STORE,
            W512,
            1 + half + r,
            acc(r, t),
            0,
            Memory.at(R12, 4 * LANES * (half + r)));
      }
      a.add(R12, R14);
    }
  }

  private int acc(int r, int t) {
    return r * tokens + t;
  }

  private int sum(int r, int t) {
    return (together + r) * tokens + t;
  }

  /** The sum of the second half of a block, where halves have scales of their own. */
  private int second(int r, int t) {
    return (2 * together + r) * tokens + t;
  }

  private Memory number(int number, int t) {
    return Memory.at(R11, TokenRecords.at(number, tokens, t));
  }

  private void op(VectorOp op, int to, int x, int y) {
    a.vector(op, W512, to, x, y);
  }

  private void block(int half) {
    boolean halves = layout.secondScale() != 0;
    seed(false, halves ? TokenRecords.MINUS_FIRST : TokenRecords.MINUS_SUM);
    columns(half, 0, halves ? 4 : 8, false);
    if (layout.scaleRows() > 0) {
      scale(half, 0, false);
    }
    if (halves) {
      seed(true, TokenRecords.MINUS_SECOND);
      columns(half, 4, 8, true);
      scale(half, layout.secondScale(), true);
    }
    for (int r = 0; r < together; r++) {
      for (int t = 0; t < tokens; t++) {
        if (halves) {
          op(VPADDD, sum(r, t), sum(r, t), second(r, t));
        }
        op(VCVTDQ2PS, sum(r, t), 0, sum(r, t));
        a.broadcast(VMULPS, W512, WEIGHTS, SCALE + r, number(TokenRecords.DX, t));
        op(VFMADD231PS, acc(r, t), sum(r, t), WEIGHTS);
      }
    }
    if (layout.minimums()) {
      for (int r = 0; r < together; r++) {
        if (layout.scaleRows() > 0) {
          subMinimums(half, r);
        } else {
          minimums(r);
        }
      }
    }
  }

  /** Sums begin at what the weights' zero takes away: {@code -qsum · zero}, a power of two. */
  private void seed(boolean second, int number) {
    for (int t = 0; t < tokens; t++) {
      for (int r = 0; r < together; r++) {
        int to = second ? second(r, t) : sum(r, t);
        if (layout.zero() == 0) {
          op(VPXORD, to, to, to);
        } else {
          int shift = Integer.numberOfTrailingZeros(layout.zero());
          a.broadcast(VPSLLD, W512, to, number(number, t), shift);
        }
      }
    }
  }

  /** Groups {@code from} to {@code to} of four columns each. */
  private void columns(int half, int from, int to, boolean second) {
    for (int group = from; group < to; group++) {
      for (int r = 0; r < together; r++) {
        weights(half + r, group);
        for (int t = 0; t < tokens; t++) {
          int sum = second ? second(r, t) : sum(r, t);
          a.broadcast(VPDPBUSD, W512, sum, WEIGHTS, Memory.at(R11, 32 * t + 4 * group));
        }
      }
    }
  }

  /** Unpacks the unsigned weights of four columns of sixteen rows. */
  private void weights(int half, int group) {
    int perWord = 8 / layout.lowBits();
    Memory low = word(layout.lowAt(), group / perWord, half);
    int shift = layout.lowBits() * (group % perWord);
    if (layout.lowBits() == 8) {
      a.vector(VMOVDQU32, W512, WEIGHTS, 0, low);
      return;
    }
    if (shift == 0) {
      a.vector(VPANDD, W512, WEIGHTS, LOW_MASK, low);
    } else {
      shiftRight(WEIGHTS, low, shift);
      op(VPANDD, WEIGHTS, WEIGHTS, LOW_MASK);
    }
    if (type.hasTable()) {
      op(VPSHUFB, WEIGHTS, HIGH_MASK, WEIGHTS);
    }
    if (layout.highBits() > 0) {
      int highPerWord = 8 / layout.highBits();
      Memory high = word(layout.highAt(), group / highPerWord, half);
      shiftRight(HIGH, high, layout.highBits() * (group % highPerWord) - layout.lowBits());
      a.vector(VPTERNLOGD, W512, WEIGHTS, HIGH, HIGH_MASK, OR_AND);
    }
  }

  private static Memory word(int at, int word, int half) {
    return Memory.at(RAX, at + word * 4 * PackedLayout.ROWS + half * 4 * LANES);
  }

  private void shiftRight(int to, Memory from, int by) {
    if (by == 0) {
      a.vector(VMOVDQU32, W512, to, 0, from);
    } else {
      a.vector(by > 0 ? VPSRLD : VPSLLD, W512, to, from, Math.abs(by));
    }
  }

  /** Multiplies sums by the rows' integer scales. */
  private void scale(int half, int row, boolean second) {
    for (int r = 0; r < together; r++) {
      bytes(WEIGHTS, half + r, row);
      if (layout.nibbles()) {
        a.vector(VPSLLD, W512, WEIGHTS, 0, WEIGHTS, 28);
        a.vector(VPSRLD, W512, WEIGHTS, 0, WEIGHTS, 28);
      }
      for (int t = 0; t < tokens; t++) {
        int sum = second ? second(r, t) : sum(r, t);
        op(VPMULLD, sum, sum, WEIGHTS);
      }
    }
  }

  /** Sixteen rows' bytes, widened. */
  private void bytes(int to, int half, int row) {
    a.vector(VPMOVSXBD, W512, to, 0, Memory.at(RAX, row * PackedLayout.ROWS + half * LANES));
  }

  /** {@code acc = fma((float) qsum, m * dx, acc)}. */
  private void minimums(int r) {
    for (int t = 0; t < tokens; t++) {
      a.broadcast(VMULPS, W512, WEIGHTS, MINIMUM + r, number(TokenRecords.DX, t));
      a.broadcast(VFMADD231PS, W512, acc(r, t), WEIGHTS, number(TokenRecords.SUM, t));
    }
  }

  /** {@code acc = fma(-(float) (mn · qsum), dmin * dx, acc)}, or the same with two of each. */
  private void subMinimums(int half, int r) {
    boolean two = layout.secondMinimum() != layout.firstMinimum();
    minimum(WEIGHTS, half + r, layout.firstMinimum());
    if (two) {
      minimum(HIGH, half + r, layout.secondMinimum());
    }
    int product = sum(r, 0); // sums are no longer needed
    int other = second(0, 0);
    for (int t = 0; t < tokens; t++) {
      if (two) {
        a.broadcast(VPMULLD, W512, product, WEIGHTS, number(TokenRecords.MINUS_FIRST, t));
        a.broadcast(VPMULLD, W512, other, HIGH, number(TokenRecords.MINUS_SECOND, t));
        op(VPADDD, product, product, other);
      } else {
        a.broadcast(VPMULLD, W512, product, WEIGHTS, number(TokenRecords.MINUS_SUM, t));
      }
      op(VPXORD, other, other, other);
      op(VPSUBD, product, other, product);
      op(VCVTDQ2PS, product, 0, product);
      a.broadcast(VMULPS, W512, other, MINIMUM + r, number(TokenRecords.DX, t));
      op(VFNMADD231PS, acc(r, t), product, other);
    }
  }

  /** Sixteen rows' integer minimums. */
  private void minimum(int to, int half, int row) {
    bytes(to, half, row);
    if (layout.nibbles()) {
      a.vector(VPSLLD, W512, to, 0, to, 24); // bytes were widened with their signs
      a.vector(VPSRLD, W512, to, 0, to, 28);
    }
  }
}
