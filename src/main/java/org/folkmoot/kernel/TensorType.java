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
  Q8_0(8, 32, 34);

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

  /**
   * Whether weights are integers with a scale for each block of 32 (rule 2), not floats (rule 3).
   */
  public boolean isQuantised() {
    return blockSize > 1;
  }

  /** Whether a block has a minimum besides its scale. */
  public boolean hasMinimum() {
    return this == Q4_1 || this == Q5_1;
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
