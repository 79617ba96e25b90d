package org.folkmoot.engine.tokenizer;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The regular expressions of pre-tokenizers, as the families' own files write them. */
final class Patterns {
  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  private static final String CONTRACTIONS = "(?iu:'s|'t|'re|'ve|'m|'ll|'d)";

  private static final String LINES = "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final String SYMBOLS = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*";

  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";

  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";

  private static final String BEFORE = "[^\\r\\n\\p{L}\\p{N}]?";

  private static final Map<String, List<Pattern>> STAGES =
      new TreeMap<>(
          Map.of(
              "default",
              stages("[\\p{P}$+<=>^~|]+", GPT2, "\\p{N}+", "[0-9][0-9][0-9]"),
              "gpt-2",
              stages(GPT2),
              "smollm",
              stages("\\p{N}", GPT2),
              "falcon",
              stages("[\\p{P}$+<=>^~|`]+", GPT2, "[0-9][0-9][0-9]"),
              "llama-bpe",
              stages(CONTRACTIONS + "|" + BEFORE + "\\p{L}+|\\p{N}{1,3}" + SYMBOLS + LINES),
              "qwen2",
              stages(CONTRACTIONS + "|" + BEFORE + "\\p{L}+|\\p{N}" + SYMBOLS + LINES),
              "qwen35",
              stages(
                  CONTRACTIONS
                      + "|"
                      + BEFORE
                      + "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*"
                      + LINES),
              "tekken",
              stages(cased("") + "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" + LINES),
              "gpt-4o",
              stages(
                  cased(CONTRACTIONS + "?")
                      + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*"
                      + LINES)));

  static {
    STAGES.put(
        "seed-coder",
        stages(
            CONTRACTIONS + "|" + BEFORE + "\\p{L}+|\\p{N}{1}| ?[^\\s\\p{L}\\p{N}\\r\\n]+" + LINES));
    STAGES.put(
        "bailingmoe",
        stages(
            "'(?iu:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}"
                + "| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+"));
    STAGES.put(
        "minicpm5",
        stages("\\p{N}{1,3}", CONTRACTIONS + "|" + BEFORE + "\\p{L}+|\\p{N}+" + SYMBOLS + LINES));
    STAGES.put(
        "deepseek-coder",
        stages("[\\r\\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[一-龥ࠀ-一가-퟿]+", "\\p{N}"));
    STAGES.put(
        "deepseek-v3",
        stages(
            "\\p{N}{1,3}",
            "[一-龥぀-ゟ゠-ヿ]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+"
                + "|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*"
                + LINES));
    STAGES.put("bloom", stages(" ?[^(\\s|.,!?…。，、।۔،)]+"));
    STAGES.put("viking", stages(" ?[^(\\s|.,!?…。，、।۔،)]+", "\\p{N}"));
  }

  private Patterns() {}

  private static String cased(String suffix) {
    return BEFORE + UPPER + "*" + LOWER + "+" + suffix + "|" + BEFORE + UPPER + "+" + LOWER + "*"
        + suffix;
  }

  private static List<Pattern> stages(String... expressions) {
    return Stream.of(expressions)
        .map(expression -> Pattern.compile(expression, Pattern.UNICODE_CHARACTER_CLASS))
        .toList();
  }

  /** The names of the pre-tokenizers known here, one of each kind. */
  static List<String> names() {
    return STAGES.keySet().stream().sorted().toList();
  }

  static List<Pattern> of(String name) {
    List<Pattern> stages = STAGES.get(name);
    if (stages == null) {
      throw new IllegalArgumentException(name);
    }
    return stages;
  }

  /** Whether words that are tokens are not split. */
  static boolean wholeWordsFirst(String name) {
    return Stream.of("llama-bpe", "tekken", "minicpm5").anyMatch(name::equals);
  }
}
