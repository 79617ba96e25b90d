package org.folkmoot.kernel;

import static org.folkmoot.kernel.KvLayout.POSITIONS;
import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;

/** {@link Attention} by the Vector API. */
final class AttentionLanes {
  private static final int PAGES_PER_CHUNK = Attention.CHUNK / POSITIONS;

  private AttentionLanes() {}

  /** See {@link Attention#attend}. */
  static void attend(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Attention.Queries queries,
      Scratch scratch) {
    int firstPage = queries.from(0) / POSITIONS;
    int endPage = (queries.position() + queries.tokens() - 1) / POSITIONS + 1;
    int stride = (endPage - firstPage) * POSITIONS;
    int rows = queries.tokens() * queries.heads();
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
      Arrays.fill(
          queries.out(), at(layout, queries, row), at(layout, queries, row) + layout.headDim(), 0f);
    }
    for (int p = firstPage; p < endPage; p++) {
      widen(layout, pages.get(p), layout.valuesAt(layer, kvHead), page);
      boolean starts = p % PAGES_PER_CHUNK == 0 || p == firstPage;
      boolean ends = p % PAGES_PER_CHUNK == PAGES_PER_CHUNK - 1 || p == endPage - 1;
      for (int row = 0; row < rows; row++) {
        int sumAt = row * layout.headDim();
        if (starts) {
          Arrays.fill(sums, sumAt, sumAt + layout.headDim(), 0f);
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
          Elementwise.add(queries.out(), at(layout, queries, row), sums, sumAt, layout.headDim());
        }
      }
    }
    for (int row = 0; row < rows; row++) {
      divide(queries.out(), at(layout, queries, row), layout.headDim(), denominators[row]);
    }
  }

  private static int at(KvLayout layout, Attention.Queries queries, int row) {
    int token = queries.firstToken() + row / queries.heads();
    int head = queries.firstHead() + row % queries.heads();
    return token * queries.outStride() + head * layout.headDim();
  }

  private static void widen(KvLayout layout, MemorySegment from, long at, float[] to) {
    int length = POSITIONS * layout.headDim();
    switch (layout.precision()) {
      case F16 -> HalfFloats.widen(from, at, length, to, 0);
      case F32 -> MemorySegment.copy(from, Attention.FLOAT, at, to, 0, length);
    }
  }

  private static void score(
      int headDim,
      Attention.Queries queries,
      int row,
      int page,
      float[] keys,
      float[] scores,
      int scoresAt,
      Scratch scratch) {
    int from = Math.max(queries.from(row) - page * POSITIONS, 0) & -16;
    int to = Math.min(queries.to(row) - page * POSITIONS, POSITIONS);
    int token = queries.firstToken() + row / queries.heads();
    int head = queries.firstHead() + row % queries.heads();
    int qAt = token * queries.stride() + head * headDim;
    for (int slot = from; slot < to; slot += 16) {
      FloatKernel.keyDots(
          keys, slot * headDim, headDim, queries.q(), qAt, scratch.lanes, scores, scoresAt + slot);
    }
  }

  /**
   * Turns a row's scores into {@code exp(s - max)}, where s is what scale and bound make of them,
   * and gives their sum, which begins with the sink's.
   *
   * @param at where position 0's score would lie
   */
  private static float softmaxTerms(float[] scores, int at, Attention.Queries queries, int row) {
    int from = at + queries.from(row);
    int to = at + queries.to(row);
    if (queries.cap() > 0) {
      Elementwise.scale(scores, from, to - from, queries.scale());
      Tanh.cap(scores, from, to - from, queries.cap());
    }
    float scale = queries.cap() > 0 ? 1 : queries.scale();
    float max = queries.sink(row);
    for (int i = from; i < to; i++) {
      float scaled = scores[i] * scale;
      scores[i] = scaled;
      max = Math.max(max, scaled);
    }
    for (int i = from; i < to; i++) {
      scores[i] -= max;
    }
    Exp.exp(scores, from, to - from);
    float total = Exp.exp(queries.sink(row) - max);
    for (int chunk = queries.from(row) / Attention.CHUNK * Attention.CHUNK;
        chunk < queries.to(row);
        chunk += Attention.CHUNK) {
      float sum = 0;
      int end = Math.min(to, at + chunk + Attention.CHUNK);
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
