package org.folkmoot.engine.tokenizer;

/**
 * Byte-level byte pair encoding, as GPT-2 began it: a pre-tokenizer cuts the text into words, and
 * in each word the bytes are joined by the merges of lowest rank.
 *
 * <p>Radford et al., "Language Models are Unsupervised Multitask Learners" (2019). A byte for which
 * the vocabulary has no token is dropped, as llama.cpp does.
 */
final class BytePair implements Scheme {
  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final PreTokenizer preTokenizer;
  private final int[] byteIds = new int[256];

  BytePair(Vocabulary vocabulary, MergeTable merges, PreTokenizer preTokenizer) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.preTokenizer = preTokenizer;
    byte[] spelled = new byte[2];
    for (int value = 0; value < 256; value++) {
      int length = ByteSpelling.spell((byte) value, spelled, 0);
      byteIds[value] = vocabulary.find(spelled, 0, length);
    }
  }

  @Override
  public void encode(byte[] utf8, int from, int to, boolean opens, IdList ids) {
    split(utf8, from, to, 0, new Symbols(utf8, ids));
  }

  /** Cuts a range by one stage of the pre-tokenizer after the other; what is left are words. */
  private void split(byte[] utf8, int from, int to, int stage, Symbols symbols) {
    if (stage == preTokenizer.stages().size()) {
      symbols.encode(from, to);
      return;
    }
    Splitter splitter = preTokenizer.stages().get(stage);
    for (int at = from; at < to; ) {
      int end = splitter.end(utf8, at, to);
      split(utf8, at, end, stage + 1, symbols);
      at = end;
    }
  }

  @Override
  public byte[] bytes(int id) {
    return ByteSpelling.bytes(vocabulary.utf8(id));
  }

  @Override
  public boolean addsSpacePrefix() {
    return false;
  }

  /** The bytes of a word, each a symbol with its token's id; -1 where there is none. */
  private final class Symbols extends SymbolMerger {
    private final byte[] text;
    private final IdList out;
    private int[] ids = new int[32];
    private final byte[] spelled = new byte[vocabulary.longest() + 2];

    Symbols(byte[] text, IdList out) {
      this.text = text;
      this.out = out;
    }

    void encode(int from, int to) {
      if (preTokenizer.wholeWordsFirst()) {
        int whole = whole(from, to);
        if (whole >= 0) {
          out.add(whole);
          return;
        }
      }
      int count = to - from;
      ids = room(ids, count);
      for (int i = 0; i < count; i++) {
        ids[i] = byteIds[text[from + i] & 0xFF];
      }
      merge(count);
      for (int symbol = 0; symbol >= 0; symbol = next(symbol)) {
        if (ids[symbol] >= 0) {
          out.add(ids[symbol]);
        }
      }
    }

    /** The token that spells a whole word; -1 for none. */
    private int whole(int from, int to) {
      int length = 0;
      for (int i = from; i < to; i++) {
        if (length > spelled.length - 2) {
          return -1;
        }
        length = ByteSpelling.spell(text[i], spelled, length);
      }
      int id = vocabulary.find(spelled, 0, length);
      return id >= 0 && !vocabulary.type(id).isReserved() ? id : -1;
    }

    @Override
    int rank(int left, int right) {
      return ids[left] < 0 || ids[right] < 0 ? NONE : merges.rank(ids[left], ids[right]);
    }

    @Override
    void join(int left, int right, int rank) {
      ids[left] = merges.result(rank);
    }
  }
}
