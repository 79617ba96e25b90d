package org.folkmoot.engine.tokenizer;

import java.util.OptionalInt;

/**
 * A vocabulary with its rules. Immutable and safe for use by many threads.
 *
 * <p>Ids are {@code 0 <= id < size()}; every method that takes an id throws {@link
 * IndexOutOfBoundsException} outside that range.
 */
public interface Tokenizer {
  /** How special tokens (control and user-defined) that are spelled out in a text are treated. */
  enum Specials {
    /** {@code <|im_end|>} in the text becomes that one token: for rendered chat templates. */
    PARSE,
    /** Control tokens spelled in the text are plain text: for what a person wrote. */
    AS_TEXT
  }

  /** Number of token ids. */
  int size();

  /**
   * The ids of a text, without a begin-of-sequence token.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the text is longer than the
   *     tokenizer's bound
   */
  int[] encode(String text, Specials specials);

  /**
   * The ids of a prompt: {@link #encode} with what this vocabulary puts before and after a sequence
   * (BOS, EOS).
   */
  int[] encodePrompt(String text, Specials specials);

  /**
   * The bytes that a token adds to the text. A token can hold part of a UTF-8 character. Control
   * tokens add nothing.
   */
  byte[] bytes(int id);

  /**
   * The token as the vocabulary spells it, for people to read (for example {@code Ġthe} or {@code
   * <|im_end|>}).
   */
  String spelling(int id);

  /** Whether the token ends an answer (end of sequence, of turn, or of message). */
  boolean isEnd(int id);

  /** The token that begins a sequence, where the vocabulary has one. */
  OptionalInt beginId();

  /** The token that ends a sequence, where the vocabulary has one. */
  OptionalInt endId();

  /** The text of ids: the bytes of each, decoded as UTF-8 with U+FFFD for what is not. */
  String decode(int[] ids);
}
