package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R12;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R13;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R8;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R9;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RAX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBP;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RBX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RCX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDI;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RDX;
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSI;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPGATHERDD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDW_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMULLD;
import static org.folkmoot.kernel.machine.VectorOp.VPORD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRLD;
import static org.folkmoot.kernel.machine.VectorOp.VPTESTNMD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * What {@link Packing} does, as machine code: in a JVM that has just started Java is interpreted,
 * and a model of 100 MB would take seconds. Four bytes of each of sixteen rows are gathered into a
 * vector at a time.
 *
 * <p>Parameters: {@code rdi} rows as GGML stores them, {@code rsi} the tile, {@code rcx} the blocks
 * of a row, {@code r8} the bytes of a row, {@code r9} a bit for each row that there is. Gives
 * something else than 0 if a scale is not finite.
 */
final class RepackCode {
  private static final int OFFSETS = 31;
  private static final int LOW_MASK = 30;
  private static final int HIGH_MASK = 29;
  private static final int EXPONENT = 28;
  private static final int SIGNS = 27;
  private static final int SPREAD = 26;
  private static final int BIAS = 25;

  /** Integer scales as they are stored. */
  private static final int STORED = 16;

  private final Assembler a = new Assembler();
  private final TensorType type;
  private final PackedLayout layout;

  private RepackCode(TensorType type) {
    this.type = type;
    this.layout = PackedLayout.of(type);
  }

  static byte[] assemble(TensorType type) {
    return new RepackCode(type).all();
  }

  private byte[] all() {
    for (Assembler.Gpr saved : new Assembler.Gpr[] {RBX, RBP, R12, R13}) {
      a.push(saved);
    }
    constants();
    offsets();
    a.mov(RDX, RSI); // words, binary16 scales, bytes: a half's parts of a tile lie at offsets
    a.mov(R10, RSI); // that differ
    a.imul(R8, R8, 16);
    a.mov(R11, 2);
    int half = a.here();
    a.kmov(1, R9);
    a.mov(RAX, RDI);
    a.mov(RBX, RSI);
    a.mov(RBP, RDX);
    a.mov(R12, R10);
    a.mov(R13, RCX);
    int block = a.here();
    superBlock();
    a.add(RAX, type.blockBytes());
    for (Assembler.Gpr to : new Assembler.Gpr[] {RBX, RBP, R12}) {
      a.add(to, layout.superBytes());
    }
    a.sub(R13, 1);
    a.jumpIfNotZero(block);
    a.add(RDI, R8);
    a.add(RSI, 64);
    a.add(RDX, 32);
    a.add(R10, 16);
    a.shr(R9, 16);
    a.sub(R11, 1);
    a.jumpIfNotZero(half);
    a.kmov(RAX, 3);
    a.vzeroupper();
    for (Assembler.Gpr saved : new Assembler.Gpr[] {R13, R12, RBP, RBX}) {
      a.pop(saved);
    }
    a.ret();
    return a.code();
  }

  private void constants() {
    constant(LOW_MASK, 0x0101_0101 * ((1 << layout.lowBits()) - 1));
    constant(HIGH_MASK, 0x0101_0101 * ((1 << layout.highBits()) - 1));
    constant(EXPONENT, 0x7c00);
    constant(SIGNS, SuperBlocks.SIGNS);
    constant(SPREAD, SuperBlocks.SPREAD);
    constant(BIAS, -32);
    a.mov(RAX, 0);
    a.kmov(3, RAX);
  }

  private void constant(int to, int bits) {
    a.mov(RAX, bits);
    a.broadcast(W512, to, RAX);
  }

  /** Lane {@code i} gets {@code i} times the bytes of a row. */
  private void offsets() {
    op(VPXORD, OFFSETS, OFFSETS, OFFSETS);
    int[] lanes = {0xaaaa, 0xcccc, 0xf0f0, 0xff00};
    for (int bit = 0; bit < 4; bit++) {
      a.mov(RAX, lanes[bit]);
      a.kmov(1, RAX);
      a.imul(RAX, R8, 1 << bit);
      a.broadcast(W512, 0, RAX);
      a.masked(VPADDD, W512, 1, OFFSETS, OFFSETS, 0);
    }
  }

  private void op(VectorOp op, int to, int x, int y) {
    a.vector(op, W512, to, x, y);
  }

  /** Four bytes of every row. */
  private void gather(int to, int at) {
    op(VPXORD, to, to, to);
    a.kmov(2, 1);
    a.masked(VPGATHERDD, W512, 2, to, 0, new Memory(RAX, OFFSETS, at));
  }

  private void shiftRight(int x, int by) {
    if (by != 0) {
      a.vector(by > 0 ? VPSRLD : VPSLLD, W512, x, 0, x, Math.abs(by));
    }
  }

  private void superBlock() {
    scales();
    loadIntegerScales();
    for (int block = 0; block < layout.blocks(); block++) {
      int to = layout.headBytes() + block * layout.blockBytes();
      integerScales(block, to);
      words(block, to + layout.lowAt(), layout.lowBits(), false);
      if (layout.highBits() > 0) {
        words(block, to + layout.highAt(), layout.highBits(), true);
      }
    }
  }

