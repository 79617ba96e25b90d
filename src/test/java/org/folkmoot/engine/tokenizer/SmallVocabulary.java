package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufMetadata;

/**
 * Vocabularies made up by a seed: what they merge makes no sense, but collides, ties and overlaps
 * more than real ones do.
 */
final class SmallVocabulary {
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int BYTE = 6;

  /** Special tokens that overlap, some inside of others; no two of a length overlap each other. */
  private static final List<String> CONTROLS =
      List.of("<|im_start|>", "<|im_end|>", "<|im_end|>\n", "|><|", "<s><s>", "<s>");

  private static final List<String> USER_DEFINEDS = List.of("     ", "   ", "the", "ab😀", "c ab");

  final List<String> tokens = new ArrayList<>();
  final List<Integer> types = new ArrayList<>();
  final List<Float> scores = new ArrayList<>();
  final List<String> merges = new ArrayList<>();
  private final Map<String, Object> more = new LinkedHashMap<>();

  /** A byte-level vocabulary. */
  static SmallVocabulary bytePair(SplittableRandom random, String pre) {
    SmallVocabulary made = new SmallVocabulary();
    made.put("model", "gpt2").put("pre", pre).put("add_bos_token", false);
    for (int value = 0; value < 256; value++) {
      made.add(NaiveBytePair.character(value), NORMAL, 0);
    }
    List<String> pool = new ArrayList<>();
    for (byte value : "  \n''aAbBcdes012é中😀".getBytes(StandardCharsets.UTF_8)) {
      pool.add(NaiveBytePair.character(value & 0xFF));
    }
    LinkedHashSet<String> merges = new LinkedHashSet<>();
    while (merges.size() < 700) {
      String left = pool.get(random.nextInt(pool.size()));
      String right = pool.get(random.nextInt(pool.size()));
      String token = left + right;
      if (token.length() <= 12 && merges.add(left + " " + right) && !made.tokens.contains(token)) {
        made.add(token, NORMAL, 0);
        pool.add(token);
      }
    }
    made.merges.addAll(merges);
    made.addSpecials();
    return made;
  }

  /**
   * A SentencePiece vocabulary.
   *
   * @param withBytes whether bytes are tokens; else there is only the unknown token
   * @param spansWords whether tokens reach from one word into the next
   */
  static SmallVocabulary sentencePiece(
      SplittableRandom random, boolean withBytes, boolean spansWords) {
    SmallVocabulary made = new SmallVocabulary();
    made.put("model", "llama").put("add_bos_token", true);
    made.add("<unk>", UNKNOWN, 0);
    made.add("<bos>", CONTROL, 0);
    made.add("<end>", CONTROL, 0);
    for (int value = 0; withBytes && value < 256; value++) {
      made.add("<0x%02X>".formatted(value), BYTE, 0);
    }
    List<String> pool = new ArrayList<>();
    for (String one :
        "▁▁aAbBcdes012'é中😀<s>/".codePoints().mapToObj(Character::toString).toList()) {
      pool.add(one);
      if (!made.tokens.contains(one) && !one.equals("d")) { // d must fall back
        made.add(one, NORMAL, -random.nextInt(5));
      }
    }
    while (made.tokens.size() < 800) {
      String token = pool.get(random.nextInt(pool.size())) + pool.get(random.nextInt(pool.size()));
      boolean fits = spansWords || !token.matches("(?s).*[^▁]▁.*");
      if (token.length() <= 12 && fits && !token.equals("</s>") && !made.tokens.contains(token)) {
        made.add(token, NORMAL, random.nextInt(8) - 4);
        pool.add(token);
      }
    }
    made.addSpecials();
    return made;
  }

  private void addSpecials() {
    CONTROLS.forEach(spelling -> add(spelling, CONTROL, 0));
    USER_DEFINEDS.forEach(spelling -> add(spelling, USER_DEFINED, 0));
  }

  private void add(String spelling, int type, float score) {
    if (!tokens.contains(spelling)) {
      tokens.add(spelling);
      types.add(type);
      scores.add(score);
    }
  }

  /** Sets a key, by its name without the prefix. */
  SmallVocabulary put(String key, Object value) {
    more.put("tokenizer.ggml." + key, value);
    return this;
  }

  /** Takes a key out. */
  SmallVocabulary remove(String key) {
    more.put("tokenizer.ggml." + key, Absent.ABSENT);
    return this;
  }

  private enum Absent {
    ABSENT
  }

  /** The tokens, less those that text can never become. */
  List<String> textTokens() {
    List<String> text = new ArrayList<>(tokens);
    for (int id = 0; id < text.size(); id++) {
      if (types.get(id) == CONTROL || types.get(id) == UNKNOWN) {
        text.set(id, "no text " + id);
      }
    }
    return text;
  }

  /** What a file with this vocabulary says. */
  GgufMetadata metadata() {
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("tokenizer.ggml.tokens", tokens.toArray(String[]::new));
    values.put("tokenizer.ggml.token_type", types.stream().mapToLong(type -> type).toArray());
    float[] floats = new float[scores.size()];
    for (int id = 0; id < floats.length; id++) {
      floats[id] = scores.get(id);
    }
    values.put("tokenizer.ggml.scores", floats);
    values.put("tokenizer.ggml.merges", merges.toArray(String[]::new));
    values.putAll(more);
    values.values().removeIf(value -> value == Absent.ABSENT);
    return new GgufMetadata(values);
  }

  Tokenizer tokenizer() {
    return Tokenizers.from(metadata());
  }
}
