package org.folkmoot.engine.model;

/**
 * A mixture of experts as feed-forward (Shazeer et al. 2017, arXiv 1701.06538; Jiang et al. 2024,
 * arXiv 2401.04088).
 *
 * @param count experts of a layer; 0 if feed-forwards are plain
 * @param used how many a token is sent to
 * @param ffn length of an expert's inner state
 * @param normalised whether the weights of those chosen add up to one, else those of all do
 * @param sharedFfn length of the inner state of the expert that every token is sent to; 0 for none
 */
public record Experts(int count, int used, int ffn, boolean normalised, int sharedFfn) {
  /** Plain feed-forwards. */
  public static final Experts NONE = new Experts(0, 0, 0, true, 0);

  /** Whether feed-forwards are mixtures. */
  public boolean any() {
    return count > 0;
  }

  /** Rows of the router: one for each expert, and one for the shared expert's gate. */
  int routes() {
    return count + (sharedFfn > 0 ? 1 : 0);
  }
}
