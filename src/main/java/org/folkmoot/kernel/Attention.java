package org.folkmoot.kernel;

import static org.folkmoot.kernel.KvLayout.POSITIONS;
import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
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
      float scale) {}

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

  /** Attends. */
  public static void attend(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Queries queries,
      Scratch scratch) {
    int last = queries.position + queries.tokens - 1;
    int usedPages = last / POSITIONS + 1;
    int stride = usedPages * POSITIONS;
    int rows = queries.tokens * queries.heads;
    float[] scores = scratch.scores(rows * stride);
    float[] page = scratch.page(POSITIONS * layout.headDim());
    for (int p = 0; p < usedPages; p++) {
      widen(layout, pages.get(p), layout.keysAt(layer, kvHead), page);
      for (int row = 0; row < rows; row++) {
        score(layout.headDim(), queries, row, p, page, scores, row * stride, scratch);
      }
    }
    float[] sums = scratch.chunk(rows * layout.headDim());
    float[] denominators = new float[rows];
    for (int row = 0; row < rows; row++) {
      int visible = queries.position + row / queries.heads + 1;
      denominators[row] = softmaxTerms(scores, row * stride, visible, queries.scale);
      java.util.Arrays.fill(
          queries.out, at(layout, queries, row), at(layout, queries, row) + layout.headDim(), 0f);
    }
    for (int p = 0; p < usedPages; p++) {
      widen(layout, pages.get(p), layout.valuesAt(layer, kvHead), page);
      boolean starts = p % PAGES_PER_CHUNK == 0;
      boolean ends = p % PAGES_PER_CHUNK == PAGES_PER_CHUNK - 1 || p == usedPages - 1;
      for (int row = 0; row < rows; row++) {
        int visible = queries.position + row / queries.heads + 1 - p * POSITIONS;
        int sumAt = row * layout.headDim();
        if (starts) {
          java.util.Arrays.fill(sums, sumAt, sumAt + layout.headDim(), 0f);
        }
        weigh(
            page,
            Math.clamp(visible, 0, POSITIONS),
            layout.headDim(),
            scores,
            row * stride + p * POSITIONS,
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
    int visible = queries.position + row / queries.heads + 1 - page * POSITIONS;
    int token = queries.firstToken + row / queries.heads;
    int head = queries.firstHead + row % queries.heads;
    int qAt = token * queries.stride + head * headDim;
    for (int slot = 0; slot < Math.min(visible, POSITIONS); slot += 16) {
      FloatKernel.dots(
          keys,
          slot * headDim,
          headDim,
          queries.q,
          qAt,
          scratch.lanes,
          scores,
          scoresAt + page * POSITIONS + slot);
    }
  }

  /** Turns scores into {@code exp(s · scale - max)} and gives their sum. */
  private static float softmaxTerms(float[] scores, int at, int length, float scale) {
    float max = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + length; i++) {
      float scaled = scores[i] * scale;
      scores[i] = scaled;
      max = Math.max(max, scaled);
    }
    for (int i = at; i < at + length; i++) {
      scores[i] -= max;
    }
    Exp.exp(scores, at, length);
    float total = 0;
    for (int chunk = 0; chunk < length; chunk += CHUNK) {
      float sum = 0;
      int end = Math.min(length, chunk + CHUNK);
      for (int i = chunk; i < end; i++) {
        sum += scores[at + i];
      }
      total += sum;
    }
    return total;
  }

  /** {@code sums[d] = fma(weights[p], values[p][d], sums[d])} for positions in order. */
  private static void weigh(
      float[] values,
      int positions,
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
      for (int p = 0; p < positions; p++) {
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
      for (int p = 0; p < positions; p++) {
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
