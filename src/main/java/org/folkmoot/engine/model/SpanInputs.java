package org.folkmoot.engine.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** What a span was given for positions 0, 1, 2, …: token ids or hidden states. */
public sealed interface SpanInputs {
  /** Number of positions. */
  int length();

  /** One position as bytes, in the form that peers hash: little-endian. */
  byte[] row(int position);

  /** Some positions as a step behind what a cache holds. */
  Step step(KvCache cache, int from, int to);

  /**
   * Of a span that embeds.
   *
   * @param ids one for each position
   */
  record Ids(int[] ids) implements SpanInputs {
    /** Copies. */
    public Ids {
      ids = ids.clone();
    }

    @Override
    public int length() {
      return ids.length;
    }

    @Override
    public byte[] row(int position) {
      byte[] row = new byte[Integer.BYTES];
      littleEndian(row).putInt(ids[position]);
      return row;
    }

    @Override
    public Step step(KvCache cache, int from, int to) {
      return Step.ofIds(cache, Arrays.copyOfRange(ids, from, to), Step.Wanted.NOTHING);
    }
  }

  /**
   * Of a span that does not.
   *
   * @param states {@code [position][dim]}; the array is the caller's promise not to change it, for
   *     it may be large
   * @param dim length of a hidden state
   */
  record Hidden(float[] states, int dim) implements SpanInputs {
    /** Checks that it holds whole states. */
    public Hidden {
      if (dim < 1 || states.length % dim != 0) {
        throw new IllegalArgumentException(states.length + " numbers are no states of " + dim);
      }
    }

    @Override
    public int length() {
      return states.length / dim;
    }

    @Override
    public byte[] row(int position) {
      byte[] row = new byte[dim * Float.BYTES];
      littleEndian(row).asFloatBuffer().put(states, position * dim, dim);
      return row;
    }

    @Override
    public Step step(KvCache cache, int from, int to) {
      float[] some = Arrays.copyOfRange(states, from * dim, to * dim);
      return Step.ofHidden(cache, to - from, some, Step.Wanted.NOTHING);
    }
  }

  private static ByteBuffer littleEndian(byte[] row) {
    return ByteBuffer.wrap(row).order(ByteOrder.LITTLE_ENDIAN);
  }
}
