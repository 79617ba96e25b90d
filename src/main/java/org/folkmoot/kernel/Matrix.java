package org.folkmoot.kernel;

/**
 * A weight matrix, repacked for this machine so that a SIMD lane is a row: {@code y = W x} for a
 * batch of tokens. Immutable; safe for many threads. Rows are cut into tiles that threads may
 * compute apart: no bit of the result depends on how.
 */
public sealed interface Matrix permits BlockMatrix, FloatMatrix {
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
