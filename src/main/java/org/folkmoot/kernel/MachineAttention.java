package org.folkmoot.kernel;

import static org.folkmoot.kernel.KvLayout.POSITIONS;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.kernel.machine.MachineCode;

/**
 * {@link Attention#attend} in machine code. A row is one query head of one token; a few rows are
 * computed together, all as far as the last of them sees: terms that a row does not see are zero,
 * which changes no sum ({@code +0} is added to what is never {@code -0}).
 */
final class MachineAttention {
  /** Rows that are computed together. */
  static final int ROWS = AttentionCode.ROWS;

  private static final int ALL_LANES = 0xffff;

  private final int headDim;
  private final List<MachineCode> scores;
  private final List<MachineCode> weigh;
  private final MachineCode maximum;
  private final MachineCode terms;
  private final MachineCode divide;

  /**
   * Keys and values of one KV head.
   *
   * @param pages of the sequence from position 0 on
   */
  record Past(KvLayout layout, List<MemorySegment> pages, int layer, int kvHead) {
    private MemorySegment keys(int page) {
      return pages.get(page).asSlice(layout.keysAt(layer, kvHead));
    }

    private MemorySegment values(int page) {
      return pages.get(page).asSlice(layout.valuesAt(layer, kvHead));
    }

    /** The end of the pages from one on that lie one behind the other. */
    private int endOfRun(int page, int end) {
      int next = page + 1;
      while (next < end && layout.follows(pages.get(next), pages.get(next - 1))) {
        next++;
      }
      return next;
    }
  }

  private MachineAttention(int headDim, List<MachineCode> all) {
    this.headDim = headDim;
    this.scores = all.subList(0, ROWS);
    this.weigh = all.subList(ROWS, 2 * ROWS);
    this.maximum = all.get(2 * ROWS);
    this.terms = all.get(2 * ROWS + 1);
    this.divide = all.get(2 * ROWS + 2);
  }

  /** The code for heads of this kind, or nothing if it is not for them or the system refuses. */
  static Optional<MachineAttention> of(Tier tier, int headDim, KvLayout.Precision precision) {
    if (headDim % 16 != 0 || headDim > 256) {
      return Optional.empty();
    }
    List<byte[]> parts = new ArrayList<>();
    for (int rows = 1; rows <= ROWS; rows++) {
      parts.add(new AttentionCode(tier, headDim, precision).scores(rows));
    }
    for (int rows = 1; rows <= ROWS; rows++) {
      parts.add(new AttentionCode(tier, headDim, precision).weigh(rows));
    }
    parts.add(AttentionCode.maximum(tier));
    parts.add(AttentionCode.terms(tier));
    parts.add(new AttentionCode(tier, headDim, precision).divide());
    return MachineCode.all(parts).map(all -> new MachineAttention(headDim, all));
  }

  /** Floats of a row's record. */
  int recordLength() {
    return AttentionCode.recordLength(headDim);
  }

  /** See {@link Attention#attend}. */
  void attend(Past past, Attention.Queries queries, Scratch scratch) {
    int rows = queries.tokens() * queries.heads();
    int base = pageOf(queries.from(0));
    int stride = pageOf(queries.to(rows - 1) - 1) + POSITIONS - base;
    float[] x = gather(queries, scratch.tile(rows * headDim));
    float[] scores = scratch.scores(rows * stride);
    float[] records = scratch.chunk(rows * recordLength());
    Arrays.fill(records, 0, rows * recordLength(), 0f);
    for (int first = 0; first < rows; first += ROWS) {
      int together = Math.min(ROWS, rows - first);
      int from = pageOf(queries.from(first));
      int to = queries.to(first + together - 1);
      int line = first * stride + from - base;
      MemorySegment own = floats(x, (long) first * headDim);
      scores(past, own, together, from, to, floats(scores, line), stride);
      for (int row = first; row < first + together; row++) {
        float max = terms(queries, row, from, to, scores, line + (row - first) * stride);
        beginWithSink(queries, row, max, records, row * recordLength());
      }
      MemorySegment record = floats(records, (long) first * recordLength());
      for (int start = from; start < to; ) {
        int end = Math.min(start / Attention.CHUNK * Attention.CHUNK + Attention.CHUNK, to);
        weigh(past, together, start, end, floats(scores, line + start - from), stride, record);
        start = end;
      }
    }
    for (int row = 0; row < rows; row++) {
      divide(queries, row, floats(records, (long) row * recordLength()));
    }
  }

  private static int pageOf(int position) {
    return position / POSITIONS * POSITIONS;
  }

