package org.folkmoot.api.openai;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.session.GenerationRequest;

/**
 * What chat and text completions have in common.
 *
 * @param model the name of the model
 * @param sampling how tokens are chosen, but for the seed
 * @param seed the request's seed, where it has one
 * @param maxTokens the most tokens of an answer, where the request says so
 * @param stops texts before which an answer ends
 * @param choices how many answers to each prompt
 * @param stream whether to send the answer piece by piece
 * @param includeUsage whether a stream ends with the counts
 * @param wishes what it asks beyond OpenAI's API
 */
public record AnswerOptions(
    String model,
    SamplerSettings sampling,
    OptionalLong seed,
    OptionalInt maxTokens,
    List<String> stops,
    int choices,
    boolean stream,
    boolean includeUsage,
    Wishes wishes) {
  /**
   * The most answers that one request may ask for, over all its prompts. OpenAI allows 128; here
   * each is a generation with a KV cache of its own on somebody's machine.
   */
  public static final int MAX_ANSWERS = 32;

  /** OpenAI's range; beyond it answers are noise. */
  private static final double MAX_TEMPERATURE = 2;

  private static final double MAX_BIAS = 100;

  /** OpenAI's bound on a logit bias is 300 entries. */
  private static final int MAX_BIASED_TOKENS = 1024;

  /** Copies the list. */
  public AnswerOptions {
    stops = List.copyOf(stops);
  }

  /**
   * The settings of one choice. The first choice of a request has the request's seed itself; each
   * further one has a seed that follows from it.
   *
   * @param seed the request's seed
   * @param choice from 0
   */
  public SamplerSettings sampler(long seed, int choice) {
    return new SamplerSettings(
        sampling.temperature(),
        sampling.topK(),
        sampling.topP(),
        sampling.minP(),
        sampling.repeatPenalty(),
        sampling.repeatWindow(),
        choice == 0 ? seed : mix(seed + choice),
        sampling.logitBias());
  }

  /** The same, ending before further strings, too. */
  public AnswerOptions withStops(List<String> further) {
    List<String> all = new ArrayList<>(stops);
    all.addAll(further);
    return new AnswerOptions(
        model, sampling, seed, maxTokens, all, choices, stream, includeUsage, wishes);
  }

  /** SplitMix64's output function (Steele, Lea, Flood 2014): neighbours become unrelated. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  static AnswerOptions read(JsonObject body, OptionalInt maxTokens) {
    refuseUnsupported(body);
    String model =
        body.text("model")
            .filter(name -> !name.isBlank())
            .orElseThrow(() ->
                ApiException.invalid("model", "say which model to use; GET /v1/models lists them"));
    boolean stream = body.flag("stream");
    return new AnswerOptions(
        model,
        sampling(body),
        body.integer("seed", Long.MIN_VALUE, Long.MAX_VALUE),
        maxTokens,
        stops(body),
        (int) body.integer("n", 1, MAX_ANSWERS).orElse(1),
        stream,
        includeUsage(body, stream),
        Wishes.read(body));
  }

  static OptionalInt maxTokens(JsonObject body, String name) {
    OptionalLong value = body.integer(name, 1, Integer.MAX_VALUE);
    return value.isPresent() ? OptionalInt.of((int) value.getAsLong()) : OptionalInt.empty();
  }

  private static void refuseUnsupported(JsonObject body) {
    for (String penalty : List.of("presence_penalty", "frequency_penalty")) {
      if (body.number(penalty, -2, 2).orElse(0) != 0) {
        throw ApiException.unsupported(
            penalty, penalty + " is not supported: leave it at 0, or use repeat_penalty");
      }
    }
  }

  private static SamplerSettings sampling(JsonObject body) {
    SamplerSettings usual = SamplerSettings.USUAL;
    return new SamplerSettings(
        (float) body.number("temperature", 0, MAX_TEMPERATURE).orElse(usual.temperature()),
        (int) body.integer("top_k", 0, Integer.MAX_VALUE).orElse(usual.topK()),
        (float) body.number("top_p", 0, 1).orElse(usual.topP()),
        (float) body.number("min_p", 0, 1).orElse(usual.minP()),
        (float) body.number("repeat_penalty", 0.01, 100).orElse(usual.repeatPenalty()),
        usual.repeatWindow(),
        0,
        logitBias(body));
  }

  private static Map<Integer, Float> logitBias(JsonObject body) {
    JsonObject biases = body.object("logit_bias").orElse(null);
    if (biases == null) {
      return Map.of();
    }
    Map<Integer, Float> result = new HashMap<>();
    for (Iterator<String> names = biases.names(); names.hasNext(); ) {
      String name = names.next();
      if (result.size() == MAX_BIASED_TOKENS) {
        throw ApiException.invalid(
            "logit_bias", "logit_bias may hold at most " + MAX_BIASED_TOKENS + " tokens");
      }
      int id = tokenId(name);
      biases.number(name, -MAX_BIAS, MAX_BIAS).ifPresent(bias -> result.put(id, (float) bias));
    }
    return result;
  }

  private static int tokenId(String name) {
    try {
      return Integer.parseUnsignedInt(name);
    } catch (NumberFormatException e) {
      throw ApiException.invalid("logit_bias", "the keys of logit_bias must be token ids");
    }
  }

  private static List<String> stops(JsonObject body) {
    JsonObject.JsonValue value = body.value("stop").orElse(null);
    if (value == null) {
      return List.of();
    }
    List<String> stops = new ArrayList<>();
    if (!value.isList()) {
      stops.add(value.text());
    } else {
      for (int i = 0; i < value.size(); i++) {
        stops.add(value.at(i).text());
      }
    }
    if (stops.size() > GenerationRequest.MAX_STOPS) {
      throw ApiException.invalid(
          "stop", "stop may hold at most " + GenerationRequest.MAX_STOPS + " strings");
    }
    for (String stop : stops) {
      if (stop.isEmpty() || stop.length() > GenerationRequest.MAX_STOP_LENGTH) {
        throw ApiException.invalid(
            "stop",
            "each stop string must have 1 to " + GenerationRequest.MAX_STOP_LENGTH + " characters");
      }
    }
    return stops;
  }

  private static boolean includeUsage(JsonObject body, boolean stream) {
    JsonObject options = body.object("stream_options").orElse(null);
    if (options == null) {
      return false;
    }
    if (!stream) {
      throw ApiException.invalid("stream_options", "stream_options needs stream to be true");
    }
    return options.flag("include_usage");
  }
}
