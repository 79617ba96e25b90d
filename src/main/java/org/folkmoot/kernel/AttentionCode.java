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
import static org.folkmoot.kernel.machine.VectorOp.VADDPS;
import static org.folkmoot.kernel.machine.VectorOp.VCVTPH2PS;
import static org.folkmoot.kernel.machine.VectorOp.VDIVPS;
import static org.folkmoot.kernel.machine.VectorOp.VFMADD231PS;
import static org.folkmoot.kernel.machine.VectorOp.VMAXPS;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32;
import static org.folkmoot.kernel.machine.VectorOp.VMOVDQU32_STORE;
import static org.folkmoot.kernel.machine.VectorOp.VMULPS;
import static org.folkmoot.kernel.machine.VectorOp.VPBROADCASTD;
import static org.folkmoot.kernel.machine.VectorOp.VPXORD;
import static org.folkmoot.kernel.machine.VectorOp.VSUBPS;
import static org.folkmoot.kernel.machine.VectorOp.Width.W512;

import org.folkmoot.kernel.machine.Assembler;
import org.folkmoot.kernel.machine.Assembler.Gpr;
import org.folkmoot.kernel.machine.Assembler.Memory;

/** The parts of rule 7 as machine code, for a head of so many dimensions, a multiple of 16. */
final class AttentionCode {
  /** Rows (a query head of one token each) that are computed together. */
  static final int ROWS = 4;

  /** Vectors of dimensions whose sums are held in registers at a time. */
  private static final int SLICE = 4;

  private final VectorCode a = new VectorCode();
  private final Assembler code = a.code();
  private final KvLayout layout;
  private final int headDim;
  private final KvLayout.Precision precision;