  /**
   * Turns a row's scores into the terms of its softmax; those of what it does not see become zero.
   *
   * @param from position of the first score
   * @param to the end of what is computed together
   * @param at where the first score lies
   * @return the greatest score
   */
  private float terms(
      Attention.Queries queries, int row, int from, int to, float[] scores, int at) {
    int before = queries.from(row) - from;
    int count = queries.to(row) - from;
    Arrays.fill(scores, at, at + before, Float.NEGATIVE_INFINITY);
    float scale = bound(queries, scores, at + before, count - before);
    MemorySegment line = floats(scores, at);
    float max = Math.max(maximum(line, count, scale), queries.sink(row));
    terms(line, count, to - from, max);
    return max;
  }

  /**
   * The sum of a row's terms begins with the sink's, if there is one.
   *
   * @param max the row's greatest score
   * @param record where its record begins, which is zero
   */
  void beginWithSink(Attention.Queries queries, int row, float max, float[] records, int record) {
    if (queries.sinks().length > 0) {
      int total = record + AttentionCode.denominatorAt(headDim);
      Arrays.fill(records, total, total + 16, Exp.exp(queries.sink(row) - max));
    }
  }

  /**
   * Bounds scores, if the model does.
   *
   * @return what they are still to be multiplied by
   */
  static float bound(Attention.Queries queries, float[] scores, int at, int count) {
    if (queries.cap() == 0) {
      return queries.scale();
    }
    Elementwise.scale(scores, at, count, queries.scale());
    Tanh.cap(scores, at, count, queries.cap());
    return 1;
  }

  /** The rows' queries, one after the other. */
  float[] gather(Attention.Queries queries, float[] to) {
    int length = queries.heads() * headDim;
    for (int t = 0; t < queries.tokens(); t++) {
      int from = (queries.firstToken() + t) * queries.stride() + queries.firstHead() * headDim;
      System.arraycopy(queries.q(), from, to, t * length, length);
    }
    return to;
  }

  /**
   * Scores of some rows, not scaled yet.
   *
   * @param queries of the rows, one after the other
   * @param from the first position, a multiple of a page's
   * @param to their end; scores up to the next multiple of 16 are written
   * @param scores gets that of position {@code from} first
   * @param stride floats from one row's scores to the next
   */
  void scores(
      Past past,
      MemorySegment queries,
      int rows,
      int from,
      int to,
      MemorySegment scores,
      int stride) {
    int end = (to + POSITIONS - 1) / POSITIONS;
    for (int page = from / POSITIONS; page < end; ) {
      int next = past.endOfRun(page, end);
      int tiles = (Math.min(next * POSITIONS, to) - page * POSITIONS + 15) / 16;
      MemorySegment at = scores.asSlice(4L * (page * POSITIONS - from));
      this.scores.get(rows - 1).call(past.keys(page), queries, at, tiles, 4L * stride, 0);
      page = next;
    }
  }

  /** Scales a row's scores and gives their maximum. */
  float maximum(MemorySegment scores, int count, float scale) {
    int rest = (1 << (count % 16)) - 1;
    int bits = Float.floatToRawIntBits(scale);
    return Float.intBitsToFloat(maximum.call(scores, scores, scores, count / 16, rest, bits));
  }

  /**
   * Turns a row's scores into the terms of its softmax.
   *
   * @param count of scores
   * @param together what lies behind them up to this count becomes zero
   */
  void terms(MemorySegment scores, int count, int together, float max) {
    int vectors = (count + 15) / 16;
    int behind = (together + 15) / 16 - vectors;
    terms.call(scores, scores, scores, vectors, behind, Float.floatToRawIntBits(max));
  }

  /**
   * Weighs the values of a chunk, and adds what it gives to the rows' totals.
   *
   * @param terms of the first row, that of position {@code from} first
   * @param stride floats from one row's terms to the next
   * @param records of the rows
   */
  void weigh(
      Past past,
      int rows,
      int from,
      int to,
      MemorySegment terms,
      int stride,
      MemorySegment records) {
    int end = (to + POSITIONS - 1) / POSITIONS;
    for (int page = from / POSITIONS; page < end; ) {
      int next = past.endOfRun(page, end);
      int count = Math.min(next * POSITIONS, to) - page * POSITIONS;
      int begun = page * POSITIONS == from ? 0 : ALL_LANES;
      int ends = next == end ? ALL_LANES : 0;
      MemorySegment at = terms.asSlice(4L * (page * POSITIONS - from));
      weigh
          .get(rows - 1)
          .call(past.values(page), at, records, count, 4L * stride, begun | (ends << 16));
      page = next;
    }
  }

  /** What a row reads, by its totals. */
  void divide(Attention.Queries queries, int row, MemorySegment record) {
    int token = queries.firstToken() + row / queries.heads();
    int head = queries.firstHead() + row % queries.heads();
    long at = (long) token * queries.outStride() + (long) head * headDim;
    divide.call(floats(queries.out(), at), record, record, 0, 0, 0);
  }

  static MemorySegment floats(float[] array, long at) {
    return MemorySegment.ofArray(array).asSlice(at * Float.BYTES);
  }
}
