package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Decodes token after token into text, of which it gives only whole characters: a token may end in
 * the middle of one. All pieces together are what decoding all the bytes at once gives. For one
 * thread.
 */
public final class StreamDecoder {
  private static final byte[] NOTHING = {};

  private final Tokenizer tokenizer;

  /** Whether the next text is the first of a text, so that it may have a prefix. */
  private boolean opens;

  /** The start of a character whose rest is to come; at most three bytes. */
  private byte[] pending = NOTHING;

  private StreamDecoder(Tokenizer tokenizer, boolean opens) {
    this.tokenizer = tokenizer;
    this.opens = opens;
  }

  /**
   * For tokens that begin a text, as an answer to a chat does: a space that stands first only
   * because the vocabulary puts one before every text is left out, as {@link Tokenizer#decode}
   * does.
   */
  public static StreamDecoder ofText(Tokenizer tokenizer) {
    return new StreamDecoder(tokenizer, true);
  }

  /** For tokens that go on with a text, as a completion does: every space counts. */
  public static StreamDecoder ofContinuation(Tokenizer tokenizer) {
    return new StreamDecoder(tokenizer, false);
  }

  /**
   * The text that became certain with a token; empty where it holds no whole character yet. Marks
   * ({@link Tokenizer#isMark}) are spelled out.
   *
   * @throws IndexOutOfBoundsException if there is no such id
   */
  public String add(int id) {
    byte[] bytes =
        tokenizer.isMark(id)
            ? tokenizer.spelling(id).getBytes(StandardCharsets.UTF_8)
            : tokenizer.bytes(id);
    if (bytes.length == 0) {
      return "";
    }
    int from = opens && tokenizer.hasSpacePrefix(id) ? 1 : 0;
    opens = false;
    byte[] all = Arrays.copyOf(pending, pending.length + bytes.length - from);
    System.arraycopy(bytes, from, all, pending.length, bytes.length - from);
    int whole = wholeCharacters(all);
    pending = whole == all.length ? NOTHING : Arrays.copyOfRange(all, whole, all.length);
    return new String(all, 0, whole, StandardCharsets.UTF_8);
  }

  /** What is left at the end: U+FFFD if the last character never became whole, or nothing. */
  public String finish() {
    String rest = new String(pending, StandardCharsets.UTF_8);
    pending = NOTHING;
    return rest;
  }

  /** Bytes before a character at the end whose rest is missing. */
  private static int wholeCharacters(byte[] utf8) {
    for (int tail = 1; tail <= 3 && tail <= utf8.length; tail++) {
      byte b = utf8[utf8.length - tail];
      if ((b & 0xC0) != 0x80) {
        return Utf8.length(b) > tail ? utf8.length - tail : utf8.length;
      }
    }
    return utf8.length;
  }
}