  AttentionCode(int headDim, KvLayout.Precision precision) {
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

  private byte[] end() {
    code.vzeroupper();
    code.mov(RAX, 0);
    code.ret();
    return code.code();
  }

  private void load(int to, Gpr from, int at, int number) {
    code.vector(
        precision == KvLayout.Precision.F16 ? VCVTPH2PS : VMOVDQU32,
        W512,
        to,
        0,
        Memory.at(from, at + number * precision.bytes()));
  }

  /**
   * Scores: {@code rdi} tiles of keys, {@code rsi} queries one after the other, {@code rdx} scores,
   * {@code rcx} tiles of 16 positions, {@code r8} bytes from one row's scores to the next.
   */
  byte[] scores(int rows) {
    int tile = code.here();
    node(0, 1, 0, rows);
    code.mov(RAX, RDX);
    for (int r = 0; r < rows; r++) {
      code.vector(VMOVDQU32_STORE, W512, r, 0, Memory.at(RAX, 0));
      code.add(RAX, R8);
    }
    code.add(RDI, 16 * headDim * precision.bytes());
    code.add(RDX, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(tile);
    return end();
  }

  /** Rule 3: the sum of logical lanes {@code j, j + step, j + 2 step, …} by pairs. */
  private void node(int j, int step, int level, int rows) {
    int to = level * rows;
    if (step == 16) {
      for (int r = 0; r < rows; r++) {
        a.op(VPXORD, to + r, to + r, to + r);
      }
      for (int i = j; i < headDim; i += 16) {
        load(31, RDI, 0, layout.row(i) * 16);
        for (int r = 0; r < rows; r++) {
          code.broadcast(VFMADD231PS, W512, to + r, 31, Memory.at(RSI, 4 * (r * headDim + i)));
        }
      }
      return;
    }
    node(j, 2 * step, level, rows);
    node(j + step, 2 * step, level + 1, rows);
    for (int r = 0; r < rows; r++) {
      a.op(VADDPS, to + r, to + r, to + rows + r);
    }
  }

  /**
   * Scales some scores of a row and gives their maximum: {@code rdi} scores, {@code rcx} whole
   * vectors of them, {@code r8} a mask of the rest, {@code r9} the scale.
   */
  static byte[] maximum() {
    VectorCode a = new VectorCode();
    Assembler code = a.code();
    int scale = 30;
    int max = 29;
    int least = 28;
    code.broadcast(W512, scale, R9);
    a.constant(least, Float.NEGATIVE_INFINITY);
    a.op(VMOVDQU32, max, 0, least);
    code.kmov(2, R8);
    code.test(RCX);
    int none = code.jumpIfZero();
    int vector = code.here();
    code.vector(VMULPS, W512, 0, scale, Memory.at(RDI, 0));
    code.vector(VMOVDQU32_STORE, W512, 0, 0, Memory.at(RDI, 0));
    a.op(VMAXPS, max, max, 0);
    code.add(RDI, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
    code.test(R8);
    int whole = code.jumpIfZero();
    a.op(VMOVDQU32, 0, 0, least); // what is not visible becomes zero
    code.masked(VMULPS, W512, 2, 0, scale, Memory.at(RDI, 0));
    code.vector(VMOVDQU32_STORE, W512, 0, 0, Memory.at(RDI, 0));
    a.op(VMAXPS, max, max, 0);
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
  static byte[] terms() {
    VectorCode a = new VectorCode();
    Assembler code = a.code();
    int max = 29;
    int zero = 27;
    ExpCode exp = new ExpCode(a, 10);
    code.broadcast(W512, max, R9);
    a.op(VPXORD, zero, zero, zero);
    int vector = code.here();
    code.vector(VMOVDQU32, W512, 0, 0, Memory.at(RDI, 0));
    a.op(VSUBPS, 0, 0, max);
    exp.exp(0, 1);
    code.vector(VMOVDQU32_STORE, W512, 0, 0, Memory.at(RDI, 0));
    code.add(RDI, 64);
    code.sub(RCX, 1);
    code.jumpIfNotZero(vector);
    code.test(R8);
    int none = code.jumpIfZero();
    vector = code.here();
    code.vector(VMOVDQU32_STORE, W512, zero, 0, Memory.at(RDI, 0));
    code.add(RDI, 64);
    code.sub(R8, 1);
    code.jumpIfNotZero(vector);
    code.land(none);
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
    code.kmov(1, R9);
    code.shr(R9, 16);
    code.kmov(2, R9);
    for (int from = 0; from < headDim / 16; from += SLICE) {
      slice(from, Math.min(SLICE, headDim / 16 - from), rows);
    }
    code.pop(RBP);
    code.pop(RBX);
    return end();
  }

  private void slice(int from, int vectors, int rows) {
    Gpr[] terms = {R10, R11, RBX, RBP};
    int denominator = 20;
    boolean first = from == 0;
    for (int r = 0; r < rows; r++) {
      for (int s = 0; s < vectors; s++) {
        begin(r * SLICE + s, r, (from + s) * 16);
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
      load(16 + s, RAX, 0, (from + s) * 16);
    }
    for (int r = 0; r < rows; r++) {
      code.vector(VPBROADCASTD, W512, 30, 0, Memory.at(terms[r], 0));
      for (int s = 0; s < vectors; s++) {
        a.op(VFMADD231PS, r * SLICE + s, 30, 16 + s);
      }
      if (first) {
        a.op(VADDPS, denominator + r, denominator + r, 30);
      }
      code.add(terms[r], 4);
    }
    code.add(RAX, headDim * precision.bytes());
    code.sub(R9, 1);
    code.jumpIfNotZero(position);
    for (int r = 0; r < rows; r++) {
      for (int s = 0; s < vectors; s++) {
        finish(r * SLICE + s, r, (from + s) * 16, headDim);
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
    a.op(VPXORD, sum, sum, sum);
    code.masked(VMOVDQU32, W512, 1, sum, 0, record(r, at));
  }

  /** Keeps a sum and, if a chunk ends, adds it to its total. */
  private void finish(int sum, int r, int at, int toTotal) {
    code.vector(VMOVDQU32_STORE, W512, sum, 0, record(r, at));
    code.vector(VMOVDQU32, W512, 31, 0, record(r, at + toTotal));
    code.masked(VADDPS, W512, 2, 31, 31, sum);
    code.vector(VMOVDQU32_STORE, W512, 31, 0, record(r, at + toTotal));
  }

  /** Divides: {@code rdi} gets what a row reads, {@code rsi} its record. */
  byte[] divide() {
    code.vector(VMOVDQU32, W512, 1, 0, Memory.at(RSI, 4 * (2 * headDim + 16)));
    for (int d = 0; d < headDim; d += 16) {
      code.vector(VMOVDQU32, W512, 0, 0, Memory.at(RSI, 4 * (headDim + d)));
      a.op(VDIVPS, 0, 0, 1);
      code.vector(VMOVDQU32_STORE, W512, 0, 0, Memory.at(RDI, 4 * d));
    }
    return end();
  }
}
