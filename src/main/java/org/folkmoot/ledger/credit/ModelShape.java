package org.folkmoot.ledger.credit;

import org.folkmoot.wire.LayerRange;

/**
 * What a model's arithmetic costs, by its shape alone: nobody's measurement counts.
 *
 * @param dim length of a hidden state
 * @param attention dimensions of all query heads together
 * @param keyValue dimensions of all key heads together
 * @param ffn inner length of the feed-forwards that one token goes through, together
 * @param vocabulary rows of the head
 */
public record ModelShape(int dim, int attention, int keyValue, int ffn, int vocabulary) {
  /** Checks the bounds. */
  public ModelShape {
    if (dim < 1 || attention < 1 || keyValue < 1 || ffn < 1 || vocabulary < 1) {
      throw new IllegalArgumentException("a model without a dimension");
    }
  }

  /**
   * What a range computes for the first positions of a sequence, in millions of multiplications and
   * additions, rounded down: 2 for each weight and position, and 4 for each query dimension and
   * each earlier position (scores, then values). A head counts once for each position.
   */
  public long megaflops(LayerRange range, int positions) {
    double n = positions;
    double weights = 2.0 * dim * attention + 2.0 * dim * keyValue + 3.0 * dim * ffn;
    double layer = 2 * weights * n + 4.0 * attention * n * (n + 1) / 2;
    double head = range.heads() ? 2.0 * dim * vocabulary * n : 0;
    return (long) ((range.layers() * layer + head) / 1e6);
  }
}
