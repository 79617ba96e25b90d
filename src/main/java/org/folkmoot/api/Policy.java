package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.wire.Limits;

/**
 * What an operator declares to do to conversations: to put a system prompt before them, and to
 * refuse some. It is public: whoever asks can read it, its hash stands in the node's announcement
 * and in all that it signs, and every answer that it touched says so. Shaping answers without
 * declaring it shows as a mismatch.
 *
 * <p>The file is a JSON object with {@code systemPrompt}, a text; {@code refuse}, a list of texts,
 * in whatever case they come, and of objects {@code {"pattern": "…"}} with regular expressions; and
 * {@code refusal}, what is answered then. Its hash is that of the file's bytes.
 */
public final class Policy {
  /** Room for a long system prompt and hundreds of rules; a client fetches all of it. */
  static final int MAX_BYTES = Limits.MAX_POLICY;

  /** Each is looked for in each message. */
  private static final int MAX_RULES = 256;

  private static final int MAX_RULE = 1024;

  /**
   * Characters that all patterns together may look at for one request. A pattern that goes back and
   * forth over a text that somebody made for it would keep a processor for years.
   */
  private static final long MAX_LOOKS = 20_000_000;

  private static final Set<String> FIELDS = Set.of("systemPrompt", "refuse", "refusal");

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final byte[] text;
  private final Optional<String> systemPrompt;
  private final List<String> words = new ArrayList<>();
  private final List<Pattern> patterns = new ArrayList<>();
  private final String refusal;

  private Policy(byte[] text, JsonNode root) {
    this.text = text;
    require(root.isObject(), "it is no JSON object");
    for (String name : (Iterable<String>) root::fieldNames) {
      // A rule that is misspelt would be declared and not kept.
      require(FIELDS.contains(name), "it has a field of another name than " + FIELDS);
    }
    systemPrompt = text(root, "systemPrompt");
    JsonNode rules = root.path("refuse");
    require(rules.isMissingNode() || rules.isArray(), "\"refuse\" is no list");
    require(rules.size() <= MAX_RULES, "\"refuse\" has more than " + MAX_RULES + " rules");
    rules.forEach(this::add);
    Optional<String> said = text(root, "refusal");
    require(rules.isEmpty() || said.isPresent(), "\"refusal\" is missing: what to answer then");
    refusal = said.orElse("");
    require(systemPrompt.isPresent() || !rules.isEmpty(), "it does nothing");
  }

  /**
   * Reads a file.
   *
   * @throws FolkmootException NOT_FOUND, or BAD_FILE with what is wrong with it
   */
  public static Policy read(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      return of(in.readNBytes(MAX_BYTES + 1));
    } catch (IOException failed) {
      throw new FolkmootException(
          BAD_FILE, "%s cannot be read (%s)".formatted(file, failed.getMessage()), failed);
    }
  }

  /**
   * Reads a file's bytes.
   *
   * @throws FolkmootException BAD_FILE with what is wrong with them
   */
  public static Policy of(byte[] bytes) {
    require(bytes.length <= MAX_BYTES, "it has more than " + (MAX_BYTES >> 10) + " KiB");
    try {
      return new Policy(bytes.clone(), MAPPER.readTree(bytes));
    } catch (JsonProcessingException noJson) {
      long line = noJson.getLocation() == null ? 0 : noJson.getLocation().getLineNr();
      throw bad("line " + line + " is no JSON");
    } catch (IOException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static Optional<String> text(JsonNode root, String name) {
    JsonNode value = root.path(name);
    require(
        value.isMissingNode() || (value.isTextual() && !value.textValue().isBlank()),
        "\"" + name + "\" is no text");
    return Optional.ofNullable(value.textValue());
  }

  private void add(JsonNode rule) {
    JsonNode pattern = rule.path("pattern");
    String text = rule.isTextual() ? rule.textValue() : pattern.asText("");
    require(
        (rule.isTextual() || (pattern.isTextual() && rule.size() == 1))
            && !text.isBlank()
            && text.length() <= MAX_RULE,
        "a rule of \"refuse\" is neither a text nor {\"pattern\": \"…\"}, or too long");
    if (rule.isTextual()) {
      words.add(text.toLowerCase(Locale.ROOT));
      return;
    }
    try {
      patterns.add(Pattern.compile(text, Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE));
    } catch (PatternSyntaxException wrong) {
      throw bad("a pattern is wrong: " + wrong.getDescription());
    }
  }

  private static void require(boolean holds, String why) {
    if (!holds) {
      throw bad(why);
    }
  }

  private static FolkmootException bad(String why) {
    return new FolkmootException(BAD_FILE, "this is no policy: " + why + "; see docs/policy.md");
  }

  /** What names it: SHA-256 of its bytes. */
  public Hash32 hash() {
    return Hash32.sha256(text);
  }

  /** Its bytes, for whoever asks. */
  public byte[] bytes() {
    return text.clone();
  }

  /** What it puts before conversations; empty if nothing. */
  public Optional<String> systemPrompt() {
    return systemPrompt;
  }

  /** What is answered to what is refused. */
  String refusal() {
    return refusal;
  }

  /** Whether it puts something before conversations. */
  boolean hasSystemPrompt() {
    return systemPrompt.isPresent();
  }

  /**
   * The conversation as the model gets it: templates know one system message, so the operator's
   * comes before the caller's in the same one.
   */
  List<ChatMessage> told(List<ChatMessage> messages) {
    if (systemPrompt.isEmpty()) {
      return messages;
    }
    List<ChatMessage> all = new ArrayList<>(messages);
    boolean hasOwn = all.getFirst().role().equals("system");
    String own = hasOwn ? "\n\n" + all.removeFirst().content() : "";
    all.addFirst(new ChatMessage("system", systemPrompt.get() + own));
    return all;
  }

  /**
   * Whether one of these texts is refused.
   *
   * @throws ApiException 400 if that takes too long to find out
   */
  boolean refuses(List<String> said) {
    Looks looks = new Looks();
    for (String one : said) {
      String low = one.toLowerCase(Locale.ROOT);
      if (words.stream().anyMatch(low::contains)) {
        return true;
      }
      for (Pattern pattern : patterns) {
        if (finds(pattern, one, looks)) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean finds(Pattern pattern, String text, Looks looks) {
    try {
      return pattern.matcher(new Counted(text, looks)).find();
    } catch (StackOverflowError | TooLong undecided) {
      throw ApiException.invalid(
          null,
          "policy_undecided",
          "whether this node's policy refuses this takes too long to find out: send less text");
    }
  }

  /** How much has been looked at. */
  private static final class Looks {
    long count;
  }

  /** Ends a match from within. */
  private static final class TooLong extends RuntimeException {
    private static final long serialVersionUID = 1L;

    TooLong() {
      super("", null, false, false);
    }
  }

  /** A text that counts who looks at it. */
  private record Counted(CharSequence text, Looks looks) implements CharSequence {
    @Override
    public int length() {
      return text.length();
    }

    @Override
    public char charAt(int index) {
      if (++looks.count > MAX_LOOKS) {
        throw new TooLong();
      }
      return text.charAt(index);
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new Counted(text.subSequence(start, end), looks);
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }
}