  /** The binary16 scales and minimums. A gather must not read past the last block. */
  private void scales() {
    int at = type.scaleOffset();
    if (layout.minimums() || at == 0) {
      gather(0, at);
    } else {
      gather(0, at - 2);
      shiftRight(0, 16);
    }
    half(0);
    if (layout.minimums()) {
      shiftRight(0, 16);
      half(2 * PackedLayout.ROWS);
    }
  }

  private void half(int to) {
    a.vector(VPMOVDW_STORE, W512, 0, 0, Memory.at(RBP, to));
    op(VPXORD, 1, 0, EXPONENT);
    op(VPTESTNMD, 2, 1, EXPONENT); // all bits of the exponent are set
    a.kor(3, 2);
  }

  /** The columns of a block, {@code bits} of each. */
  private void words(int block, int to, int bits, boolean high) {
    int perWord = 8 / bits;
    for (int k = 0; k < 8; k++) {
      int x = k % perWord == 0 ? 1 : 0;
      if (high) {
        high(x, block, k);
      } else {
        low(x, block, k);
      }
      shiftRight(x, -bits * (k % perWord));
      if (x == 0) {
        op(VPORD, 1, 1, 0);
      }
      if (k % perWord == perWord - 1) {
        int word = k / perWord;
        a.vector(VMOVDQU32_STORE, W512, 1, 0, Memory.at(RBX, to + word * 4 * PackedLayout.ROWS));
      }
    }
  }

  private void low(int x, int block, int k) {
    gather(x, SuperBlocks.lowAt(type, block, k));
    shiftRight(x, SuperBlocks.lowShift(type, block, k));
    if (type == TensorType.Q8_0) {
      op(VPXORD, x, x, SIGNS);
    } else {
      op(VPANDD, x, x, LOW_MASK);
    }
  }

  private void high(int x, int block, int k) {
    gather(x, SuperBlocks.highAt(type, block, k));
    if (type == TensorType.Q5_0 || type == TensorType.Q5_1) { // four neighbouring bits
      bits(x, x, SuperBlocks.highShift(type, block, k), 4);
      op(VPMULLD, x, x, SPREAD);
    } else {
      shiftRight(x, SuperBlocks.highShift(type, block, k));
    }
    op(VPANDD, x, x, HIGH_MASK);
  }

  /** {@code count} bits of each lane from {@code at} on. */
  private void bits(int to, int from, int at, int count) {
    a.vector(VPSLLD, W512, to, 0, from, 32 - at - count);
    a.vector(VPSRLD, W512, to, 0, to, 32 - count);
  }

  private void loadIntegerScales() {
    int from =
        switch (type) {
          case Q4_K, Q5_K -> 4;
          case Q6_K -> 192;
          case Q2_K, IQ4_XS -> 0;
          case Q3_K -> 96;
          case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL -> -1;
        };
    if (from >= 0) {
      int words = layout.secondScale() != 0 && type != TensorType.Q3_K ? 4 : 3;
      for (int i = 0; i < words; i++) {
        gather(STORED + i, from + 4 * i);
      }
    }
  }

  private void integerScales(int block, int to) {
    switch (type) {
      case Q4_K, Q5_K -> {
        six(STORED, 0, block);
        store(to);
        six(STORED + 1, 4, block);
        store(to + layout.firstMinimum() * PackedLayout.ROWS);
      }
      case Q6_K, Q2_K, Q3_K -> {
        for (int half = 0; half < 2; half++) {
          int part = 2 * block + half;
          if (type == TensorType.Q3_K) {
            bits(0, STORED + (part & 7) / 4, 8 * (part & 3) + (part & 8) / 2, 4);
            bits(1, STORED + 2, 8 * (part & 3) + 2 * (part >> 2), 2);
            a.vector(VPSLLD, W512, 1, 0, 1, 4);
            op(VPORD, 0, 0, 1);
            op(VPADDD, 0, 0, BIAS);
          } else { // of Q2_K the minimum, too
            bits(0, STORED + part / 4, 8 * (part & 3), 8);
          }
          store(to + half * layout.secondScale() * PackedLayout.ROWS);
        }
      }
      case IQ4_XS -> { // the upper bits stand behind the binary16 scale
        bits(0, STORED + 1, 4 * block, 4);
        bits(1, STORED, 16 + 2 * block, 2);
        a.vector(VPSLLD, W512, 1, 0, 1, 4);
        op(VPORD, 0, 0, 1);
        op(VPADDD, 0, 0, BIAS);
        store(to);
      }
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL -> {}
    }
  }

  /** One of eight numbers of six bits, see {@link SuperBlocks}. */
  private void six(int from, int shift, int j) {
    if (j < 4) {
      bits(0, from, 8 * j, 6);
      return;
    }
    bits(0, STORED + 2, 8 * (j - 4) + shift, 4);
    bits(1, from, 8 * (j - 4) + 6, 2);
    a.vector(VPSLLD, W512, 1, 0, 1, 4);
    op(VPORD, 0, 0, 1);
  }

  private void store(int to) {
    a.vector(VPMOVDB_STORE, W512, 0, 0, Memory.at(R12, to));
  }
}
