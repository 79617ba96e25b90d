package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.NearNames;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.session.GenerationRequest;
import org.jspecify.annotations.Nullable;

/**
 * How answers are made, as a person sets it: by options, by {@code /set} in a chat, or by a saved
 * chat.
 *
 * @param sampler how tokens are chosen; its seed counts for nothing
 * @param seed of every answer; null for another one with each
 * @param maxTokens the most tokens of an answer; {@value #UNLIMITED} for as many as the context
 *     holds
 * @param stops strings that end an answer
 */
record AnswerSettings(
    SamplerSettings sampler, @Nullable Long seed, int maxTokens, List<String> stops) {
  /** As many tokens as the context holds. */
  static final int UNLIMITED = 0;

  /** What is meant where nobody says. */
  static final AnswerSettings USUAL =
      new AnswerSettings(SamplerSettings.USUAL, null, UNLIMITED, List.of());

  /** As much of what is wrong as a person recognises. */
  private static final int LONGEST_SHOWN = 40;

  static final String TEMPERATURE = "temperature";
  static final String TOP_K = "top-k";
  static final String TOP_P = "top-p";
  static final String MIN_P = "min-p";
  static final String REPEAT_PENALTY = "repeat-penalty";
  static final String MAX_TOKENS = "max-tokens";
  static final String SEED = "seed";

  /** The word for another seed with each answer. */
  static final String RANDOM = "random";

  /** Checks the ranges; what is outside is a BAD_REQUEST. */
  AnswerSettings {
    stops = List.copyOf(stops);
    if (maxTokens < 0) {
      throw new FolkmootException(
          BAD_REQUEST, MAX_TOKENS + " must be at least 1, or 0 for no limit");
    }
    request(new int[1], sampler, maxTokens, stops);
  }

  /** Whether answers depend on a seed. */
  boolean draws() {
    return sampler.temperature() > 0;
  }

  /**
   * What to ask a model for.
   *
   * @param furtherStops strings that end an answer, beside the person's own
   * @param seedOfAnswer what {@link #seed} says, or another one where it says nothing
   */
  GenerationRequest request(int[] promptIds, List<String> furtherStops, long seedOfAnswer) {
    List<String> all = new ArrayList<>(stops);
    all.addAll(furtherStops);
    return request(promptIds, withSeed(sampler, seedOfAnswer), maxTokens, all);
  }

  private static GenerationRequest request(
      int[] ids, SamplerSettings sampler, int maxTokens, List<String> stops) {
    int most = maxTokens == UNLIMITED ? Integer.MAX_VALUE : maxTokens;
    return new GenerationRequest(ids, sampler, most, stops, -1);
  }

  private static SamplerSettings withSeed(SamplerSettings s, long seed) {
    return new SamplerSettings(
        s.temperature(),
        s.topK(),
        s.topP(),
        s.minP(),
        s.repeatPenalty(),
        s.repeatWindow(),
        seed,
        s.logitBias());
  }

  /**
   * The same with one thing set otherwise.
   *
   * @param name one of {@link #byName}'s; underscores count as hyphens
   * @throws FolkmootException BAD_REQUEST for an unknown name or a value that cannot be
   */
  AnswerSettings with(String name, String value) {
    Map<String, String> all = byName();
    String known = name.replace('_', '-');
    if (all.replace(known, value) == null) {
      throw new FolkmootException(
          BAD_REQUEST,
          "there is no setting '%s'%s"
              .formatted(PlainText.line(name, LONGEST_SHOWN), NearNames.hint(known, all.keySet())));
    }
    try {
      return of(all, sampler.repeatWindow(), stops);
    } catch (NumberFormatException wrong) {
      throw new FolkmootException(
          BAD_REQUEST,
          known + " must be a number, but is '" + PlainText.line(value, LONGEST_SHOWN) + "'",
          wrong);
    }
  }

  private static AnswerSettings of(Map<String, String> all, int window, List<String> stops) {
    String seed = all.getOrDefault(SEED, RANDOM);
    return new AnswerSettings(
        new SamplerSettings(
            Float.parseFloat(all.get(TEMPERATURE)),
            Integer.parseInt(all.get(TOP_K)),
            Float.parseFloat(all.get(TOP_P)),
            Float.parseFloat(all.get(MIN_P)),
            Float.parseFloat(all.get(REPEAT_PENALTY)),
            window,
            0,
            Map.of()),
        seed.equals(RANDOM) ? null : Long.valueOf(seed),
        Integer.parseInt(all.get(MAX_TOKENS)),
        stops);
  }

  /** The same with other stop strings. */
  AnswerSettings withStops(List<String> others) {
    return new AnswerSettings(sampler, seed, maxTokens, others);
  }

  /** All settings but the stop strings, by their names. */
  Map<String, String> byName() {
    Map<String, String> all = new LinkedHashMap<>();
    all.put(TEMPERATURE, Float.toString(sampler.temperature()));
    all.put(TOP_K, Integer.toString(sampler.topK()));
    all.put(TOP_P, Float.toString(sampler.topP()));
    all.put(MIN_P, Float.toString(sampler.minP()));
    all.put(REPEAT_PENALTY, Float.toString(sampler.repeatPenalty()));
    all.put(MAX_TOKENS, Integer.toString(maxTokens));
    all.put(SEED, seed == null ? RANDOM : seed.toString());
    return all;
  }
}
