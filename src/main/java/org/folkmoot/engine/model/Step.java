package org.folkmoot.engine.model;

/**
 * The next tokens of one sequence, as input of a pass. Steps of several sequences can share a pass.
 *
 * @param cache the sequence's cache; the tokens follow what it holds
 * @param tokens number of tokens
 * @param ids token ids, for a span that embeds; else empty
 * @param hidden hidden states {@code [token][dim]}, for a span that does not; else empty
 * @param outputs how many of the last tokens' outputs are wanted
 */
public record Step(KvCache cache, int tokens, int[] ids, float[] hidden, int outputs) {
  /** Which outputs a pass gives. */
  public enum Wanted {
    /** None: the tokens only fill the cache. */
    NOTHING,
    /** The last token's. */
    LAST,
    /** All tokens'. */
    ALL
  }

  /** A step of token ids. */
  public static Step ofIds(KvCache cache, int[] ids, Wanted wanted) {
    return new Step(cache, ids.length, ids, new float[0], outputs(wanted, ids.length));
  }

  /** A step of hidden states. */
  public static Step ofHidden(KvCache cache, int tokens, float[] hidden, Wanted wanted) {
    return new Step(cache, tokens, new int[0], hidden, outputs(wanted, tokens));
  }

  /** Number of outputs that a step of so many tokens gives. */
  static int outputs(Wanted wanted, int tokens) {
    return switch (wanted) {
      case NOTHING -> 0;
      case LAST -> 1;
      case ALL -> tokens;
    };
  }
}
