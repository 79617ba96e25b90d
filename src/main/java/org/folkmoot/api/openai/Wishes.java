package org.folkmoot.api.openai;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.folkmoot.base.Hash32;

/**
 * The request's {@code folkmoot} object.
 *
 * @param privacy how far the prompt may go; empty for as far as the model needs
 * @param disclose whether to send what opens the receipts
 * @param salt 32 bytes that the caller drew, so that the receipt cannot be an older one
 */
public record Wishes(Optional<Privacy> privacy, boolean disclose, Optional<Hash32> salt) {
  private static final Pattern SALT = Pattern.compile("[0-9a-fA-F]{64}");

  /** How far a prompt may go. */
  public enum Privacy {
    /** This machine computes, and nobody else reads. */
    LOCAL,
    /** Peers that admitted each other may read. */
    PRIVATE,
    /** Whoever serves the model may read. */
    PUBLIC;

    String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  static Wishes read(JsonObject body) {
    JsonObject folkmoot = body.object("folkmoot").orElse(null);
    if (folkmoot == null) {
      return new Wishes(Optional.empty(), false, Optional.empty());
    }
    for (String name : List.of("chain", "audit")) {
      if (folkmoot.value(name).filter(value -> !value.asksForNothing()).isPresent()) {
        throw ApiException.unsupported(
            folkmoot.pathOf(name), folkmoot.pathOf(name) + " is not supported yet: leave it out");
      }
    }
    return new Wishes(
        folkmoot.text("privacy").map(Wishes::privacy),
        folkmoot.flag("disclose"),
        folkmoot.text("salt").map(Wishes::salt));
  }

  private static Privacy privacy(String text) {
    return switch (text) {
      case "local" -> Privacy.LOCAL;
      case "private" -> Privacy.PRIVATE;
      case "public" -> Privacy.PUBLIC;
      default ->
          throw ApiException.invalid(
              "folkmoot.privacy", "folkmoot.privacy must be local, private or public");
    };
  }

  private static Hash32 salt(String hex) {
    if (!SALT.matcher(hex).matches()) {
      throw ApiException.invalid(
          "folkmoot.salt", "folkmoot.salt must be 64 hexadecimal digits, newly drawn");
    }
    return Hash32.ofHex(hex);
  }

  /**
   * Refuses what this model cannot keep.
   *
   * @param asksOthers whether other peers compute its answers
   * @param answers how many are asked for
   */
  public void check(boolean asksOthers, int answers) {
    if (asksOthers && privacy.isPresent() && privacy.get() != Privacy.PUBLIC) {
      throw ApiException.invalid(
          "folkmoot.privacy",
          "privacy_unavailable",
          "peers of the swarm answer for this model, and they can read the prompt: say"
              + " folkmoot.privacy \"public\", or choose a model that this node computes itself");
    }
    if (salt.isPresent() && answers > 1) {
      throw ApiException.invalid(
          "folkmoot.salt", "folkmoot.salt is for one answer: leave out n and further prompts");
    }
  }
}
