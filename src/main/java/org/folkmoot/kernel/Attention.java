package org.folkmoot.kernel;

import static org.folkmoot.kernel.KvLayout.POSITIONS;
import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.FloatVector;
import org.folkmoot.base.FolkmootException;

/**
 * Rule 7: causal attention of some query heads that share a KV head, over a paged KV cache. Scores
 * of all positions, their exact maximum, then denominator and weighted values in position order
 * within fixed chunks of 256 positions, chunks added in order.
 */
public final class Attention {
  /** Positions of a chunk. */
  static final int CHUNK = 256;

  private static final int PAGES_PER_CHUNK = CHUNK / POSITIONS;
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * The queries that are worked on together.
   *
   * @param q query of token {@code t}, head {@code h} at {@code t * stride + h * headDim}
   * @param stride distance between tokens in {@code q}
   * @param out gets the result of token {@code t}, head {@code h} at {@code t * outStride + h *
   *     headDim}
   * @param outStride distance between tokens in {@code out}
   * @param firstToken first token of the batch
   * @param tokens number of tokens
   * @param position position of the first token; the next ones follow
   * @param firstHead first query head
   * @param heads number of query heads
   * @param scale what scores are multiplied by
   * @param cap what scores are then bounded by, softly; 0 for no bound
   * @param window how many positions a query sees at most, its own included
   */
  public record Queries(
      float[] q,
      int stride,
      float[] out,
      int outStride,
      int firstToken,
      int tokens,
      int position,
      int firstHead,
      int heads,
      float scale,
      float cap,
      int window) {
    /** Queries that see everything, with scores that know no bound. */
    public Queries(
        float[] q,
        int stride,
        float[] out,
        int outStride,
        int firstToken,
        int tokens,
        int position,
        int firstHead,
        int heads,
        float scale) {
      this(
          q,
          stride,
          out,
          outStride,
          firstToken,
          tokens,
          position,
          firstHead,
          heads,
          scale,
          0,
          Integer.MAX_VALUE);
    }

    /** Whether all see everything, with scores that know no bound. */
    private boolean isPlain() {
      return cap == 0 && window >= position + tokens;
    }

    /** The first position that the query of a row sees. */
    private int from(int row) {
      return Math.max(0, position + row / heads - window + 1);
    }

    /** The end of the positions that it sees. */
    private int to(int row) {
      return position + row / heads + 1;
    }
  }

  private Attention() {}

  /**
   * Stores one position's key and value of one KV head.
   *
   * @throws FolkmootException ARITHMETIC if a number is not finite once it is stored
   */
  public static void store(
      KvLayout layout,
      MemorySegment page,
      int layer,
      int kvHead,
      int slot,
      float[] key,
      int keyAt,
      float[] value,
      int valueAt) {
    int headDim = layout.headDim();
    long keys = layout.keysAt(layer, kvHead);
    long values = layout.valuesAt(layer, kvHead);
    long firstKey = (long) (slot / 16) * headDim * 16 + slot % 16;
    long firstValue = (long) slot * headDim;
    boolean finite = true;
    switch (layout.precision()) {
      case F16 -> {
        for (int i = 0; i < headDim; i++) {
          short k = Float.floatToFloat16(key[keyAt + i]);
          short v = Float.floatToFloat16(value[valueAt + i]);
          finite &= (k & 0x7c00) != 0x7c00 && (v & 0x7c00) != 0x7c00;
          page.set(SHORT, keys + (firstKey + i * 16L) * 2, k);
          page.set(SHORT, values + (firstValue + i) * 2, v);
        }
      }
      case F32 -> {
        for (int i = 0; i < headDim; i++) {
          float k = key[keyAt + i];
          float v = value[valueAt + i];
          finite &= Float.isFinite(k) && Float.isFinite(v);
          page.set(FLOAT, keys + (firstKey + i * 16L) * 4, k);
          page.set(FLOAT, values + (firstValue + i) * 4, v);
        }
      }
    }
    if (!finite) {
      throw Faults.computed("a key or value does not fit the KV cache's numbers");
    }
  }

