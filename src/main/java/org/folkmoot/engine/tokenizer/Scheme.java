package org.folkmoot.engine.tokenizer;

/** How a kind of vocabulary splits text into tokens, and what text its tokens stand for. */
sealed interface Scheme permits SentencePiece, BytePair {
  /**
   * Adds the ids of the text in a range, which holds no special tokens.
   *
   * @param opens whether the range is the start of the text or follows a special token
   */
  void encode(byte[] utf8, int from, int to, boolean opens, IdList ids);

  /** The bytes that a token of type NORMAL stands for. */
  byte[] bytes(int id);

  /** Whether a space is put before text that opens. */
  boolean addsSpacePrefix();
}
