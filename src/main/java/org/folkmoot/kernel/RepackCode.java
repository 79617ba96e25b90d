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
import static org.folkmoot.kernel.machine.Assembler.Gpr.RSP;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVQ_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMOVSS_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPADDD;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPCMPEQD;
import static org.folkmoot.kernel.machine.VectorOp.VPERM2I128;
import static org.folkmoot.kernel.machine.VectorOp.VPGATHERDD;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDB_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVDW_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VPMOVZXBD;
import static org.folkmoot.kernel.machine.VectorOp.VPMULLD;
import static org.folkmoot.kernel.machine.VectorOp.VPORD;
import static org.folkmoot.kernel.machine.VectorOp.VPSHUFB;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLVD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSUBD;
import static org.folkmoot.kernel.machine.VectorOp.VPTESTNMD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.Width.W128;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Memory;
import org.folkmoot.kernel.machine.VectorOp;

/**
 * What {@link Packing} does, as machine code: in a JVM that has just started Java is interpreted,
 * and a model of 100 MB would take seconds. Four bytes of each of sixteen rows, or of eight, are
 * gathered into a vector at a time.
 *
 * <p>Parameters: {@code rdi} rows as GGML stores them, {@code rsi} the tile, {@code rcx} the blocks
 * of a row, {@code r8} the bytes of a row, {@code r9} a bit for each row that there is. Gives
 * something else than 0 if a scale is not finite.
 */
final class RepackCode {
  private static final int OFFSETS = 15;
  private static final int LOW_MASK = 14;
  private static final int HIGH_MASK = 13;
  private static final int EXPONENT = 12;
  private static final int SIGNS = 11;
  private static final int SPREAD = 10;
  private static final int BIAS = 9;

  /** Without mask registers: the rows that there are, in a vector's signs. */
  private static final int THERE = 8;

  /** Integer scales as they are stored. */
  private static final int STORED = 4;

  /** Four numbers for scales that are powers of two, beside which there are no integer ones. */
  private static final int POWERS = STORED;

  /** Without mask registers: not zero if a scale was not finite. */
  private static final int FAULTS = 3;

  /** Without mask registers: what a gather is still to get. */
  private static final int WANTED = 2;

  // Below the stack's end is memory that nobody else may write: 128 bytes.
  private static final Memory BYTES_TOGETHER = Memory.at(RSP, -32);
  private static final Memory HALVES_TOGETHER = Memory.at(RSP, -64);
  private static final Memory TO_SIGNS = Memory.at(RSP, -96);

  private final Tier tier;
  private final VectorCode v;
  private final Assembler a;
  private final TensorType type;
  private final PackedLayout layout;

  private RepackCode(Tier tier, TensorType type) {
    this.tier = tier;
    this.v = new VectorCode(tier);
    this.a = v.code();
    this.type = type;
    this.layout = PackedLayout.of(type);
  }

  static byte[] assemble(Tier tier, TensorType type) {
    return new RepackCode(tier, type).all();
  }

  private byte[] all() {
    for (Assembler.Gpr saved : new Assembler.Gpr[] {RBX, RBP, R12, R13}) {
      a.push(saved);
    }
    constants();
    offsets();
    a.mov(RDX, RSI); // words, binary16 scales, bytes: some rows' parts of a tile lie at offsets
    a.mov(R10, RSI); // that differ
    a.imul(R8, R8, tier.lanes());
    a.mov(R11, PackedLayout.ROWS / tier.lanes());
    int some = a.here();
    if (tier.hasMasks()) {
      a.kmov(1, R9);
    } else {
      a.broadcast(v.width(), THERE, R9);
      v.op(VPSLLVD, THERE, THERE, TO_SIGNS);
    }
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
    a.add(RSI, 4 * tier.lanes());
    a.add(RDX, 2 * tier.lanes());
    a.add(R10, tier.lanes());
    a.shr(R9, tier.lanes());
    a.sub(R11, 1);
    a.jumpIfNotZero(some);
    if (tier.hasMasks()) {
      a.kmov(RAX, 3);
    } else {
      v.overLanes(VPORD, FAULTS, 0);
      a.first(RAX, FAULTS);
    }
    a.vzeroupper();
    for (Assembler.Gpr saved : new Assembler.Gpr[] {R13, R12, RBP, RBX}) {
      a.pop(saved);
    }
    a.ret();
    return a.code();
  }

  private void constants() {
    v.constant(LOW_MASK, 0x0101_0101 * ((1 << layout.lowBits()) - 1));
    v.constant(HIGH_MASK, 0x0101_0101 * ((1 << layout.highBits()) - 1));
    v.constant(EXPONENT, 0x7c00);
    v.constant(SIGNS, SuperBlocks.SIGNS);
    v.constant(SPREAD, SuperBlocks.SPREAD);
    v.constant(BIAS, -32);
    if (type.hasPowerOfTwo()) {
      int[] numbers = {2, 0x60, 0xa0, 0x80};
      for (int i = 0; i < numbers.length; i++) {
        v.constant(POWERS + i, numbers[i]);
      }
    }
    if (tier.hasMasks()) {
      a.mov(RAX, 0);
      a.kmov(3, RAX);
      return;
    }
    v.op(VPXORD, FAULTS, FAULTS, FAULTS);
    for (int lane = 0; lane < 32; lane += 16) {
      bytesAt(-32 + lane, 0x0c08_0400, -1, -1, -1);
      bytesAt(-64 + lane, 0x0504_0100, 0x0d0c_0908, -1, -1);
    }
  }

