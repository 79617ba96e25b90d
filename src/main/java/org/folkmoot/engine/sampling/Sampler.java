package org.folkmoot.engine.sampling;

import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.Map;
import org.folkmoot.base.Hash32;
import org.folkmoot.kernel.Exp;

/**
 * Rule 8 of sem/1: the next token as a pure function of logits, settings, history and position.
 * Candidates are ordered by (logit descending, id ascending); the draw at a position is {@code
 * SHA-256(seed ‖ position)}, so that anyone can repeat it and no generator's state has to travel.
 *
 * <p>Threads may share it. Working memory is a thread's, not a sampler's: of many answers that are
 * drawn in turn each finds it in the processor's cache.
 */
public final class Sampler {
  private static final ThreadLocal<Memory> MEMORY = ThreadLocal.withInitial(Memory::new);

  private final SamplerSettings settings;

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
    Memory memory = MEMORY.get();
    memory.fit(length);
    float[] scores = memory.scores;
    System.arraycopy(logits, at, scores, 0, length);
    addBias(scores, length);
    penalise(scores, history, historyLength, length);
    return settings.temperature() == 0
        ? first(scores, length)
        : draw(memory, length, uniform(settings.seed(), historyLength));
  }

  private void addBias(float[] scores, int length) {
    for (Map.Entry<Integer, Float> bias : settings.logitBias().entrySet()) {
      if (bias.getKey() >= 0 && bias.getKey() < length) {
        scores[bias.getKey()] += bias.getValue();
      }
    }
  }

  /** Keskar et al. 2019 (CTRL), arXiv 1909.05858; each token counts once. */
  private void penalise(float[] scores, int[] history, int historyLength, int length) {
    float penalty = settings.repeatPenalty();
    if (penalty == 1) {
      return;
    }
    BitSet seen = new BitSet(length);
    for (int i = Math.max(0, historyLength - settings.repeatWindow()); i < historyLength; i++) {
      int id = history[i];
      if (id < length && !seen.get(id)) {
        seen.set(id);
        scores[id] = scores[id] > 0 ? scores[id] / penalty : scores[id] * penalty;
      }
    }
  }

  private static int first(float[] scores, int length) {
    int best = 0;
    float most = scores[0];
    for (int i = 1; i < length; i++) {
      float score = scores[i];
      if (score > most) {
        most = score;
        best = i;
      }
    }
    return best;
  }

  /**
   * Draws in proportion to {@code exp((score - max) / temperature)} from those that top-k, top-p
   * and min-p keep. Sums are in binary64: by id where they are over the whole vocabulary, else by
   * rank.
   */
  private int draw(Memory memory, int length, double uniform) {
    float[] scores = memory.scores;
    float[] weights = memory.weights;
    float max = scores[first(scores, length)];
    for (int i = 0; i < length; i++) {
      weights[i] = (scores[i] - max) / settings.temperature();
    }
    Exp.exp(weights, 0, length);
    Candidates candidates = new Candidates(scores, length, max);
    int kept = settings.topK() == 0 ? length : Math.min(settings.topK(), length);
    if (settings.topP() < 1) {
      kept =
          nucleus(weights, candidates, kept, settings.topP() * total(weights, candidates, kept, 0));
    }
    double threshold = uniform * total(weights, candidates, kept, settings.minP());
    double cumulative = 0;
    int chosen = candidates.at(0);
    // Sums over ids and over ranks round differently: then the last that is kept is chosen.
    for (int rank = 0; rank < kept && cumulative <= threshold; rank++) {
      int id = candidates.at(rank);
      if (weights[id] == 0 || weights[id] < settings.minP()) {
        break;
      }
      cumulative += weights[id];
      chosen = id;
    }
    return chosen;
  }

  /** How many are the shortest beginning that reaches so much, at least one. */
  private static int nucleus(float[] weights, Candidates candidates, int limit, double reach) {
    double sum = weights[candidates.at(0)];
    int kept = 1;
    while (kept < limit && sum < reach) {
      sum += weights[candidates.at(kept++)];
    }
    return kept;
  }

  /** The weight of all that top-k and min-p keep. */
  private static double total(float[] weights, Candidates candidates, int kept, float least) {
    boolean all = kept == candidates.size();
    double total = 0;
    for (int i = 0; i < kept; i++) {
      float weight = weights[all ? i : candidates.at(i)];
      total += weight >= least ? weight : 0;
    }
    return total;
  }

  /** What a draw works in. */
  private static final class Memory {
    private float[] scores = new float[0];
    private float[] weights = new float[0];

    void fit(int length) {
      if (scores.length < length) {
        scores = new float[length];
        weights = new float[length];
      }
    }
  }

  /**
   * A number in [0, 1) with 53 bits, from the first 8 bytes of {@code SHA-256(seed ‖ position)}.
   */
  static double uniform(long seed, long position) {
    byte[] input = ByteBuffer.allocate(16).putLong(seed).putLong(position).array();
    byte[] digest = Hash32.newSha256().digest(input);
    return (ByteBuffer.wrap(digest).getLong() >>> 11) * 0x1p-53;
  }
}
