package org.folkmoot.engine.convert;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** How a {@code tokenizer.json} prepares text, by the names that GGUF files have for the ways. */
final class HfPreTokenizer {
  private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  /** The regular expressions of families, with GGUF's name of each. */
  private static final Map<String, String> NAMES =
      Map.of(
          words("\\p{N}{1,3}"), "llama-bpe",
          words("\\p{N}"), "qwen2",
          cased("", "\\p{N}"), "tekken",
          cased(CONTRACTIONS + "?", "\\p{N}{1,3}"), "gpt-4o");

  private HfPreTokenizer() {}

  private static String words(String digits) {
    return CONTRACTIONS
        + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
        + digits
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        + SPACES;
  }

  private static String cased(String after, String digits) {
    String first = "[^\\r\\n\\p{L}\\p{N}]?";
    return first
        + UPPER
        + "*"
        + LOWER
        + "+"
        + after
        + "|"
        + first
        + UPPER
        + "+"
        + LOWER
        + "*"
        + after
        + "|"
        + digits
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
        + SPACES;
  }

  /** Whether tokens are spelled byte by byte. */
  static boolean isByteLevel(JsonNode root) {
    return has(root.path("pre_tokenizer"), "ByteLevel") || has(root.path("decoder"), "ByteLevel");
  }

  private static boolean has(JsonNode part, String type) {
    return steps(part).stream().anyMatch(step -> step.path("type").asText().equals(type));
  }

  /** A part's steps: itself, or those of a sequence. */
  private static List<JsonNode> steps(JsonNode part) {
    List<JsonNode> steps = new ArrayList<>();
    if (!part.path("type").asText().equals("Sequence")) {
      steps.add(part);
      return steps;
    }
    for (String list : List.of("pretokenizers", "normalizers", "decoders", "processors")) {
      part.path(list).forEach(steps::add);
    }
    return steps;
  }

  /**
   * GGUF's name of the way that words are cut.
   *
   * @throws org.folkmoot.base.FolkmootException UNSUPPORTED for one that is not known
   */
  static String name(JsonNode root) {
    List<JsonNode> steps = steps(root.path("pre_tokenizer"));
    boolean digits = has(root.path("pre_tokenizer"), "Digits");
    boolean asGpt2 =
        steps.stream()
            .anyMatch(step ->
                step.path("type").asText().equals("ByteLevel")
                    && step.path("use_regex").asBoolean(true));
    List<String> patterns =
        steps.stream()
            .filter(step -> step.path("type").asText().equals("Split"))
            .map(step -> step.path("pattern").path("Regex").asText())
            .toList();
    if (patterns.isEmpty() && asGpt2) {
      return digits ? "smollm" : "gpt-2";
    }
    String name = patterns.size() == 1 && !digits ? NAMES.get(patterns.getFirst()) : null;
    if (name == null) {
      throw HfTokenizer.unsupported(
          "its way to cut words is not known here (%s); known are those of Llama 3, Qwen2 and 3, Mistral's Tekken, GPT-2, GPT-4o and SmolLM"
              .formatted(Json.shown(String.join(" ", patterns))));
    }
    boolean whole = root.path("model").path("ignore_merges").asBoolean(false);
    return name.equals("llama-bpe") && !whole ? "dbrx" : name;
  }

  /** Whether SentencePiece puts a space before a text. */
  static boolean addsSpacePrefix(JsonNode root, JsonNode settings) {
    for (JsonNode step : steps(root.path("pre_tokenizer"))) {
      if (step.path("type").asText().equals("Metaspace")) {
        String scheme = step.path("prepend_scheme").asText("");
        return scheme.isEmpty()
            ? step.path("add_prefix_space").asBoolean(true)
            : !scheme.equals("never");
      }
    }
    return has(root.path("normalizer"), "Prepend")
        || settings.path("add_prefix_space").asBoolean(false);
  }

  /** Whether a text begins with a special token. */
  static boolean beginsTexts(JsonNode root) {
    for (JsonNode step : steps(root.path("post_processor"))) {
      if (step.path("type").asText().equals("TemplateProcessing")
          && step.path("single").path(0).has("SpecialToken")) {
        return true;
      }
    }
    return false;
  }
}