  /**
   * One position's key or value of one KV head as it is stored: numbers in the layout's precision,
   * little-endian.
   */
  public static byte[] stored(
      KvLayout layout, MemorySegment page, int layer, int kvHead, int slot, boolean key) {
    int headDim = layout.headDim();
    int size = layout.precision().bytes();
    long start = key ? layout.keysAt(layer, kvHead) : layout.valuesAt(layer, kvHead);
    long first = key ? (long) (slot / 16) * headDim * 16 + slot % 16 : (long) slot * headDim;
    int stride = key ? 16 : 1;
    byte[] row = new byte[headDim * size];
    for (int i = 0; i < headDim; i++) {
      long at = start + (first + (long) i * stride) * size;
      MemorySegment.copy(page, ValueLayout.JAVA_BYTE, at, row, i * size, size);
    }
    return row;
  }

  /**
   * Attends.
   *
   * @param pages of the sequence from position 0 on; those before all windows are not looked at
   */
  public static void attend(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Queries queries,
      Scratch scratch) {
    Optional<MachineAttention> machine =
        MachineKernels.get().flatMap(kernels -> kernels.attention(layout));
    if (machine.isPresent() && queries.isPlain()) {
      machine.get().attend(layout, pages, layer, kvHead, queries, scratch);
    } else {
      inJava(layout, pages, layer, kvHead, queries, scratch);
    }
  }

