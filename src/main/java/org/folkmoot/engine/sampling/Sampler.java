package org.folkmoot.engine.sampling;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import org.folkmoot.kernel.Exp;

/**
 * Rule 8 of sem/1: the next token as a pure function of logits, settings, history and position.
 * Candidates are ordered by (logit descending, id ascending); the draw at a position is {@code
 * SHA-256(seed ‖ position)}, so that anyone can repeat it and no generator's state has to travel.
 *
 * <p>Holds working memory: one instance for one thread.
 */
public final class Sampler {
  private final SamplerSettings settings;
  private float[] scores = new float[0];
  private float[] weights = new float[0];

  /** A sampler with these settings. */
  public Sampler(SamplerSettings settings) {
    this.settings = settings;
  }

  /**
   * Chooses the token at a position.
   *
   * @param logits {@code logits[at .. at + length)}; left as they are
   * @param history the sequence so far, prompt included
   * @param historyLength how much of {@code history} there is; this is also the new token's
   *     position
   */
  public int next(float[] logits, int at, int length, int[] history, int historyLength) {
    if (scores.length < length) {
      scores = new float[length];
      weights = new float[length];
    }
    System.arraycopy(logits, at, scores, 0, length);
    addBias(length);
    penalise(history, historyLength, length);
    if (settings.temperature() == 0) {
      return first(length);
    }
    for (int i = 0; i < length; i++) {
      scores[i] /= settings.temperature();
    }
    return draw(length, uniform(settings.seed(), historyLength));
  }

  private void addBias(int length) {
    for (Map.Entry<Integer, Float> bias : settings.logitBias().entrySet()) {
      if (bias.getKey() >= 0 && bias.getKey() < length) {
        scores[bias.getKey()] += bias.getValue();
      }
    }
  }

  /** Keskar et al. 2019 (CTRL), arXiv 1909.05858; each token counts once. */
  private void penalise(int[] history, int historyLength, int length) {
    float penalty = settings.repeatPenalty();
    if (penalty == 1) {
      return;
    }
    int from = Math.max(0, historyLength - settings.repeatWindow());
    for (int i = from; i < historyLength; i++) {
      int id = history[i];
      if (id < length && firstIn(history, from, i)) {
        scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
      }
    }
  }

  private static boolean firstIn(int[] history, int from, int at) {
    for (int i = from; i < at; i++) {
      if (history[i] == history[at]) {
        return false;
      }
    }
    return true;
  }

  private int first(int length) {
    int best = 0;
    for (int i = 1; i < length; i++) {
      if (scores[i] > scores[best]) {
        best = i;
      }
    }
    return best;
  }

  private int draw(int length, double uniform) {
    float max = scores[first(length)];
    for (int i = 0; i < length; i++) {
      weights[i] = scores[i] - max;
    }
    Exp.exp(weights, 0, length);
    Candidates candidates = new Candidates(scores, length);
    int limit = settings.topK() == 0 ? length : Math.min(settings.topK(), length);
    double reach = settings.topP() * total(candidates, length, limit);
    double sum = 0;
    int kept = 0;
    while (kept < limit && (kept == 0 || sum < reach)) {
      int id = candidates.at(kept);
      if (kept > 0 && weights[id] < settings.minP()) {
        break;
      }
      sum += weights[id];
      kept++;
    }
    double threshold = uniform * sum;
    double cumulative = 0;
    for (int i = 0; i < kept - 1; i++) {
      cumulative += weights[candidates.at(i)];
      if (cumulative > threshold) {
        return candidates.at(i);
      }
    }
    return candidates.at(kept - 1);
  }

  /** The weight of all that top-k keeps: in order where it cuts, else by id. */
  private double total(Candidates candidates, int length, int limit) {
    double total = 0;
    for (int i = 0; i < limit; i++) {
      total += weights[limit < length ? candidates.at(i) : i];
    }
    return total;
  }

  /**
   * A number in [0, 1) with 53 bits, from the first 8 bytes of {@code SHA-256(seed ‖ position)}.
   */
  static double uniform(long seed, long position) {
    byte[] input = ByteBuffer.allocate(16).putLong(seed).putLong(position).array();
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(input);
      return (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1p-53;
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
