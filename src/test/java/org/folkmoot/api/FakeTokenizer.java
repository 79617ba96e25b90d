package org.folkmoot.api;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.folkmoot.engine.tokenizer.Tokenizer;

/** A vocabulary of all bytes, a few words, and the control tokens of ChatML. */
final class FakeTokenizer implements Tokenizer {
  static final int BEGIN = 256;
  static final int IM_START = 257;
  static final int IM_END = 258;
  static final int FIRST_WORD = 259;

  private static final Map<Integer, String> CONTROL =
      Map.of(BEGIN, "<s>", IM_START, "<|im_start|>", IM_END, "<|im_end|>");
  private static final List<String> WORDS =
      List.of(
          " the",
          " moot",
          " gathers",
          " at",
          " dawn",
          " under",
          " an",
          " oak",
          ",",
          " and",
          " speaks",
          " softly",
          " of",
          " thé",
          " sky",
          ".");

  static int word(String word) {
    int index = WORDS.indexOf(word);
    if (index < 0) {
      throw new IllegalArgumentException(word);
    }
    return FIRST_WORD + index;
  }

  @Override
  public int size() {
    return FIRST_WORD + WORDS.size();
  }

  @Override
  public int[] encode(String text, Specials specials) {
    List<Integer> ids = new ArrayList<>();
    for (int at = 0; at < text.length(); ) {
      at = encodeNext(text, at, specials, ids);
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int encodeNext(String text, int at, Specials specials, List<Integer> ids) {
    if (specials == Specials.PARSE) {
      for (Map.Entry<Integer, String> control : CONTROL.entrySet()) {
        if (text.startsWith(control.getValue(), at)) {
          ids.add(control.getKey());
          return at + control.getValue().length();
        }
      }
    }
    for (int word = 0; word < WORDS.size(); word++) {
      if (text.startsWith(WORDS.get(word), at)) {
        ids.add(FIRST_WORD + word);
        return at + WORDS.get(word).length();
      }
    }
    int end = at + Character.charCount(text.codePointAt(at));
    for (byte b : text.substring(at, end).getBytes(StandardCharsets.UTF_8)) {
      ids.add(Byte.toUnsignedInt(b));
    }
    return end;
  }

  @Override
  public int[] encodePrompt(String text, Specials specials) {
    int[] ids = encode(text, specials);
    int[] prompt = new int[ids.length + 1];
    prompt[0] = BEGIN;
    System.arraycopy(ids, 0, prompt, 1, ids.length);
    return prompt;
  }

  @Override
  public byte[] bytes(int id) {
    if (id < 256) {
      return new byte[] {(byte) id};
    }
    return id < FIRST_WORD
        ? new byte[0]
        : WORDS.get(id - FIRST_WORD).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public String spelling(int id) {
    String control = CONTROL.get(id);
    return control == null ? new String(bytes(id), StandardCharsets.ISO_8859_1) : control;
  }

  @Override
  public boolean isEnd(int id) {
    return id == IM_END;
  }

  @Override
  public OptionalInt beginId() {
    return OptionalInt.of(BEGIN);
  }

  @Override
  public OptionalInt endId() {
    return OptionalInt.of(IM_END);
  }

  @Override
  public boolean hasSpacePrefix(int id) {
    return false;
  }

  @Override
  public List<String> notes() {
    return List.of();
  }

  @Override
  public String decode(int[] ids) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    for (int id : ids) {
      text.writeBytes(bytes(id));
    }
    return text.toString(StandardCharsets.UTF_8);
  }
}
