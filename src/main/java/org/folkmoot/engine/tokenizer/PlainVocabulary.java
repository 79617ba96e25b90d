package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.engine.gguf.GgufWriter;

/** A tokenizer of byte pairs that knows no language, for models that have learnt none. */
public final class PlainVocabulary {
  /** Turns marked as ChatML does. */
  private static final String TEMPLATE =
      """
      {% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}\
      {{ '<|im_start|>system\nYou are random.<|im_end|>\n' }}{% endif %}\
      {{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}\
      {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}\
      """;

  private static final List<String> SPECIAL =
      List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");

  private PlainVocabulary() {}

  /**
   * Puts the metadata of a tokenizer and its chat template.
   *
   * @param size of the vocabulary, at least 259: three special tokens, the bytes, then pairs of
   *     lower-case letters
   */
  public static void put(GgufWriter writer, int size) {
    List<String> tokens = new ArrayList<>(SPECIAL);
    for (int value = 0; value < 256; value++) {
      tokens.add(spelling((byte) value));
    }
    List<String> merges = new ArrayList<>();
    for (int pair = 0; tokens.size() < size; pair++) {
      String left = String.valueOf((char) ('a' + pair % 26));
      String right = String.valueOf((char) ('a' + pair / 26 % 26));
      merges.add(left + " " + right);
      tokens.add(left + right);
    }
    int[] types = new int[size];
    Arrays.fill(types, 1);
    Arrays.fill(types, 0, SPECIAL.size(), 3);
    writer
        .put("tokenizer.ggml.model", "gpt2")
        .put("tokenizer.ggml.pre", "smollm")
        .put("tokenizer.ggml.tokens", tokens.toArray(String[]::new))
        .put("tokenizer.ggml.merges", merges.toArray(String[]::new))
        .put("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.bos_token_id", 1)
        .put("tokenizer.ggml.eos_token_id", 2)
        .put("tokenizer.ggml.unknown_token_id", 0)
        .put("tokenizer.chat_template", TEMPLATE);
  }

  private static String spelling(byte value) {
    byte[] out = new byte[4];
    int length = ByteSpelling.spell(value, out, 0);
    return new String(out, 0, length, StandardCharsets.UTF_8);
  }
}
