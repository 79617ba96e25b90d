package org.folkmoot.engine.sampling;

import org.folkmoot.kernel.Exp;

/** Natural logarithms of the probabilities that logits stand for, before any sampling setting. */
public final class LogProbabilities {
  private final float[] logits;
  private final int at;
  private final int length;
  private final float max;
  private final double logTotal;

  /** Of {@code logits[at .. at + length)}. */
  public LogProbabilities(float[] logits, int at, int length) {
    this.logits = logits;
    this.at = at;
    this.length = length;
    float most = Float.NEGATIVE_INFINITY;
    for (int i = at; i < at + length; i++) {
      most = Math.max(most, logits[i]);
    }
    this.max = most;
    float[] terms = new float[length];
    for (int i = 0; i < length; i++) {
      terms[i] = logits[at + i] - most;
    }
    Exp.exp(terms, 0, length);
    double total = 0;
    for (float term : terms) {
      total += term;
    }
    this.logTotal = StrictMath.log(total);
  }

  /** The log-probability of a token. */
  public float of(int id) {
    return (float) ((double) logits[at + id] - max - logTotal);
  }

  /** The likeliest ids in order, at most {@code count}. */
  public int[] likeliest(int count) {
    float[] scores = new float[length];
    System.arraycopy(logits, at, scores, 0, length);
    Candidates candidates = new Candidates(scores, length);
    int[] ids = new int[Math.min(count, length)];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = candidates.at(i);
    }
    return ids;
  }
}
