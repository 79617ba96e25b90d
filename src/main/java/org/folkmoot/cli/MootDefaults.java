package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.folkmoot.api.Policy;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.Moot;
import org.jspecify.annotations.Nullable;

/**
 * What this home does unless its person says otherwise, by decision of its moot. It is a small file
 * of names and values, which {@code run} reads in no time; where it is missing or damaged there are
 * no defaults.
 */
final class MootDefaults {
  /** A home without a moot, or whose moot has decided nothing. */
  static final MootDefaults NONE = new MootDefaults(new Properties());

  private static final long MAX_FILE = 1 << 18;
  private static final int LONGEST = 60;
  private static final String MOOT = "moot";
  private static final String DECIDED = ".decided";

  private final Properties values;

  private MootDefaults(Properties values) {
    this.values = values;
  }

  /**
   * A model, adapter or dataset.
   *
   * @param decided who decided, for people
   */
  record Adopted(String name, Hash32 sha256, String decided) {}

  /**
   * A policy.
   *
   * @param text its JSON
   * @param prompt its system prompt; empty if it has none
   * @param decided who decided, for people
   */
  record AdoptedPolicy(String text, Optional<String> prompt, String decided) {
    /** What it is called in receipts. */
    Hash32 hash() {
      return Hash32.sha256(text.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** What is decided on, as people call it and as the file does. */
  private static String key(Entry.Subject subject) {
    return subject.name().toLowerCase(Locale.ROOT);
  }

  static Path file(Surroundings surroundings) {
    return surroundings.home().resolve("moot").resolve("defaults");
  }

  /** The defaults of a home. */
  static MootDefaults read(Surroundings surroundings) {
    Path file = file(surroundings);
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_FILE) {
        return NONE;
      }
      Properties values = new Properties();
      try (Reader in = Files.newBufferedReader(file)) {
        values.load(in);
      }
      return new MootDefaults(values);
    } catch (IOException | IllegalArgumentException damaged) {
      return NONE;
    }
  }

  private @Nullable String value(String name) {
    return values.getProperty(name);
  }

  /** The moot that decided, on one line. */
  String moot() {
    return PlainText.line(values.getProperty(MOOT, ""), LONGEST);
  }

  /** The default model. */
  Optional<Adopted> model() {
    return adopted(Entry.Subject.MODEL);
  }

  Optional<Adopted> adopted(Entry.Subject subject) {
    String key = key(subject);
    String name = value(key + ".name");
    String sha256 = value(key + ".sha256");
    if (name == null || sha256 == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Adopted(name, Hash32.ofHex(sha256), values.getProperty(key + DECIDED, "")));
    } catch (FolkmootException damaged) {
      return Optional.empty();
    }
  }

  /** The default policy. */
  Optional<AdoptedPolicy> policy() {
    String text = value("policy.text");
    return text == null
        ? Optional.empty()
        : Optional.of(
            new AdoptedPolicy(
                text,
                Optional.ofNullable(value("policy.prompt")),
                values.getProperty("policy" + DECIDED, "")));
  }

  // ---- following

  /** Makes the defaults those of a moot, and says what changed and who decided. */
  static List<String> follow(Surroundings surroundings, Moot moot) {
    if (!MootHome.remembered(surroundings).filter(moot.id()::equals).isPresent()) {
      return List.of();
    }
    MootDefaults before = read(surroundings);
    MootDefaults now = new MootDefaults(new Properties());
    List<String> said = new ArrayList<>();
    now.values.setProperty(MOOT, moot.name());
    for (Entry.Subject subject : Entry.Subject.values()) {
      moot.adopted(subject).ifPresent(decision -> now.take(subject, decision));
    }
    moot.adoptedPolicy().ifPresent(decision -> now.takePolicy(decision, said));
    if (now.values.equals(before.values) || now.values.size() + before.values.size() <= 1) {
      return List.of();
    }
    for (Entry.Subject subject : Entry.Subject.values()) {
      said.addAll(
          change(
              now,
              key(subject),
              before.adopted(subject).map(Adopted::name),
              now.adopted(subject).map(Adopted::name),
              now.adopted(subject).map(Adopted::decided)));
    }
    said.addAll(
        change(
            now,
            before.policy().or(now::policy).flatMap(AdoptedPolicy::prompt).isPresent()
                ? "system prompt"
                : "policy",
            before.policy().map(MootDefaults::words),
            now.policy().map(MootDefaults::words),
            now.policy().map(AdoptedPolicy::decided)));
    now.write(surroundings);
    return said;
  }

  private static String words(AdoptedPolicy policy) {
    return "\"" + policy.prompt.orElse(policy.text) + "\"";
  }

  private static List<String> change(
      MootDefaults now,
      String what,
      Optional<String> before,
      Optional<String> after,
      Optional<String> decided) {
    if (before.equals(after)) {
      return List.of();
    }
    return List.of(
        "the moot '%s' has decided: the default %s is now %s (before: %s)"
            .formatted(now.moot(), what, shown(after), shown(before)),
        "  " + decided.orElse("what it was decided by does not hold any more"));
  }

  private static String shown(Optional<String> value) {
    return value.map(text -> PlainText.line(text, LONGEST)).orElse("none");
  }

  private void take(Entry.Subject subject, Moot.Decision decision) {
    if (decision.motion() instanceof Entry.Motion.Adopt adopt) {
      String key = key(subject);
      values.setProperty(key + ".name", adopt.name());
      values.setProperty(key + ".sha256", adopt.sha256().hex());
      values.setProperty(key + DECIDED, MootText.decided(decision));
    }
  }

  private void takePolicy(Moot.Decision decision, List<String> said) {
    String text =
        switch (decision.motion()) {
          case Entry.Motion.AdoptPrompt prompt -> policyOf(prompt.prompt());
          case Entry.Motion.AdoptPolicy policy -> policy.policy();
          default -> throw new IllegalStateException("no policy");
        };
    try {
      Policy policy = Policy.of(text.getBytes(StandardCharsets.UTF_8));
      values.setProperty("policy.text", text);
      policy.systemPrompt().ifPresent(prompt -> values.setProperty("policy.prompt", prompt));
      values.setProperty("policy" + DECIDED, MootText.decided(decision));
    } catch (FolkmootException noPolicy) {
      said.add(
          "the moot adopted a policy that is none, and it is left aside: " + noPolicy.getMessage());
    }
  }

  /** The policy that consists of a system prompt: the same bytes for every member. */
  private static String policyOf(String prompt) {
    try {
      return new ObjectMapper().writeValueAsString(Map.of("systemPrompt", prompt));
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException(ofOurs);
    }
  }

  private void write(Surroundings surroundings) {
    try {
      StringWriter text = new StringWriter();
      values.store(text, null);
      PrivateFile.write(file(surroundings), text.toString().getBytes(StandardCharsets.UTF_8));
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write %s: see that there is room and that the folder is yours"
              .formatted(file(surroundings)),
          failed);
    }
  }
}
