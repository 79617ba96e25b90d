package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;

/**
 * A model's name as people write it: {@code smollm2:135m}. The letters are those that every file
 * system and shell takes; capitals become small letters.
 *
 * @param family the part before the colon
 * @param tag the part after it
 */
record ModelName(String family, String tag) {
  /** The tag of a name that a person gave without one, as in Ollama. */
  static final String DEFAULT_TAG = "latest";

  /** Both parts with the hash of a long one still fit into a file name of 255 bytes. */
  private static final Pattern PART = Pattern.compile("[a-z0-9][a-z0-9._-]{0,99}");

  /** What begins or ends a reference to something else than a name. */
  private static final Set<String> PREFIXES = Set.of("hf", "pip", "sha256");

  private static final String FILE_ENDING = ".gguf";

  ModelName {
    if (!isValid(family, tag)) {
      throw invalid(family + ":" + tag);
    }
  }

  /** Reads {@code family} or {@code family:tag}. */
  static ModelName parse(String text, String tagIfNone) {
    String name = text.toLowerCase(Locale.ROOT);
    int colon = name.indexOf(':');
    String family = colon < 0 ? name : name.substring(0, colon);
    String tag = colon < 0 ? tagIfNone : name.substring(colon + 1);
    if (!isValid(family, tag)) {
      throw invalid(text);
    }
    return new ModelName(family, tag);
  }

  /** Whether this reads as a name. */
  static boolean isName(String text) {
    try {
      parse(text, DEFAULT_TAG);
      return true;
    } catch (FolkmootException none) {
      return false;
    }
  }

  private static boolean isValid(String family, String tag) {
    return PART.matcher(family).matches()
        && PART.matcher(tag).matches()
        && !PREFIXES.contains(family)
        && !tag.endsWith(FILE_ENDING);
  }

  /** A name made from a file's: {@code SmolLM2 135M.gguf} becomes {@code smollm2-135m:latest}. */
  static ModelName ofFile(String fileName) {
    String stem = fileName.toLowerCase(Locale.ROOT).replaceFirst("\\.gguf$", "");
    String cleaned = stem.replaceAll("[^a-z0-9._-]+", "-").replaceFirst("^[._-]+", "");
    String bounded = cleaned.length() > 100 ? cleaned.substring(0, 100) : cleaned;
    return new ModelName(bounded.isEmpty() ? "model" : bounded, DEFAULT_TAG);
  }

  static boolean hasTag(String text) {
    return text.indexOf(':') >= 0;
  }

  @Override
  public String toString() {
    return family + ":" + tag;
  }

  private static FolkmootException invalid(String text) {
    return new FolkmootException(
        BAD_REQUEST,
        "'"
            + text
            + "' is not a model name: write it like smollm2:135m, with letters, digits, '.', '_'"
            + " and '-' (a file is written ./file.gguf)");
  }
}
