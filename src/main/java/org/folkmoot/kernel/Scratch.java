package org.folkmoot.kernel;

/** Working memory of one thread. What the inner loops touch stays in the first-level cache. */
public final class Scratch {
  /** Sums of one tile for one panel of tokens: {@code [token][row]}. */
  final float[] sums = new float[Activations.PANEL * BlockMatrix.TILE_ROWS];

  /** Exact integer sums of one block as floats: {@code [token][row]}. */
  final float[] blockSums = new float[Activations.PANEL * BlockMatrix.TILE_ROWS];

  /** Exact integer sums of one block as 16-bit integers: {@code [token][row]}. */
  final short[] shortSums = new short[Activations.PANEL * BlockMatrix.TILE_ROWS];

  /** A block of packed weights as whole-numbered floats: {@code [column][row]}. */
  final float[] weights = new float[32 * PackedLayout.ROWS];

  /** Places in a table of the same weights. */
  final int[] indices = new int[32 * PackedLayout.ROWS];

  /** The 16 logical lanes of rule 3 for a tile: {@code [lane][row]}. */
  final float[] lanes = new float[16 * FloatKernel.TILE_ROWS];

  private float[] tile = new float[0];
  private float[] keys = new float[0];
  private float[] scores = new float[0];
  private float[] chunk = new float[0];

  /** A tile of a float matrix, widened. */
  float[] tile(int length) {
    if (tile.length < length) {
      tile = new float[length];
    }
    return tile;
  }

  /** Keys or values of one page and head, widened. */
  float[] page(int length) {
    if (keys.length < length) {
      keys = new float[length];
    }
    return keys;
  }

  /** Attention scores of all rows that are worked on together. */
  float[] scores(int length) {
    if (scores.length < length) {
      scores = new float[length];
    }
    return scores;
  }

  /** Weighted sums of values within a chunk of positions. */
  float[] chunk(int length) {
    if (chunk.length < length) {
      chunk = new float[length];
    }
    return chunk;
  }
}
