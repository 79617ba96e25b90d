package org.folkmoot.session;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.TraceKey;

/**
 * What to generate.
 *
 * @param promptIds the prompt, at least one token
 * @param sampler how tokens are chosen
 * @param maxTokens the most tokens to generate, at least 1; the context length bounds it too
 * @param stops the answer ends before the first of these strings; they are not part of the answer.
 *     At most 16, none empty, each at most 1,024 characters
 * @param topLogprobs how many alternatives to report for each token: -1 for no log-probabilities at
 *     all, 0 for the chosen token's only, at most 20
 * @param session names the answer where it is computed, and in its receipt
 * @param trace the key under which those who compute it sign what they did
 */
public record GenerationRequest(
    int[] promptIds,
    SamplerSettings sampler,
    int maxTokens,
    List<String> stops,
    int topLogprobs,
    Optional<SessionId> session,
    Optional<TraceKey> trace) {
  /** A request of which nobody signs anything. */
  public GenerationRequest(
      int[] promptIds,
      SamplerSettings sampler,
      int maxTokens,
      List<String> stops,
      int topLogprobs) {
    this(promptIds, sampler, maxTokens, stops, topLogprobs, Optional.empty(), Optional.empty());
  }

  /** The same, to be signed. */
  public GenerationRequest traced(SessionId as, TraceKey key) {
    return new GenerationRequest(
        promptIds, sampler, maxTokens, stops, topLogprobs, Optional.of(as), Optional.of(key));
  }

  /** The most stop strings. OpenAI allows 4; people's tools send a few more. */
  public static final int MAX_STOPS = 16;

  /** The longest stop string, in characters: text is held back while it could still become one. */
  public static final int MAX_STOP_LENGTH = 1024;

  /** The most alternatives, as OpenAI's API has it. */
  public static final int MAX_TOP_LOGPROBS = 20;

  /** Checks the ranges; what is outside is a BAD_REQUEST. */
  public GenerationRequest {
    promptIds = promptIds.clone();
    stops = List.copyOf(stops);
    require(promptIds.length > 0, "the prompt is empty: give at least one token");
    require(maxTokens >= 1, "max-tokens must be at least 1");
    require(stops.size() <= MAX_STOPS, "at most " + MAX_STOPS + " stop strings are possible");
    for (String stop : stops) {
      require(!stop.isEmpty(), "a stop string is empty");
      require(
          stop.length() <= MAX_STOP_LENGTH,
          "a stop string is longer than " + MAX_STOP_LENGTH + " characters");
    }
    require(
        topLogprobs >= -1 && topLogprobs <= MAX_TOP_LOGPROBS,
        "top-logprobs must be at most " + MAX_TOP_LOGPROBS);
  }

  @Override
  public int[] promptIds() {
    return promptIds.clone();
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new FolkmootException(BAD_REQUEST, message);
    }
  }
}
