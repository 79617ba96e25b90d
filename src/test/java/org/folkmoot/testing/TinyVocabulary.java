package org.folkmoot.testing;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.engine.gguf.GgufWriter;

/**
 * A small SentencePiece-style vocabulary: every byte is a token, so that any text can be encoded,
 * and letters merge into syllables, so that merging has something to do. Ids: 0 unknown, 1 begin, 2
 * end, 3 to 258 the bytes, 259 and 260 the marks of the chat template, then pieces.
 */
public final class TinyVocabulary {
  /** Ids below this are there in every vocabulary. */
  public static final int LEAST = 261;

  private static final int NORMAL = 1;
  private static final int UNKNOWN = 2;
  private static final int CONTROL = 3;
  private static final int UNUSED = 5;
  private static final int BYTE = 6;

  private static final String CHAT_TEMPLATE =
      """
      {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + \
      message['content'] + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}\
      {{ '<|im_start|>assistant\\n' }}{% endif %}\
      """;

  private TinyVocabulary() {}

  /** Adds the vocabulary's keys and the chat template to a file. */
  public static void putInto(GgufWriter writer, int size) {
    List<String> pieces = pieces(size);
    int[] types = new int[size];
    float[] scores = new float[size];
    for (int id = 0; id < size; id++) {
      types[id] = type(id, pieces.get(id));
      scores[id] = types[id] == NORMAL ? LEAST - id : 0;
    }
    writer
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.pre", "default")
        .put("tokenizer.ggml.tokens", pieces.toArray(String[]::new))
        .put("tokenizer.ggml.scores", scores)
        .put("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.bos_token_id", 1)
        .put("tokenizer.ggml.eos_token_id", 2)
        .put("tokenizer.ggml.unknown_token_id", 0)
        .put("tokenizer.ggml.eot_token_id", 260)
        .put("tokenizer.ggml.add_bos_token", true)
        .put("tokenizer.ggml.add_eos_token", false)
        .put("tokenizer.ggml.add_space_prefix", true)
        .put("tokenizer.chat_template", CHAT_TEMPLATE);
  }

  private static int type(int id, String piece) {
    if (id == 0) {
      return UNKNOWN;
    }
    if (id < 3 || id == 259 || id == 260) {
      return CONTROL;
    }
    if (id < 259) {
      return BYTE;
    }
    return piece.startsWith("<unused") ? UNUSED : NORMAL;
  }

  private static List<String> pieces(int size) {
    List<String> pieces = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
    for (int b = 0; b < 256; b++) {
      pieces.add("<0x%02X>".formatted(b));
    }
    pieces.addAll(List.of("<|im_start|>", "<|im_end|>", "▁"));
    List<String> syllables = new ArrayList<>();
    for (char letter = 'a'; letter <= 'z'; letter++) {
      pieces.add(String.valueOf(letter));
      for (char vowel : "aeiou".toCharArray()) {
        syllables.add(letter + String.valueOf(vowel));
      }
    }
    pieces.addAll(syllables);
    syllables.forEach(syllable -> pieces.add("▁" + syllable));
    for (int i = 0; pieces.size() < size && i < syllables.size(); i++) {
      for (String second : syllables) {
        pieces.add(syllables.get(i) + second);
      }
    }
    for (int i = 0; pieces.size() < size; i++) {
      pieces.add("<unused" + i + ">");
    }
    return List.copyOf(pieces.subList(0, size));
  }
}
