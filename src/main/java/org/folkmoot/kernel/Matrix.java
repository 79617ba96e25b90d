package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;

/**
 * A weight matrix, repacked for this machine so that a SIMD lane is a row: {@code y = W x} for a
 * batch of tokens. Immutable; safe for many threads. Rows are cut into tiles that threads may
 * compute apart: no bit of the result depends on how.
 */
public sealed interface Matrix permits BlockMatrix, PackedMatrix, MachineMatrix, FloatMatrix {
  /**
   * Raise it when what {@link #repack} writes changes: what is kept on disk is then made anew. A
   * test holds the bytes of each format.
   */
  int LAYOUT_VERSION = 1;

  /** Names how this machine lays a format out; equal names, equal bytes. */
  static String layout(TensorType type) {
    String by = MachineMatrix.serves(type) ? "machine code" : "Java";
    return "%s %d for %s".formatted(type, LAYOUT_VERSION, by);
  }

  /** Bytes that a matrix takes once repacked. */
  static long bytes(TensorType type, int rows, int columns) {
    if (MachineMatrix.serves(type)) {
      return MachineMatrix.bytes(type, rows, columns);
    }
    return switch (type) {
      case F32, F16, BF16 -> FloatMatrix.bytes(type, rows, columns);
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> BlockMatrix.bytes(type, rows, columns);
      case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          PackedMatrix.bytes(type, rows, columns);
    };
  }

  /**
   * A matrix whose tiles are still to be filled by {@link #repack}.
   *
   * @param memory {@link #bytes(TensorType, int, int)} zero bytes, aligned to 64
   */
  static Matrix in(TensorType type, int rows, int columns, MemorySegment memory) {
    if (MachineMatrix.serves(type)) {
      return MachineMatrix.in(type, rows, columns, memory);
    }
    return switch (type) {
      case F32, F16, BF16 -> FloatMatrix.in(type, rows, columns, memory);
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> BlockMatrix.in(type, rows, columns, memory);
      case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          PackedMatrix.in(type, rows, columns, memory);
    };
  }

  /**
   * Fills one tile from its rows as GGML stores them. Tiles may be filled by different threads.
   *
   * @param in the rows of this tile, from the array's start
   * @throws org.folkmoot.base.FolkmootException BAD_FILE if a weight or scale is NaN or infinite
   */
  void repack(byte[] in, int tile);

  /** Output length. */
  int rows();

  /** Input length. */
  int columns();

  /** Number of tiles. */
  default int tiles() {
    return (rows() + tileRows() - 1) / tileRows();
  }

  /** Rows of a tile; the last tile may have fewer that count. */
  int tileRows();

  /** Memory that the repacked weights take, in bytes. */
  long bytes();

  /** How the activations must be prepared for this matrix with this many tokens. */
  Activations.Form form(int tokens);

  /**
   * Computes some tiles for all tokens.
   *
   * @param x the activations, prepared in the {@link #form} this matrix asks for
   * @param fromTile first tile
   * @param toTile end of the tiles, exclusive
   * @param out gets row {@code r} of token {@code t} at {@code t * stride + offset + r}
   * @param stride distance between tokens in {@code out}
   * @param offset where this matrix's rows begin
   * @param scratch this thread's own
   */
  void multiply(
      Activations x,
      int fromTile,
      int toTile,
      float[] out,
      int stride,
      int offset,
      Scratch scratch);
}
