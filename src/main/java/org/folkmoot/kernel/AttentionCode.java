package org.folkmoot.kernel;

import static org.folkmoot.kernel.machine.Assembler.Gpr.R10;
import static org.folkmoot.kernel.machine.Assembler.Gpr.R11;
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
import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VBLENDVPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMAXPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPANDD;
import static org.folkmoot.kernel.machine.VectorOp.VPSLLD;
import static org.folkmoot.kernel.machine.VectorOp.VPSRAD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSUBPS;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Gpr;
import org.folkmoot.kernel.machine.Assembler.Memory;

/** The parts of rule 7 as machine code, for a head of so many dimensions, a multiple of 16. */
final class AttentionCode {
  /** Rows (a query head of one token each) that are computed together. */
  static final int ROWS = 4;

  // Where there are no mask registers the masks of a chunk's ends lie below the stack's.
  private static final Memory BEGUN = Memory.at(RSP, -64);
  private static final Memory ENDS = Memory.at(RSP, -96);

  private final VectorCode a;
  private final Assembler code;

  /** Numbers of a vector. */
  private final int lanes;

  /** Vectors of dimensions whose sums are held in registers at a time. */
  private final int slice;

  // Registers: values, a number for all lanes, denominators.
  private final int loaded;
  private final int every;
  private final int denominator;

  private final KvLayout layout;
  private final int headDim;
  private final KvLayout.Precision precision;

  AttentionCode(Tier tier, int headDim, KvLayout.Precision precision) {
    this.a = new VectorCode(tier);
    this.code = a.code();
    this.lanes = tier.lanes();
    this.slice = tier.hasMasks() ? 4 : 2;
    this.loaded = tier.hasMasks() ? 16 : 8;
    this.every = tier.hasMasks() ? 30 : 10;
    this.denominator = tier.hasMasks() ? 20 : 12;
    this.layout = new KvLayout(1, 1, headDim, precision);
    this.headDim = headDim;
    this.precision = precision;
  }

  /**
   * Floats of a row's record: sums of weighted values within a chunk, their total, and the
   * denominator's sum and total, each in every lane of a vector.
   */
  static int recordLength(int headDim) {
    return 2 * headDim + 32;
  }

  /** Where in it the denominator's total lies. */
  static int denominatorAt(int headDim) {
    return 2 * headDim + 16;
  }

  private byte[] end() {
    code.vzeroupper();
    code.mov(RAX, 0);
    code.ret();
    return code.code();
  }

  private void load(int to, Gpr from, int at, int number) {
    code.vector(
        precision == KvLayout.Precision.F16 ? VCVTPH2PS : VMOVDQU32,
        a.width(),
        to,
        0,
        Memory.at(from, at + number * precision.bytes()));
  }

