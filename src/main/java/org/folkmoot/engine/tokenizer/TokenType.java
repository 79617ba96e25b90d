package org.folkmoot.engine.tokenizer;

/**
 * What a token is, in the order of the numbers in GGUF's {@code tokenizer.ggml.token_type}, from 0.
 */
enum TokenType {
  UNDEFINED,
  /** A piece of text. */
  NORMAL,
  /** Stands for what the vocabulary cannot spell. */
  UNKNOWN,
  /** Steers the model and adds nothing to the text. */
  CONTROL,
  /** Text that is always one token, found before anything else is split. */
  USER_DEFINED,
  UNUSED,
  /** One byte, spelled {@code <0xNN>}. */
  BYTE;

  private static final TokenType[] ALL = values();

  static TokenType of(int number) {
    return ALL[number];
  }

  static int count() {
    return ALL.length;
  }

  /** Whether the token stands for something other than text: text may not become it by chance. */
  boolean isReserved() {
    return this == CONTROL || this == UNKNOWN;
  }
}
