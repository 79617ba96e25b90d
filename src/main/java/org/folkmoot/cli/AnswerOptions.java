package org.folkmoot.cli;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that answers: how. */
final class AnswerOptions {
  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "What the model is told before anything else.")
  private @Nullable String system;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "How freely it chooses; 0 always takes the likeliest token (default: 0.7).")
  private @Nullable String temperature;

  @Option(
      names = "--top-k",
      paramLabel = "N",
      description = "Choose among the N likeliest tokens only; 0 is off (default: 40).")
  private @Nullable String topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Choose among the fewest tokens that have this probability together; 1 is off (default:"
              + " 0.95).")
  private @Nullable String topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      description =
          "Leave out tokens less likely than this share of the likeliest; 0 is off (default:"
              + " 0.05).")
  private @Nullable String minP;

  @Option(
      names = "--repeat-penalty",
      paramLabel = "X",
      description = "Makes the latest 64 tokens less likely to come again; 1 is off (default: 1).")
  private @Nullable String repeatPenalty;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The same seed gives the same answer (default: another one each time).")
  private @Nullable String seed;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "The longest answer (default: as long as the context allows).")
  private @Nullable String maxTokens;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End the answer before this text; can be given several times.")
  private List<String> stops = List.of();

  @Option(
      names = "--no-think",
      description = "Have a model that thinks aloud answer at once, if its template can say so.")
  private boolean noThink;

  @Option(
      names = "--no-moot",
      description = "Leave aside what this home's moot has decided: its model, its system prompt.")
  private boolean noMoot;

  @Nullable String system() {
    return system;
  }

  /** What the chat template is told beside the messages. */
  Map<String, @Nullable Object> told() {
    return noThink ? Map.of("enable_thinking", false) : Map.of();
  }

  /** What holds where the person says nothing, by decision of this home's moot. */
  MootDefaults defaults(Surroundings surroundings) {
    return noMoot ? MootDefaults.NONE : MootDefaults.read(surroundings);
  }

  /**
   * The settings for answers.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST for a value that cannot be
   */
  AnswerSettings settings() {
    AnswerSettings settings = AnswerSettings.USUAL.withStops(stops);
    settings = with(settings, AnswerSettings.TEMPERATURE, temperature);
    settings = with(settings, AnswerSettings.TOP_K, topK);
    settings = with(settings, AnswerSettings.TOP_P, topP);
    settings = with(settings, AnswerSettings.MIN_P, minP);
    settings = with(settings, AnswerSettings.REPEAT_PENALTY, repeatPenalty);
    settings = with(settings, AnswerSettings.SEED, seed);
    return with(settings, AnswerSettings.MAX_TOKENS, maxTokens);
  }

  private static AnswerSettings with(AnswerSettings settings, String name, @Nullable String value) {
    return value == null ? settings : settings.with(name, value);
  }
}
