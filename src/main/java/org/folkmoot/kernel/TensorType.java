package org.folkmoot.kernel;

import java.util.Optional;

/**
 * The number formats of weight tensors, with the ids and layouts of GGML. A format stores rows as
 * blocks of {@link #blockSize} weights in {@link #blockBytes} bytes.
 */
public enum TensorType {
  /** IEEE-754 binary32. */
  F32(0, 1, 4),
  /** IEEE-754 binary16. */
  F16(1, 1, 2),
  /** The upper half of binary32. */
  BF16(30, 1, 2),
  /** {@code f16 d; u4 q[32]}: weight {@code (q - 8) d}. */
  Q4_0(2, 32, 18),
  /** {@code f16 d, m; u4 q[32]}: weight {@code q d + m}. */
  Q4_1(3, 32, 20),
  /** {@code f16 d; u32 high; u4 low[32]}: weight {@code (q - 16) d}. */
  Q5_0(6, 32, 22),
  /** {@code f16 d, m; u32 high; u4 low[32]}: weight {@code q d + m}. */
  Q5_1(7, 32, 24),
  /** {@code f16 d; i8 q[32]}: weight {@code q d}. */
  Q8_0(8, 32, 34),
  /** {@code f16 d; u4 q[32]}: weight {@code TABLE[q] d}. */
  IQ4_NL(20, 32, 18),
  /**
   * {@code u8 e; u4 q[32]}: weight {@code TABLE[q] 2^(e - 128)}; E2M1 numbers with a shared E8M0
   * scale (OCP Microscaling Formats 1.0), the table's integers being twice the numbers.
   */
  MXFP4(39, 32, 17),
  /**
   * {@code f16 d; u6 sc[8]; u4 q[256]}: weight {@code (sc - 32) TABLE[q] d}, a scale for each 32.
   */
  IQ4_XS(23, 256, 136),
  /**
   * {@code u4 sc[16], mn[16]; u2 q[256]; f16 d, dmin}: weight {@code sc q d - mn dmin}, a scale and
   * a minimum for each 16.
   */
  Q2_K(10, 256, 84),
  /**
   * {@code u1 high[256]; u2 low[256]; u6 sc[16]; f16 d}: weight {@code (sc - 32) (q - 4) d}, a
   * scale for each 16.
   */
  Q3_K(11, 256, 110),
  /**
   * {@code f16 d, dmin; u6 sc[8], mn[8]; u4 q[256]}: weight {@code sc q d - mn dmin}, a scale and a
   * minimum for each 32.
   */
  Q4_K(12, 256, 144),
  /** As {@link #Q4_K}, with {@code u1 high[256]} before the {@code u4 low[256]}. */
  Q5_K(13, 256, 176),
  /**
   * {@code u4 low[256]; u2 high[256]; i8 sc[16]; f16 d}: weight {@code sc (q - 32) d}, a scale for
   * each 16.
   */
  Q6_K(14, 256, 210);

  private final int ggmlId;
  private final int blockSize;
  private final int blockBytes;

  TensorType(int ggmlId, int blockSize, int blockBytes) {
    this.ggmlId = ggmlId;
    this.blockSize = blockSize;
    this.blockBytes = blockBytes;
  }

  /** The id that GGUF files use. */
  public int ggmlId() {
    return ggmlId;
  }

  /** Weights in a block. */
  public int blockSize() {
    return blockSize;
  }

  /** Bytes of a block. */
  public int blockBytes() {
    return blockBytes;
  }

  /** Whether weights are integers with a scale for each block (rule 2), not floats (rule 3). */
  public boolean isQuantised() {
    return blockSize > 1;
  }

  /** Whether a block has a minimum besides its scale. */
  public boolean hasMinimum() {
    return switch (this) {
      case Q4_1, Q5_1, Q2_K, Q4_K, Q5_K -> true;
      case F32, F16, BF16, Q4_0, Q5_0, Q8_0, IQ4_NL, MXFP4, IQ4_XS, Q3_K, Q6_K -> false;
    };
  }

  /** Whether integers are places in a table of sixteen weights, unevenly spaced. */
  public boolean hasTable() {
    return this == IQ4_NL || this == IQ4_XS || this == MXFP4;
  }

  /** Whether a block's scale is a power of two, given by a byte, and not a binary16 number. */
  public boolean hasPowerOfTwo() {
    return this == MXFP4;
  }

  /** Whether the parts of a block have integer scales of their own. */
  public boolean hasSubBlocks() {
    return blockSize == 256;
  }

  /**
   * Where in a quantised block its scale lies, binary16 or a byte; the minimum, if there is one,
   * follows it.
   */
  public int scaleOffset() {
    return switch (this) {
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, IQ4_XS, Q4_K, Q5_K -> 0;
      case Q2_K -> 80;
      case Q3_K -> 108;
      case Q6_K -> 208;
    };
  }

  /**
   * Bytes of a row.
   *
   * @throws IllegalArgumentException if the row is not whole blocks
   */
  public long rowBytes(long columns) {
    if (columns % blockSize != 0) {
      throw new IllegalArgumentException(columns + " columns are not whole blocks of " + blockSize);
    }
    return Math.multiplyExact(columns / blockSize, (long) blockBytes);
  }

  /** The format with this id, if it is one of ours. */
  public static Optional<TensorType> ofGgmlId(int id) {
    for (TensorType type : values()) {
      if (type.ggmlId == id) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
