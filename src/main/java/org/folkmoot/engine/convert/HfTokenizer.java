package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufWriter;

/**
 * A {@code tokenizer.json} as the keys that GGUF files have for it. Two kinds are known: byte-level
 * BPE, whose merges go over as they are, and SentencePiece's BPE (with byte fallback), in which a
 * piece's score takes the place of the merges: the earlier the first merge that makes it, the
 * higher.
 */
final class HfTokenizer {
  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int USER_DEFINED = 4;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  /** As many tokens as the tokenizer can take. */
  private static final int MAX_TOKENS = 1 << 21;

  /** What a piece scores that no merge makes: less than any that one does. */
  private static final float NEVER_MERGED = -1e9f;

  private static final Pattern MARKS =
      Pattern.compile("<pad>|<mask>|<2mass>|\\[@BOS@]|(?s)<\\|.*\\|>|<｜.*｜>|<unused.*>");

  private final JsonNode root;
  private final JsonNode settings;
  private final JsonNode model;
  private final int vocabulary;
  private final boolean byteLevel;
  private final Map<String, Integer> ids = new HashMap<>();
  private final String[] tokens;
  private final int[] types;

  /**
   * Reads a tokenizer.
   *
   * @param settings {@code tokenizer_config.json}, or an empty object
   * @param vocabulary number of tokens that the model's embedding has
   * @throws FolkmootException BAD_FILE, UNSUPPORTED
   */
  HfTokenizer(JsonNode root, JsonNode settings, int vocabulary) {
    this.root = root;
    this.settings = settings;
    this.vocabulary = vocabulary;
    this.model = root.path("model");
    String type = model.path("type").asText("BPE");
    if (!type.equals("BPE") || !model.path("vocab").isObject()) {
      throw unsupported(
          "a tokenizer of the type '%s' is not supported; supported is BPE (byte-level, or with byte fallback)"
              .formatted(Json.shown(type)));
    }
    this.byteLevel = HfPreTokenizer.isByteLevel(root);
    if (!byteLevel && !model.path("byte_fallback").asBoolean(false)) {
      throw unsupported("a BPE tokenizer that is neither byte-level nor has byte fallback");
    }
    this.tokens = new String[vocabulary];
    this.types = new int[vocabulary];
    readVocabulary();
    readAdded();
    for (int id = 0; id < vocabulary; id++) {
      if (tokens[id] == null) {
        // Embeddings are often padded to a round number of rows.
        tokens[id] = "[PAD" + id + "]";
        types[id] = UNUSED;
      }
    }
  }

  private void readVocabulary() {
    if (model.path("vocab").size() > MAX_TOKENS) {
      throw bad("it has more than " + MAX_TOKENS + " tokens");
    }
    String unknown = model.path("unk_token").asText("");
    for (Map.Entry<String, JsonNode> entry : model.path("vocab").properties()) {
      String token = entry.getKey();
      boolean isByte = !byteLevel && token.matches("<0x[0-9A-F]{2}>");
      boolean isUnknown = !byteLevel && token.equals(unknown);
      put(token, entry.getValue(), isByte ? BYTE : isUnknown ? UNKNOWN : NORMAL);
    }
  }

  private void readAdded() {
    for (JsonNode added : root.path("added_tokens")) {
      String token = added.path("content").asText();
      if (added.path("id").asLong(-1) >= vocabulary) {
        continue; // Gemma 3's for pictures, in models that have no row for it
      }
      Integer known = ids.get(token);
      boolean isUnknown = known != null && types[known] == UNKNOWN;
      boolean control = added.path("special").asBoolean(false) || looksSpecial(token);
      put(token, added.path("id"), isUnknown ? UNKNOWN : control ? CONTROL : USER_DEFINED);
      if (!byteLevel && !control && !isUnknown) {
        // What is searched for in a text is spelled as it stands there.
        tokens[added.path("id").asInt()] = token.replace('▁', ' ');
      }
    }
  }

  /**
   * Whether a token is a mark whatever the folder says: DeepSeek's and others' do not call the
   * marks of turns special, and then whoever types one would forge a turn. The list is llama.cpp's.
   */
  private static boolean looksSpecial(String token) {
    return MARKS.matcher(token).matches();
  }

  /** Whether special tokens swallow the white space behind them. */
  boolean swallows() {
    for (JsonNode added : root.path("added_tokens")) {
      if (added.path("special").asBoolean(false) && added.path("rstrip").asBoolean(false)) {
        return true;
      }
    }
    return false;
  }

