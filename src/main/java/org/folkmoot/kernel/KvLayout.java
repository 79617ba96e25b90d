package org.folkmoot.kernel;

/**
 * How keys and values of some layers lie in a page of {@link #POSITIONS} positions: for each layer
 * and KV head the keys in tiles of 16 positions, {@code [tile][dimension][position]} (so that
 * attention scores are {@link FloatKernel} dot products), then the values, {@code
 * [position][dimension]}.
 *
 * @param layers number of layers
 * @param kvHeads KV heads of a layer
 * @param headDim dimensions of a head
 * @param precision how a number is stored
 */
public record KvLayout(int layers, int kvHeads, int headDim, Precision precision) {
  /** Positions of a page: four fit one chunk of rule 7, and an unfinished page wastes little. */
  public static final int POSITIONS = 64;

  /** How a KV cache stores numbers. Part of the bits: a receipt names it. */
  public enum Precision {
    /** IEEE-754 binary16, rounded to nearest even. */
    F16(2),
    /** IEEE-754 binary32. */
    F32(4);

    private final int bytes;

    Precision(int bytes) {
      this.bytes = bytes;
    }

    /** Bytes of a number. */
    public int bytes() {
      return bytes;
    }
  }

  /** Bytes of a page. */
  public long pageBytes() {
    return (long) layers * kvHeads * 2 * headBytes();
  }

  /** Bytes of one head's keys (or values) in a page. */
  long headBytes() {
    return (long) POSITIONS * headDim * precision.bytes();
  }

  /** Where in a page one head's keys begin. */
  long keysAt(int layer, int kvHead) {
    return ((long) layer * kvHeads + kvHead) * 2 * headBytes();
  }

  /** Where in a page one head's values begin. */
  long valuesAt(int layer, int kvHead) {
    return keysAt(layer, kvHead) + headBytes();
  }
}
