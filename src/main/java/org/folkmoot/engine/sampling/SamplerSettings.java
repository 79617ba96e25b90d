package org.folkmoot.engine.sampling;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Map;
import org.folkmoot.base.FolkmootException;

/**
 * How the next token is chosen from the logits. Together with the logits and the position these
 * settings determine the token: there is no hidden state.
 *
 * <p>Order of application: logit bias, repetition penalty, then (unless greedy) temperature, top-k,
 * top-p, min-p and the draw.
 *
 * @param temperature 0 is greedy (the first by logit descending, id ascending); at most 100
 * @param topK keep the k first; 0 keeps all
 * @param topP keep the shortest prefix whose probability reaches this; 1 keeps all
 * @param minP drop tokens less likely than this share of the likeliest; 0 drops none
 * @param repeatPenalty divides positive and multiplies negative logits of tokens seen in the last
 *     {@code repeatWindow}; 1 is off
 * @param repeatWindow how many of the latest tokens (prompt included) the penalty looks at
 * @param seed the draw at each position is a hash of this and the position
 * @param logitBias added to the logits of these ids first
 */
public record SamplerSettings(
    float temperature,
    int topK,
    float topP,
    float minP,
    float repeatPenalty,
    int repeatWindow,
    long seed,
    Map<Integer, Float> logitBias) {
  /** Always the likeliest token. */
  public static final SamplerSettings GREEDY = new SamplerSettings(0, 0, 1, 0, 1, 64, 0, Map.of());

  /**
   * What is meant where nobody says. Small models ramble when hot and loop when cold: a moderate
   * temperature, and a cut of the unlikely tail. No repetition penalty: it also punishes the words
   * that a good answer repeats.
   */
  public static final SamplerSettings USUAL =
      new SamplerSettings(0.7f, 40, 0.95f, 0.1f, 1, 64, 0, Map.of());

  /** Checks the ranges; a value outside is a BAD_REQUEST that names it. */
  public SamplerSettings {
    check("temperature", temperature, 0, 100);
    check("top-k", topK, 0, Integer.MAX_VALUE);
    check("top-p", topP, 0, 1);
    check("min-p", minP, 0, 1);
    check("repeat-penalty", repeatPenalty, 0.01, 100);
    check("repeat-window", repeatWindow, 0, 1 << 20);
    logitBias = Map.copyOf(logitBias);
    logitBias.values().forEach(bias -> check("logit-bias", bias, -1000, 1000));
  }

  private static void check(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw new FolkmootException(
          BAD_REQUEST, name + " is " + value + ", but must be between " + least + " and " + most);
    }
  }
}
