package org.folkmoot.engine.tokenizer;

/**
 * Byte-level byte pair encoding, as GPT-2 began it: a pre-tokenizer cuts the text into words, and
 * in each word, its bytes spelled as characters, the neighbours whose merge has the lowest rank are
 * joined.
 *
 * <p>Radford et al., "Language Models are Unsupervised Multitask Learners" (2019). A byte for which
 * the vocabulary has no token is dropped, as llama.cpp does.
 */
final class BytePair implements Scheme, SymbolRow.Ranking {
  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final PreTokenizer preTokenizer;

  BytePair(Vocabulary vocabulary, MergeTable merges, PreTokenizer preTokenizer) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.preTokenizer = preTokenizer;
  }

  @Override
  public void encode(byte[] utf8, int from, int to, boolean opens, IdList ids) {
    split(utf8, from, to, 0, new WordEncoder(ids));
  }

  /** Cuts a range by one stage of the pre-tokenizer after the other; what is left are words. */
  private void split(byte[] utf8, int from, int to, int stage, WordEncoder words) {
    if (stage == preTokenizer.stages().size()) {
      words.encode(utf8, from, to);
      return;
    }
    Splitter splitter = preTokenizer.stages().get(stage);
    for (int at = from; at < to; ) {
      int end = splitter.end(utf8, at, to);
      split(utf8, at, end, stage + 1, words);
      at = end;
    }
  }

  @Override
  public int rank(byte[] text, int from, int middle, int to) {
    int token = vocabulary.find(text, from, to);
    return token < 0 ? SymbolRow.NONE : merges.rank(token, middle - from);
  }

  @Override
  public byte[] bytes(int id) {
    return ByteSpelling.bytes(vocabulary.spelling(id));
  }

  @Override
  public boolean addsSpacePrefix() {
    return false;
  }

  /** Encodes words, one after the other. */
  private final class WordEncoder {
    private final IdList ids;
    private final SymbolRow symbols = new SymbolRow(BytePair.this);
    private byte[] spelled = new byte[64];

    WordEncoder(IdList ids) {
      this.ids = ids;
    }

    void encode(byte[] utf8, int from, int to) {
      int length = spell(utf8, from, to);
      if (preTokenizer.wholeWordsFirst() && add(0, length)) {
        return;
      }
      symbols.join(spelled, 0, length);
      for (int symbol = 0; symbol >= 0; symbol = symbols.next(symbol)) {
        add(symbols.start(symbol), symbols.end(symbol));
      }
    }

    private int spell(byte[] utf8, int from, int to) {
      if (spelled.length < 2 * (to - from)) {
        spelled = new byte[2 * Math.max(to - from, spelled.length)];
      }
      int length = 0;
      for (int i = from; i < to; i++) {
        length = ByteSpelling.spell(utf8[i], spelled, length);
      }
      return length;
    }

    /** Adds the token that spells a range, if there is one. */
    private boolean add(int from, int to) {
      int id = vocabulary.find(spelled, from, to);
      boolean isText = id >= 0 && !vocabulary.type(id).isReserved();
      if (isText) {
        ids.add(id);
      }
      return isText;
    }
  }
}
