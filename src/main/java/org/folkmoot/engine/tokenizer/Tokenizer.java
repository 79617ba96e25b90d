package org.folkmoot.engine.tokenizer;

import java.util.List;
import java.util.OptionalInt;

/**
 * A vocabulary with its rules. Immutable and safe for use by many threads.
 *
 * <p>Ids are {@code 0 <= id < size()}; every method that takes an id throws {@link
 * IndexOutOfBoundsException} outside that range.
 */
public interface Tokenizer {
  /**
   * The most characters (UTF-16 units) of a text: more than a context of a million tokens holds.
   * Encoding one word of this length takes a few hundred megabytes for a moment.
   */
  int MAX_TEXT_LENGTH = 1 << 22;

  /**
   * How special tokens that are spelled out in a text are treated. User-defined ones, which stand
   * for the text they spell, are one token either way.
   */
  enum Specials {
    /**
     * {@code <|im_end|>} in the text becomes that one token: for rendered chat templates. Where
     * spellings overlap, the longest wins, then the leftmost.
     */
    PARSE,
    /** Control tokens spelled in the text are plain text: for what a person wrote. */
    AS_TEXT
  }

  /** Number of token ids. */
  int size();

  /**
   * The ids of a text, without a begin-of-sequence token. An unpaired surrogate counts as U+FFFD.
   *
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the text is longer than {@link
   *     #MAX_TEXT_LENGTH}
   */
  int[] encode(String text, Specials specials);

  /**
   * The ids of a prompt: {@link #encode} with what this vocabulary puts before and after a sequence
   * (BOS, EOS), unless the text spells it there itself, as chat templates do.
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

  /**
   * Whether the token tells the parts of an answer apart, as gpt-oss's channels do: a control token
   * that is spelled out in the text of an answer, for whoever shows it to take away.
   */
  default boolean isMark(int id) {
    return false;
  }

  /** Whether the token ends an answer (end of sequence, of turn, or of message). */
  boolean isEnd(int id);

  /** The token that begins a sequence, where the vocabulary has one. */
  OptionalInt beginId();

  /** The token that ends a sequence, where the vocabulary has one. */
  OptionalInt endId();

  /**
   * Whether a token that stands first in a text begins with a space that is not the text's:
   * SentencePiece vocabularies put one before every text, and {@link #decode} takes it away.
   */
  boolean hasSpacePrefix(int id);

  /**
   * The text of ids that begin a text: the bytes of each, decoded as UTF-8 with U+FFFD for what is
   * not, less the space that {@link #hasSpacePrefix} speaks of. Ids that go on with a text are
   * decoded by {@link StreamDecoder#ofContinuation}.
   *
   * <p>{@code decode(encode(text))} is the text, if it has no unpaired surrogates and the
   * vocabulary can spell all of it. Not promised: the "clean-up" of spaces before punctuation that
   * some Python tokenizers do.
   */
  String decode(int[] ids);

  /** What a person who uses this vocabulary should know, a sentence each; mostly empty. */
  List<String> notes();
}