  private void put(String token, JsonNode place, int type) {
    int id = place.asInt(-1);
    if (!place.isIntegralNumber() || id < 0 || id >= vocabulary) {
      throw bad(
          "the token '%s' has the id %s, but config.json says %d tokens"
              .formatted(Json.shown(token), Json.shown(place.toString()), vocabulary));
    }
    if (tokens[id] != null && !tokens[id].equals(token)) {
      throw bad(
          "the tokens '%s' and '%s' have the same id %d"
              .formatted(Json.shown(tokens[id]), Json.shown(token), id));
    }
    tokens[id] = token;
    types[id] = type;
    ids.put(token, id);
  }

  /** Puts the tokenizer into a file. */
  void putInto(GgufWriter writer, JsonNode config, JsonNode generation) {
    List<String[]> merges = merges();
    writer.put("tokenizer.ggml.model", byteLevel ? "gpt2" : "llama");
    if (byteLevel) {
      writer.put("tokenizer.ggml.pre", HfPreTokenizer.name(root));
    }
    writer.put("tokenizer.ggml.tokens", tokens).put("tokenizer.ggml.token_type", types);
    if (byteLevel) {
      writer.put(
          "tokenizer.ggml.merges",
          merges.stream().map(pair -> pair[0] + " " + pair[1]).toArray(String[]::new));
    } else {
      writer
          .put("tokenizer.ggml.scores", scores(merges))
          .put("tokenizer.ggml.add_space_prefix", HfPreTokenizer.addsSpacePrefix(root, settings));
    }
    putId(writer, "bos", config);
    putId(writer, "eos", config);
    putId(writer, "pad", config);
    putId(writer, "unk", config);
    JsonNode ends = generation.path("eos_token_id");
    OptionalInt end = id("eos", config);
    for (JsonNode other : ends.isArray() ? ends : config.path("eos_token_id")) {
      boolean isNew = end.isPresent() && other.asInt(-1) != end.getAsInt();
      if (isNew && other.isIntegralNumber() && other.asInt() >= 0 && other.asInt() < vocabulary) {
        writer.put("tokenizer.ggml.eot_token_id", other.asInt());
        break;
      }
    }
    boolean begins = settings.path("add_bos_token").asBoolean(HfPreTokenizer.beginsTexts(root));
    writer
        .put("tokenizer.ggml.add_bos_token", begins && id("bos", config).isPresent())
        .put("tokenizer.ggml.add_eos_token", settings.path("add_eos_token").asBoolean(false));
  }

  private void putId(GgufWriter writer, String which, JsonNode config) {
    id(which, config)
        .ifPresent(id -> {
          String name =
              switch (which) {
                case "pad" -> "padding";
                case "unk" -> "unknown";
                default -> which;
              };
          writer.put("tokenizer.ggml." + name + "_token_id", id);
        });
  }

  /**
   * The id of the token for a purpose: as the settings spell it, else as the configuration says.
   */
  private OptionalInt id(String which, JsonNode config) {
    JsonNode token = settings.path(which + "_token");
    String spelling = token.isObject() ? token.path("content").asText() : token.asText("");
    Integer spelled = ids.get(spelling);
    if (spelled != null) {
      return OptionalInt.of(spelled);
    }
    JsonNode id = config.path(which + "_token_id");
    JsonNode first = id.isArray() ? id.path(0) : id;
    boolean fits = first.isIntegralNumber() && first.asInt() >= 0 && first.asInt() < vocabulary;
    return fits ? OptionalInt.of(first.asInt()) : OptionalInt.empty();
  }

  private List<String[]> merges() {
    List<String[]> merges = new ArrayList<>();
    for (JsonNode merge : model.path("merges")) {
      String[] pair =
          merge.isArray() && merge.size() == 2
              ? new String[] {merge.get(0).asText(), merge.get(1).asText()}
              : merge.asText().split(" ", 2);
      if (pair.length != 2 || pair[0].isEmpty() || pair[1].isEmpty()) {
        throw bad("a merge is no pair: " + Json.shown(merge.toString()));
      }
      if (merges.size() >= MAX_TOKENS) {
        throw bad("it has more than " + MAX_TOKENS + " merges");
      }
      merges.add(pair);
    }
    if (merges.isEmpty()) {
      throw bad("it has no merges");
    }
    return merges;
  }

  private float[] scores(List<String[]> merges) {
    float[] scores = new float[vocabulary];
    Arrays.fill(scores, NEVER_MERGED);
    for (int rank = 0; rank < merges.size(); rank++) {
      Integer made = ids.get(merges.get(rank)[0] + merges.get(rank)[1]);
      if (made != null && scores[made] == NEVER_MERGED) {
        scores[made] = -rank;
      }
    }
    return scores;
  }

  static FolkmootException bad(String message) {
    return new FolkmootException(BAD_FILE, "tokenizer.json: " + message);
  }

  static FolkmootException unsupported(String message) {
    return new FolkmootException(UNSUPPORTED, "tokenizer.json: " + message);
  }
}