  /** Writes below the stack's end. */
  private void bytesAt(int at, int... words) {
    for (int i = 0; i < words.length; i++) {
      a.mov(RAX, words[i]);
      a.store32(Memory.at(RSP, at + 4 * i), RAX);
    }
  }

  /** Lane {@code i} gets {@code i} times the bytes of a row. */
  private void offsets() {
    bytesAt(-112, 0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c);
    v.op(VPMOVZXBD, OFFSETS, 0, Memory.at(RSP, -112));
    if (!tier.hasMasks()) {
      v.constant(0, 31);
      op(VPSUBD, 0, 0, OFFSETS);
      v.op(VMOVDQU32_STORE, 0, 0, TO_SIGNS);
    }
    a.broadcast(v.width(), 0, R8);
    op(VPMULLD, OFFSETS, OFFSETS, 0);
  }

  private void op(VectorOp op, int to, int x, int y) {
    v.op(op, to, x, y);
  }

  /** Four bytes of every row. */
  private void gather(int to, int at) {
    Memory rows = new Memory(RAX, OFFSETS, at);
    op(VPXORD, to, to, to);
    if (tier.hasMasks()) {
      a.kmov(2, 1);
      a.masked(VPGATHERDD, v.width(), 2, to, 0, rows);
    } else {
      op(VMOVDQU32, WANTED, 0, THERE);
      v.op(VPGATHERDD, to, WANTED, rows);
    }
  }

  private void shiftRight(int x, int by) {
    if (by != 0) {
      v.op(by > 0 ? VPSRLD : VPSLLD, x, 0, x, Math.abs(by));
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
    if (type.hasPowerOfTwo()) {
      gather(0, at);
      bits(0, 0, 0, 8);
      upperHalf();
      storeHalf(0);
      return;
    }
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

  /**
   * {@link SuperBlocks#upperHalf} of each lane: {@code (e - 1) << 7}, and where {@code e} is below
   * two {@code 0xa0 - 0x60 e} more.
   */
  private void upperHalf() {
    op(VPSUBD, 1, 0, POWERS);
    v.op(VPSRLD, 1, 0, 1, 31); // one where e < 2
    op(VPMULLD, 2, 0, POWERS + 1);
    op(VPSUBD, 2, POWERS + 2, 2);
    op(VPMULLD, 1, 1, 2);
    v.op(VPSLLD, 0, 0, 0, 7);
    op(VPADDD, 0, 0, 1);
    op(VPSUBD, 0, 0, POWERS + 3);
  }

  /** Stores the lower halves of the lanes. */
  private void storeHalf(int to) {
    if (tier.hasMasks()) {
      v.op(VPMOVDW_STORE, 0, 0, Memory.at(RBP, to));
      return;
    }
    v.op(VPSHUFB, 1, 0, HALVES_TOGETHER);
    a.vector(VMOVQ_STORE, W128, 1, 0, Memory.at(RBP, to));
    v.op(VPERM2I128, 1, 1, 1, 1);
    a.vector(VMOVQ_STORE, W128, 1, 0, Memory.at(RBP, to + 8));
  }

  /** Stores them as binary16 numbers, which must be finite. */
  private void half(int to) {
    storeHalf(to);
    if (tier.hasMasks()) {
      op(VPXORD, 1, 0, EXPONENT);
      op(VPTESTNMD, 2, 1, EXPONENT); // all bits of the exponent are set
      a.kor(3, 2);
      return;
    }
    op(VPANDD, 1, 0, EXPONENT);
    op(VPCMPEQD, 1, 1, EXPONENT);
    op(VPORD, FAULTS, FAULTS, 1);
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
        v.op(VMOVDQU32_STORE, 1, 0, Memory.at(RBX, to + word * 4 * PackedLayout.ROWS));
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
    v.op(VPSLLD, to, 0, from, 32 - at - count);
    v.op(VPSRLD, to, 0, to, 32 - count);
  }

  private void loadIntegerScales() {
    int from =
        switch (type) {
          case Q4_K, Q5_K -> 4;
          case Q6_K -> 192;
          case Q2_K, IQ4_XS -> 0;
          case Q3_K -> 96;
          case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> -1;
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
            v.op(VPSLLD, 1, 0, 1, 4);
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
        v.op(VPSLLD, 1, 0, 1, 4);
        op(VPORD, 0, 0, 1);
        op(VPADDD, 0, 0, BIAS);
        store(to);
      }
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> {}
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
    v.op(VPSLLD, 1, 0, 1, 4);
    op(VPORD, 0, 0, 1);
  }

  private void store(int to) {
    if (tier.hasMasks()) {
      v.op(VPMOVDB_STORE, 0, 0, Memory.at(R12, to));
      return;
    }
    v.op(VPSHUFB, 0, 0, BYTES_TOGETHER);
    a.vector(VMOVSS_STORE, W128, 0, 0, Memory.at(R12, to));
    v.op(VPERM2I128, 0, 0, 0, 1);
    a.vector(VMOVSS_STORE, W128, 0, 0, Memory.at(R12, to + 4));
  }
}