  /** The same without machine code. */
  static void inJava(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Queries queries,
      Scratch scratch) {
    int firstPage = queries.from(0) / POSITIONS;
    int endPage = (queries.position + queries.tokens - 1) / POSITIONS + 1;
    int stride = (endPage - firstPage) * POSITIONS;
    int rows = queries.tokens * queries.heads;
    // Scores of a row lie at row · stride, those of position t at t - firstPage · POSITIONS there.
    float[] scores = scratch.scores(rows * stride);
    float[] page = scratch.page(POSITIONS * layout.headDim());
    for (int p = firstPage; p < endPage; p++) {
      widen(layout, pages.get(p), layout.keysAt(layer, kvHead), page);
      for (int row = 0; row < rows; row++) {
        int at = row * stride + (p - firstPage) * POSITIONS;
        score(layout.headDim(), queries, row, p, page, scores, at, scratch);
      }
    }
    float[] sums = scratch.chunk(rows * layout.headDim());
    float[] denominators = new float[rows];
    for (int row = 0; row < rows; row++) {
      denominators[row] = softmaxTerms(scores, row * stride - firstPage * POSITIONS, queries, row);
      java.util.Arrays.fill(
          queries.out, at(layout, queries, row), at(layout, queries, row) + layout.headDim(), 0f);
    }
    for (int p = firstPage; p < endPage; p++) {
      widen(layout, pages.get(p), layout.valuesAt(layer, kvHead), page);
      boolean starts = p % PAGES_PER_CHUNK == 0 || p == firstPage;
      boolean ends = p % PAGES_PER_CHUNK == PAGES_PER_CHUNK - 1 || p == endPage - 1;
      for (int row = 0; row < rows; row++) {
        int sumAt = row * layout.headDim();
        if (starts) {
          java.util.Arrays.fill(sums, sumAt, sumAt + layout.headDim(), 0f);
        }
        weigh(
            page,
            Math.clamp(queries.from(row) - p * POSITIONS, 0, POSITIONS),
            Math.clamp(queries.to(row) - p * POSITIONS, 0, POSITIONS),
            layout.headDim(),
            scores,
            row * stride + (p - firstPage) * POSITIONS,
            sums,
            sumAt);
        if (ends) {
          Elementwise.add(queries.out, at(layout, queries, row), sums, sumAt, layout.headDim());
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      divide(queries.out, at(layout, queries, row), layout.headDim(), denominators[row]);
    }
  }

  private static int at(KvLayout layout, Queries queries, int row) {
    int token = queries.firstToken + row / queries.heads;
    int head = queries.firstHead + row % queries.heads;
    return token * queries.outStride + head * layout.headDim();
  }

  private static void widen(KvLayout layout, MemorySegment from, long at, float[] to) {
    int length = POSITIONS * layout.headDim();
    switch (layout.precision()) {
      case F16 -> HalfFloats.widen(from, at, length, to, 0);
      case F32 -> MemorySegment.copy(from, FLOAT, at, to, 0, length);
    }
  }

  private static void score(
      int headDim,
      Queries queries,
      int row,
      int page,
      float[] keys,
      float[] scores,
      int scoresAt,
      Scratch scratch) {
    int from = Math.max(queries.from(row) - page * POSITIONS, 0) & -16;
    int to = Math.min(queries.to(row) - page * POSITIONS, POSITIONS);
    int token = queries.firstToken + row / queries.heads;
    int head = queries.firstHead + row % queries.heads;
    int qAt = token * queries.stride + head * headDim;
    for (int slot = from; slot < to; slot += 16) {
      FloatKernel.dots(
          keys, slot * headDim, headDim, queries.q, qAt, scratch.lanes, scores, scoresAt + slot);
    }
  }

  /**
   * Turns a row's scores into {@code exp(s - max)}, where s is what scale and bound make of them,
   * and gives their sum.
   *
   * @param at where position 0's score would lie
   */
  private static float softmaxTerms(float[] scores, int at, Queries queries, int row) {
    int from = at + queries.from(row);
    int to = at + queries.to(row);
    if (queries.cap > 0) {
      Elementwise.scale(scores, from, to - from, queries.scale);
      Tanh.cap(scores, from, to - from, queries.cap);
    }
    float scale = queries.cap > 0 ? 1 : queries.scale;
    float max = Float.NEGATIVE_INFINITY;
    for (int i = from; i < to; i++) {
      float scaled = scores[i] * scale;
      scores[i] = scaled;
      max = Math.max(max, scaled);
    }
    for (int i = from; i < to; i++) {
      scores[i] -= max;
    }
    Exp.exp(scores, from, to - from);
    float total = 0;
    for (int chunk = queries.from(row) / CHUNK * CHUNK; chunk < queries.to(row); chunk += CHUNK) {
      float sum = 0;
      int end = Math.min(to, at + chunk + CHUNK);
      for (int i = Math.max(from, at + chunk); i < end; i++) {
        sum += scores[i];
      }
      total += sum;
    }
    return total;
  }

  /** {@code sums[d] = fma(weights[p], values[p][d], sums[d])} for some positions in order. */
  private static void weigh(
      float[] values,
      int from,
      int to,
      int headDim,
      float[] weights,
      int weightsAt,
      float[] sums,
      int sumAt) {
    int d = 0;
    for (; d <= headDim - 4 * FLOATS; d += 4 * FLOATS) {
      FloatVector a0 = FloatVector.fromArray(F, sums, sumAt + d);
      FloatVector a1 = FloatVector.fromArray(F, sums, sumAt + d + FLOATS);
      FloatVector a2 = FloatVector.fromArray(F, sums, sumAt + d + 2 * FLOATS);
      FloatVector a3 = FloatVector.fromArray(F, sums, sumAt + d + 3 * FLOATS);
      for (int p = from; p < to; p++) {
        FloatVector w = FloatVector.broadcast(F, weights[weightsAt + p]);
        int v = p * headDim + d;
        a0 = w.fma(FloatVector.fromArray(F, values, v), a0);
        a1 = w.fma(FloatVector.fromArray(F, values, v + FLOATS), a1);
        a2 = w.fma(FloatVector.fromArray(F, values, v + 2 * FLOATS), a2);
        a3 = w.fma(FloatVector.fromArray(F, values, v + 3 * FLOATS), a3);
      }
      a0.intoArray(sums, sumAt + d);
      a1.intoArray(sums, sumAt + d + FLOATS);
      a2.intoArray(sums, sumAt + d + 2 * FLOATS);
      a3.intoArray(sums, sumAt + d + 3 * FLOATS);
    }
    for (; d < headDim; d++) {
      float sum = sums[sumAt + d];
      for (int p = from; p < to; p++) {
        sum = Math.fma(weights[weightsAt + p], values[p * headDim + d], sum);
      }
      sums[sumAt + d] = sum;
    }
  }

  private static void divide(float[] x, int at, int length, float by) {
    for (int i = at; i < at + length; i++) {
      x[i] = x[i] / by;
    }
  }
}
