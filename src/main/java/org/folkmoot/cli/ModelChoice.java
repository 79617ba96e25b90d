package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/**
 * Which model a call means: the one that it names, else the one that this home's moot has adopted.
 *
 * @param words of the prompt
 * @param adopted the moot's, if it is that
 */
record ModelChoice(String reference, List<String> words, Optional<MootDefaults.Adopted> adopted) {
  /** Stands for whatever the moot has adopted, where a prompt of one word follows. */
  static final String MOOT = "moot";

  private static final String STANDARD_INPUT = "-";

  /**
   * Chooses. A first word that has blanks is no model's name, but the prompt.
   *
   * @param first the first word of the call; null if there is none
   * @throws FolkmootException BAD_REQUEST if no model is named, and none adopted
   */
  static ModelChoice of(
      Surroundings surroundings,
      @Nullable String first,
      List<String> words,
      MootDefaults defaults) {
    boolean unnamed = first == null || first.equals(MOOT);
    boolean prompt = first != null && !unnamed && defaults.model().isPresent() && isPrompt(first);
    if (first != null && !unnamed && !prompt) {
      return new ModelChoice(first, words, Optional.empty());
    }
    MootDefaults.Adopted adopted =
        defaults
            .model()
            .orElseThrow(() ->
                new FolkmootException(
                    BAD_REQUEST,
                    "name a model: 'folkmoot catalogue' lists some; no moot of this home has adopted one"));
    List<String> all = new ArrayList<>(words);
    if (prompt && first != null) {
      all.addFirst(first);
    }
    return new ModelChoice(here(surroundings, adopted), all, Optional.of(adopted));
  }

  private static boolean isPrompt(String word) {
    try {
      return word.equals(STANDARD_INPUT)
          || (word.chars().anyMatch(Character::isWhitespace) && !Files.exists(Path.of(word)));
    } catch (InvalidPathException noPath) {
      return true;
    }
  }

  /** What the adopted model is called on this machine. */
  private static String here(Surroundings surroundings, MootDefaults.Adopted adopted) {
    List<StoredModel> all = Models.store(surroundings).list();
    Optional<StoredModel> same =
        all.stream().filter(model -> model.sha256().equals(adopted.sha256().hex())).findFirst();
    if (same.isPresent()) {
      return same.get().name();
    }
    if (all.stream().anyMatch(model -> model.name().equals(adopted.name()))) {
      throw another(adopted);
    }
    return adopted.name();
  }

  private static FolkmootException another(MootDefaults.Adopted adopted) {
    return new FolkmootException(
        WRONG_HASH,
        "'%s' is another model here than the one that the moot adopted, %s: name the one you want"
            .formatted(PlainText.line(adopted.name(), 60), adopted.sha256()));
  }

  /** Refuses a model of another hash than the moot has adopted. */
  void check(LanguageModel model) {
    adopted.ifPresent(of -> {
      if (!model.digest().equals(of.sha256().hex())) {
        throw another(of);
      }
    });
  }

  /** What to tell the person of what the moot decided; empty if it decided nothing of this call. */
  static Optional<String> told(
      MootDefaults defaults, Optional<MootDefaults.Adopted> model, Optional<String> prompt) {
    List<String> parts = new ArrayList<>();
    model.ifPresent(adopted -> parts.add("model " + PlainText.line(adopted.name(), 40)));
    prompt.ifPresent(text -> parts.add("system prompt \"" + PlainText.line(text, 60) + "\""));
    return parts.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "by decision of the moot '%s': %s (--no-moot leaves it aside)"
                .formatted(defaults.moot(), String.join(", ", parts)));
  }
}
