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
  private static final int ROWS = AttentionCode.ROWS;
  private static final int PAGES_PER_CHUNK = Attention.CHUNK / POSITIONS;
  private static final int ALL_LANES = 0xffff;

  private final int headDim;
  private final List<MachineCode> scores;
  private final List<MachineCode> weigh;
  private final MachineCode terms;
  private final MachineCode divide;

  private MachineAttention(
      int headDim,
      List<MachineCode> scores,
      List<MachineCode> weigh,
      MachineCode terms,
      MachineCode divide) {
    this.headDim = headDim;
    this.scores = scores;
    this.weigh = weigh;
    this.terms = terms;
    this.divide = divide;
  }

  /** The code for heads of this kind, or nothing if it is not for them or the system refuses. */
  static Optional<MachineAttention> of(int headDim, KvLayout.Precision precision) {
    if (headDim % 16 != 0 || headDim > 256) {
      return Optional.empty();
    }
    List<byte[]> parts = new ArrayList<>();
    for (int rows = 1; rows <= ROWS; rows++) {
      parts.add(new AttentionCode(headDim, precision).scores(rows));
      parts.add(new AttentionCode(headDim, precision).weigh(rows));
    }
    parts.add(AttentionCode.terms());
    parts.add(new AttentionCode(headDim, precision).divide());
    return MachineCode.all(parts).map(all -> of(headDim, all));
  }

  private static MachineAttention of(int headDim, List<MachineCode> all) {
    List<MachineCode> scores = new ArrayList<>();
    List<MachineCode> weigh = new ArrayList<>();
    for (int rows = 0; rows < ROWS; rows++) {
      scores.add(all.get(2 * rows));
      weigh.add(all.get(2 * rows + 1));
    }
    return new MachineAttention(headDim, scores, weigh, all.get(2 * ROWS), all.get(2 * ROWS + 1));
  }

  void attend(
      KvLayout layout,
      List<MemorySegment> pages,
      int layer,
      int kvHead,
      Attention.Queries queries,
      Scratch scratch) {
    int rows = queries.tokens() * queries.heads();
    int stride = (queries.position() + queries.tokens() - 1) / POSITIONS * POSITIONS + POSITIONS;
    float[] x = gather(queries, scratch);
    float[] terms = scratch.scores(rows * stride);
    int recordLength = AttentionCode.recordLength(headDim);
    float[] records = scratch.chunk(rows * recordLength);
    Arrays.fill(records, 0, rows * recordLength, 0f);
    long bytes = layout.headBytes();
    for (int first = 0; first < rows; first += ROWS) {
      int together = Math.min(ROWS, rows - first);
      int seen = seen(queries, first + together - 1);
      MemorySegment at = floats(terms, (long) first * stride);
      MemorySegment own = floats(x, (long) first * headDim);
      for (int page = 0; page * POSITIONS < seen; page++) {
        MemorySegment keys = pages.get(page).asSlice(layout.keysAt(layer, kvHead), bytes);
        int tiles = (Math.min(POSITIONS, seen - page * POSITIONS) + 15) / 16;
        scores
            .get(together - 1)
            .call(keys, own, at.asSlice(4L * page * POSITIONS), tiles, 4L * stride, 0);
      }
      for (int row = first; row < first + together; row++) {
        terms(floats(terms, (long) row * stride), seen(queries, row), seen, queries.scale());
      }
      MemorySegment to = floats(records, (long) first * recordLength);
      for (int page = 0; page * POSITIONS < seen; page++) {
        MemorySegment values = pages.get(page).asSlice(layout.valuesAt(layer, kvHead), bytes);
        int count = Math.min(POSITIONS, seen - page * POSITIONS);
        boolean starts = page % PAGES_PER_CHUNK == 0;
        boolean ends =
            page % PAGES_PER_CHUNK == PAGES_PER_CHUNK - 1 || seen <= (page + 1) * POSITIONS;
        int masks = (starts ? 0 : ALL_LANES) | (ends ? ALL_LANES << 16 : 0);
        weigh
            .get(together - 1)
            .call(values, at.asSlice(4L * page * POSITIONS), to, count, 4L * stride, masks);
      }
    }
    for (int row = 0; row < rows; row++) {
      int token = queries.firstToken() + row / queries.heads();
      int head = queries.firstHead() + row % queries.heads();
      MemorySegment out =
          floats(queries.out(), (long) token * queries.outStride() + (long) head * headDim);
      MemorySegment record = floats(records, (long) row * recordLength);
      divide.call(out, record, record, 0, 0, 0);
    }
  }

  /** Positions that a row sees. */
  private static int seen(Attention.Queries queries, int row) {
    return queries.position() + row / queries.heads() + 1;
  }

  /** The rows' queries, one after the other. */
  private float[] gather(Attention.Queries queries, Scratch scratch) {
    int length = queries.heads() * headDim;
    float[] x = scratch.tile(queries.tokens() * length);
    for (int t = 0; t < queries.tokens(); t++) {
      int from = (queries.firstToken() + t) * queries.stride() + queries.firstHead() * headDim;
      System.arraycopy(queries.q(), from, x, t * length, length);
    }
    return x;
  }

  private void terms(MemorySegment scores, int seen, int together, float scale) {
    int whole = seen / 16;
    int rest = (1 << (seen % 16)) - 1;
    int behind = (together + 15) / 16 - (seen + 15) / 16;
    terms.call(
        scores,
        scores,
        scores,
        whole,
        rest | ((long) behind << 32),
        Float.floatToRawIntBits(scale));
  }

  private static MemorySegment floats(float[] array, long at) {
    return MemorySegment.ofArray(array).asSlice(at * Float.BYTES);
  }
}
