package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;

/**
 * Rule 7: causal attention of some query heads that share a KV head, over a paged KV cache. Scores
 * of all positions, their exact maximum, then denominator and weighted values in position order
 * within fixed chunks of 256 positions, chunks added in order.
 */
public final class Attention {
  /** Positions of a chunk. */
  static final int CHUNK = 256;

  /** Of models whose attention has none. */
  public static final float[] NO_SINKS = {};

  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
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
   * @param sinks for each head of the model a score beside those of positions, of no value; empty
   *     for none
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
      int window,
      float[] sinks) {
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
          Integer.MAX_VALUE,
          NO_SINKS);
    }

    /** The first position that the query of a row sees. */
    int from(int row) {
      return Math.max(0, position + row / heads - window + 1);
    }

    /** The end of the positions that it sees. */
    int to(int row) {
      return position + row / heads + 1;
    }

    /** The score of a row that belongs to no position; minus infinity if there is none. */
    float sink(int row) {
      return sinks.length == 0 ? Float.NEGATIVE_INFINITY : sinks[firstHead + row % heads];
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
    long firstValue = (long) slot * headDim;
    boolean finite = true;
    switch (layout.precision()) {
      case F16 -> {
        for (int i = 0; i < headDim; i++) {
          short k = Float.floatToFloat16(key[keyAt + i]);
          short v = Float.floatToFloat16(value[valueAt + i]);
          finite &= (k & 0x7c00) != 0x7c00 && (v & 0x7c00) != 0x7c00;
          page.set(SHORT, keys + layout.keyAt(slot, i) * 2L, k);
          page.set(SHORT, values + (firstValue + i) * 2, v);
        }
      }
      case F32 -> {
        for (int i = 0; i < headDim; i++) {
          float k = key[keyAt + i];
          float v = value[valueAt + i];
          finite &= Float.isFinite(k) && Float.isFinite(v);
          page.set(FLOAT, keys + layout.keyAt(slot, i) * 4L, k);
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
    byte[] row = new byte[headDim * size];
    for (int i = 0; i < headDim; i++) {
      long at = start + (long) (key ? layout.keyAt(slot, i) : slot * headDim + i) * size;
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
    if (machine.isPresent()) {
      MachineAttention.Past past = new MachineAttention.Past(layout, pages, layer, kvHead);
      machine.get().attend(past, queries, scratch);
    } else {
      AttentionLanes.attend(layout, pages, layer, kvHead, queries, scratch);
    }
  }
}