  /**
   * Scores: {@code rdi} tiles of keys, {@code rsi} queries one after the other, {@code rdx} scores,
   * {@code rcx} tiles of 16 positions, {@code r8} bytes from one row's scores to the next.
   */
  byte[] scores(int rows) {
    int together = a.hasMasks() ? rows : Math.min(rows, 2); // five times as many registers
    int tile = code.here();
    for (int position = 0; position < 16; position += lanes) {
      code.mov(RAX, RDX);
      for (int row = 0; row < rows; row += together) {
        int count = Math.min(together, rows - row);
        node(new Part(position, row, count), 0, 1, 0);
        for (int r = 0; r < count; r++) {
          a.op(VMOVDQU32_STORE, r, 0, Memory.at(RAX, 4 * position));
          code.add(RAX, R8);
        }
      }
    }
    code.add(RDI, 16 * headDim * precision.bytes());
    code.add(RDX, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(tile);
    return end();
  }

  /** What is computed together: some positions of a tile for some rows. */
  private record Part(int position, int row, int rows) {}

  /** Rule 3: the sum of logical lanes {@code j, j + step, j + 2 step, …} by pairs. */
  private void node(Part part, int j, int step, int level) {
    int rows = part.rows;
    int to = level * rows;
    if (step == 16) {
      int key = a.hasMasks() ? 31 : 14;
      for (int r = 0; r < rows; r++) {
        a.op(VPXORD, to + r, to + r, to + r);
      }
      for (int i = j; i < headDim; i += 16) {
        load(key, RDI, 0, layout.row(i) * 16 + part.position);
        for (int r = 0; r < rows; r++) {
          Memory query = Memory.at(RSI, 4 * ((part.row + r) * headDim + i));
          a.every(VFMADD231PS, to + r, key, query, 15);
        }
      }
      return;
    }
    node(part, j, 2 * step, level);
    node(part, j + step, 2 * step, level + 1);
    for (int r = 0; r < rows; r++) {
      a.op(VADDPS, to + r, to + r, to + rows + r);
    }
  }

  /**
   * Scales some scores of a row and gives their maximum: {@code rdi} scores, {@code rcx} whole
   * vectors of them, {@code r8} a mask of the rest, {@code r9} the scale.
   */
  static byte[] maximum(Tier tier) {
    VectorCode a = new VectorCode(tier);
    Assembler code = a.code();
    int scale = 15;
    int max = 14;
    int least = 13;
    int signs = 8; // and the next
    code.broadcast(a.width(), scale, R9);
    a.constant(least, Float.NEGATIVE_INFINITY);
    a.op(VMOVDQU32, max, 0, least);
    code.test(RCX);
    int none = code.jumpIfZero();
    int vector = code.here();
    for (int part = 0; part < a.vectors(); part++) {
      Memory scores = Memory.at(RDI, 32 * part);
      a.op(VMULPS, 0, scale, scores);
      a.op(VMOVDQU32_STORE, 0, 0, scores);
      a.op(VMAXPS, max, max, 0);
    }
    code.add(RDI, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
    code.test(R8);
    int whole = code.jumpIfZero();
    if (a.hasMasks()) {
      code.kmov(2, R8);
    } else {
      a.signs(signs, signs + 1, R8, 0);
    }
    for (int part = 0; part < a.vectors(); part++) { // what is not visible becomes zero
      Memory scores = Memory.at(RDI, 32 * part);
      if (a.hasMasks()) {
        a.op(VMOVDQU32, 0, 0, least);
        code.masked(VMULPS, a.width(), 2, 0, scale, scores);
      } else {
        a.op(VMULPS, 0, scale, scores);
        a.op(VBLENDVPS, 0, least, 0, (signs + part) << 4);
      }
      a.op(VMOVDQU32_STORE, 0, 0, scores);
      a.op(VMAXPS, max, max, 0);
    }
    code.land(whole);
    a.overLanes(VMAXPS, max, 0);
    code.vzeroupper();
    code.first(RAX, max);
    code.ret();
    return code.code();
  }

  /**
   * The terms of the softmax: {@code rdi} scores of a row, {@code rcx} vectors of them, {@code r8}
   * how many vectors behind them become zero, {@code r9} the maximum of the row.
   */
  static byte[] terms(Tier tier) {
    VectorCode a = new VectorCode(tier);
    Assembler code = a.code();
    int max = 9;
    int zero = 8;
    ExpCode exp = new ExpCode(a, 10);
    code.broadcast(a.width(), max, R9);
    a.op(VPXORD, zero, zero, zero);
    int vector = code.here();
    for (int part = 0; part < a.vectors(); part++) {
      a.op(VMOVDQU32, 0, 0, Memory.at(RDI, 32 * part));
      a.op(VSUBPS, 0, 0, max);
      exp.exp(0, 1);
      a.op(VMOVDQU32_STORE, 0, 0, Memory.at(RDI, 32 * part));
    }
    code.add(RDI, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.test(R8);
    int none = code.jumpIfZero();
    vector = code.here();
    for (int part = 0; part < a.vectors(); part++) {
      a.op(VMOVDQU32_STORE, zero, 0, Memory.at(RDI, 32 * part));
    }
    code.add(RDI, 64);
    code.sub(R8, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
    exp.end();
    code.vzeroupper();
    code.mov(RAX, 0);
    code.ret();
    return code.code();
  }

  /**
   * Weighted values of a page: {@code rdi} values, {@code rsi} the first row's terms, {@code rdx}
   * records, {@code rcx} positions, {@code r8} bytes from one row's terms to the next, {@code r9}
   * ones in its lower 16 bits unless a chunk begins, ones above them if it ends.
   */
  byte[] weigh(int rows) {
    code.push(RBX);
    code.push(RBP);
    if (a.hasMasks()) {
      code.kmov(1, R9);
      code.shr(R9, 16);
      code.kmov(2, R9);
    } else {
      mask(BEGUN, 16);
      mask(ENDS, 0);
    }
    int all = headDim / lanes;
    for (int from = 0; from < all; from += slice) {
      slice(from, Math.min(slice, all - from), rows);
    }
    code.pop(RBP);
    code.pop(RBX);
    return end();
  }

  /** All bits of a vector, or none, as bit {@code 31 - by} of {@code r9} is. */
  private void mask(Memory to, int by) {
    code.broadcast(a.width(), 0, R9);
    a.op(VPSLLD, 0, 0, 0, by);
    a.op(VPSRAD, 0, 0, 0, 31);
    a.op(VMOVDQU32_STORE, 0, 0, to);
  }

  private void slice(int from, int vectors, int rows) {
    Gpr[] terms = {R10, R11, RBX, RBP};
    boolean first = from == 0;
    for (int r = 0; r < rows; r++) {
      for (int s = 0; s < vectors; s++) {
        begin(r * slice + s, r, (from + s) * lanes);
      }
      if (first) {
        begin(denominator + r, r, 2 * headDim);
      }
      code.mov(terms[r], r == 0 ? RSI : terms[r - 1]);
      if (r > 0) {
        code.add(terms[r], R8);
      }
    }
    code.mov(RAX, RDI);
    code.mov(R9, RCX);
    int position = code.here();
    for (int s = 0; s < vectors; s++) {
      load(loaded + s, RAX, 0, (from + s) * lanes);
    }
    for (int r = 0; r < rows; r++) {
      a.every(every, Memory.at(terms[r], 0));
      for (int s = 0; s < vectors; s++) {
        a.op(VFMADD231PS, r * slice + s, every, loaded + s);
      }
      if (first) {
        a.op(VADDPS, denominator + r, denominator + r, every);
      }
      code.add(terms[r], 4);
    }
    code.add(RAX, headDim * precision.bytes());
    code.sub(R9, 1);
    code.jumpIfNotZero(position);
    for (int r = 0; r < rows; r++) {
      for (int s = 0; s < vectors; s++) {
        finish(r * slice + s, r, (from + s) * lanes, headDim);
      }
      if (first) {
        finish(denominator + r, r, 2 * headDim, 16);
      }
    }
  }

  private Memory record(int r, int at) {
    return Memory.at(RDX, 4 * (r * recordLength(headDim) + at));
  }

  /** A sum so far, or zero if a chunk begins. */
  private void begin(int sum, int r, int at) {
    if (a.hasMasks()) {
      a.op(VPXORD, sum, sum, sum);
      code.masked(VMOVDQU32, a.width(), 1, sum, 0, record(r, at));
    } else {
      a.op(VMOVDQU32, sum, 0, record(r, at));
      a.op(VPANDD, sum, sum, BEGUN);
    }
  }

  /** Keeps a sum and, if a chunk ends, adds it to its total. */
  private void finish(int sum, int r, int at, int toTotal) {
    a.op(VMOVDQU32_STORE, sum, 0, record(r, at));
    Memory place = record(r, at + toTotal);
    if (a.hasMasks()) {
      a.op(VMOVDQU32, 31, 0, place);
      code.masked(VADDPS, a.width(), 2, 31, 31, sum);
      a.op(VMOVDQU32_STORE, 31, 0, place);
    } else { // the values' registers are free now
      a.op(VMOVDQU32, loaded, 0, place);
      a.op(VADDPS, every, loaded, sum);
      a.op(VMOVDQU32, loaded + 1, 0, ENDS);
      a.op(VBLENDVPS, loaded, loaded, every, (loaded + 1) << 4);
      a.op(VMOVDQU32_STORE, loaded, 0, place);
    }
  }

  /** Divides: {@code rdi} gets what a row reads, {@code rsi} its record. */
  byte[] divide() {
    a.op(VMOVDQU32, 1, 0, Memory.at(RSI, 4 * denominatorAt(headDim)));
    for (int d = 0; d < headDim; d += lanes) {
      a.op(VMOVDQU32, 0, 0, Memory.at(RSI, 4 * (headDim + d)));
      a.op(VDIVPS, 0, 0, 1);
      a.op(VMOVDQU32_STORE, 0, 0, Memory.at(RDI, 4 * d));
    }
    return end();
  }
}
