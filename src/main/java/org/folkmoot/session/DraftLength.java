package org.folkmoot.session;

/**
 * How many tokens to draft with a model (Leviathan et al. 2023, "Fast Inference from Transformers
 * via Speculative Decoding", §3.5): if each is right with probability p, k drafts bring (1 −
 * p^(k+1)) / (1 − p) tokens on average, and cost k drafts and one step. Learns p and both costs on
 * the way.
 */
final class DraftLength {
  /** A step of a few tokens costs hardly more than one; of more, a pass begins to cost. */
  static final int MOST = 8;

  /** The latest dozen or so steps count. */
  private static final double SHARE = 0.1;

  /** Where drafts do not pay, one in so many steps has one all the same: text changes. */
  private static final int TRY_EVERY = 16;

  private double right = 0.7;
  private double draftNanos;
  private double stepNanos;
  private int without;

  /** How many to draft next. */
  int next() {
    int best = best(right, draftNanos, stepNanos);
    if (best > 0) {
      without = 0;
      return best;
    }
    return ++without % TRY_EVERY == 0 ? 1 : 0;
  }

  /** The length that brings most tokens in a time; of equal ones the shortest. */
  static int best(double right, double draftNanos, double stepNanos) {
    int best = 0;
    double most = 1 / Math.max(1, stepNanos);
    double tokens = 1;
    double power = 1;
    for (int k = 1; k <= MOST; k++) {
      power *= right;
      tokens += power;
      double rate = tokens / Math.max(1, stepNanos + k * draftNanos);
      if (rate > most) {
        most = rate;
        best = k;
      }
    }
    return best;
  }

  /** So many tokens were drafted in a time. */
  void drafted(int tokens, long nanos) {
    if (tokens > 0) {
      draftNanos = mixed(draftNanos, (double) nanos / tokens);
    }
  }

  /** A step came back. The drafts behind the first wrong one say nothing. */
  void settled(int proposed, int rightOnes, long nanos) {
    stepNanos = mixed(stepNanos, (double) nanos);
    int judged = Math.min(proposed, rightOnes + 1);
    for (int i = 0; i < judged; i++) {
      right += SHARE * ((i < rightOnes ? 1 : 0) - right);
    }
  }

  private static double mixed(double mean, double sample) {
    return mean == 0 ? sample : mean + SHARE * (sample - mean);
  }
}
