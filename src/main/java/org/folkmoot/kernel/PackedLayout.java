package org.folkmoot.kernel;

/**
 * How a tile of a packed format lies in memory: 32 rows × {@code 32 · blocks} columns, as near to
 * the file's size as the file is. First the rows' scales and then, if there are any, their minimums
 * (binary16; of scales that are powers of two the upper half of a binary32), then block after block
 * of 32 columns:
 *
 * <ul>
 *   <li>rows of 32 bytes with the integer scales and minimums of the rows (they come first because
 *       narrow vectors read a few bytes too many of them);
 *   <li>the lower bits of the integers, one 32-bit word per row, rows side by side: byte {@code i}
 *       of the word holds columns {@code i}, {@code i + 4}, {@code i + 8}, … from its lowest bits
 *       on, so that a shift and a mask give four neighbouring columns in four bytes; as many words
 *       as it takes;
 *   <li>the higher bits in the same way.
 * </ul>
 *
 * @param lowBits lower bits of an integer
 * @param highBits higher bits, or 0
 * @param zero what is subtracted from an integer, or from what stands in the format's table
 * @param blocks blocks of 32 columns that share the binary16 scales
 * @param scaleRows rows of bytes with integer scales and minimums
 * @param secondScale which of them holds the scales of columns 16–31; those of 0–15 are in the
 *     first
 * @param firstMinimum which holds the minimums of columns 0–15
 * @param secondMinimum which holds the minimums of columns 16–31
 * @param minimums whether there are any
 * @param nibbles whether a byte holds a scale in its lower half and a minimum in its upper one
 */
record PackedLayout(
    int lowBits,
    int highBits,
    int zero,
    int blocks,
    int scaleRows,
    int secondScale,
    int firstMinimum,
    int secondMinimum,
    boolean minimums,
    boolean nibbles) {
  /** Rows of a tile. */
  static final int ROWS = 32;

  private static final PackedLayout Q4_0 = new PackedLayout(4, 0, 8, 1, 0, 0, 0, 0, false, false);
  private static final PackedLayout Q4_1 = new PackedLayout(4, 0, 0, 1, 0, 0, 0, 0, true, false);
  private static final PackedLayout Q5_0 = new PackedLayout(4, 1, 16, 1, 0, 0, 0, 0, false, false);
  private static final PackedLayout Q5_1 = new PackedLayout(4, 1, 0, 1, 0, 0, 0, 0, true, false);
  private static final PackedLayout Q8_0 = new PackedLayout(8, 0, 128, 1, 0, 0, 0, 0, false, false);
  private static final PackedLayout IQ4_NL =
      new PackedLayout(4, 0, 128, 1, 0, 0, 0, 0, false, false);
  private static final PackedLayout MXFP4 = new PackedLayout(4, 0, 16, 1, 0, 0, 0, 0, false, false);
  private static final PackedLayout IQ4_XS =
      new PackedLayout(4, 0, 128, 8, 1, 0, 0, 0, false, false);
  private static final PackedLayout Q2_K = new PackedLayout(2, 0, 0, 8, 2, 1, 0, 1, true, true);
  private static final PackedLayout Q3_K = new PackedLayout(2, 1, 4, 8, 2, 1, 0, 0, false, false);
  private static final PackedLayout Q4_K = new PackedLayout(4, 0, 0, 8, 2, 0, 1, 1, true, false);
  private static final PackedLayout Q5_K = new PackedLayout(4, 1, 0, 8, 2, 0, 1, 1, true, false);
  private static final PackedLayout Q6_K = new PackedLayout(4, 2, 32, 8, 2, 1, 0, 0, false, false);

  /** The layout of a format. */
  static PackedLayout of(TensorType type) {
    return switch (type) {
      case Q4_0 -> Q4_0;
      case Q4_1 -> Q4_1;
      case Q5_0 -> Q5_0;
      case Q5_1 -> Q5_1;
      case Q8_0 -> Q8_0;
      case IQ4_NL -> IQ4_NL;
      case MXFP4 -> MXFP4;
      case IQ4_XS -> IQ4_XS;
      case Q2_K -> Q2_K;
      case Q3_K -> Q3_K;
      case Q4_K -> Q4_K;
      case Q5_K -> Q5_K;
      case Q6_K -> Q6_K;
      case F32, F16, BF16 -> throw new IllegalArgumentException(type + " has another layout");
    };
  }

  /** Bytes of a block. */
  int blockBytes() {
    return (lowBits + highBits) * 4 * ROWS + scaleRows * ROWS;
  }

  /** Bytes of the binary16 scales and minimums before a tile's blocks. */
  int headBytes() {
    return 2 * ROWS * (minimums ? 2 : 1);
  }

  /** Bytes of the blocks that share scales, and of these. */
  int superBytes() {
    return headBytes() + blocks * blockBytes();
  }

  /** Where in a block the lower bits begin: after the integer scales and minimums. */
  int lowAt() {
    return scaleRows * ROWS;
  }

  /** Where in a block the higher bits begin. */
  int highAt() {
    return lowAt() + lowBits * 4 * ROWS;
  }
}
