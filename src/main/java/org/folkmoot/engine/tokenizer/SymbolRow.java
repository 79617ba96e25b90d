package org.folkmoot.engine.tokenizer;

/**
 * The loop that byte pair encoding and SentencePiece share: a row of symbols, at first the
 * characters of a word, of which the neighbours with the lowest rank are joined, the leftmost where
 * ranks are equal, until no two neighbours have a rank. O(n log n) in the number of characters.
 *
 * <p>Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016); the
 * order of ties as in llama.cpp. One thread's; used for word after word to keep its arrays.
 */
final class SymbolRow {
  /** The rank of neighbours that cannot be joined. */
  static final int NONE = Integer.MAX_VALUE;

  /** Up to so many symbols a walk along the row finds the next pair faster than a queue. */
  private static final int SHORT = 32;

  /** What may be joined, and what first. */
  interface Ranking {
    /**
     * The rank of joining the neighbours at [from, middle) and [middle, to) of a text, or {@link
     * #NONE}.
     */
    int rank(byte[] text, int from, int middle, int to);
  }

  private final Ranking ranking;
  private byte[] text = {};
  private int end;
  private int[] starts = new int[SHORT];
  private int[] previous = new int[SHORT];
  private int[] next = new int[SHORT];

  /** The rank of each symbol with the one after it; NONE for a symbol that was joined away. */
  private int[] ranks = new int[SHORT];

  private final LongHeap queue = new LongHeap();

  SymbolRow(Ranking ranking) {
    this.ranking = ranking;
  }

  /** Where a symbol begins in the text. */
  int start(int symbol) {
    return starts[symbol];
  }

  /** Where it ends. */
  int end(int symbol) {
    return next[symbol] < 0 ? end : starts[next[symbol]];
  }

  /** The symbol after one; -1 after the last. */
  int next(int symbol) {
    return next[symbol];
  }

  /** Joins the characters in a range of valid UTF-8, not empty; symbol 0 is then the first. */
  void join(byte[] text, int from, int to) {
    this.text = text;
    this.end = to;
    if (next.length < to - from) {
      int room = Math.max(to - from, 2 * next.length);
      starts = new int[room];
      previous = new int[room];
      next = new int[room];
      ranks = new int[room];
    }
    int count = 0;
    for (int at = from; at < to; at += Utf8.length(text[at])) {
      starts[count] = at;
      previous[count] = count - 1;
      next[count] = ++count;
    }
    next[count - 1] = -1;
    for (int symbol = 0; symbol < count; symbol++) {
      ranks[symbol] = rank(symbol);
    }
    if (count <= SHORT) {
      joinShort();
    } else {
      joinLong(count);
    }
  }

  private void joinShort() {
    while (true) {
      int best = NONE;
      int left = 0;
      for (int symbol = 0; symbol >= 0; symbol = next[symbol]) {
        if (ranks[symbol] < best) {
          best = ranks[symbol];
          left = symbol;
        }
      }
      if (best == NONE) {
        return;
      }
      joinWithNext(left);
    }
  }

  private void joinLong(int count) {
    for (int symbol = 0; symbol < count; symbol++) {
      enqueue(symbol);
    }
    while (!queue.isEmpty()) {
      long pair = queue.pop();
      int left = (int) pair;
      if (ranks[left] == (int) (pair >> 32)) { // else the pair is gone
        joinWithNext(left);
        enqueue(left);
        if (previous[left] >= 0) {
          enqueue(previous[left]);
        }
      }
    }
  }

  /** The queue's order: by rank, then by place. */
  private void enqueue(int left) {
    if (ranks[left] != NONE) {
      queue.push((long) ranks[left] << 32 | left);
    }
  }

  private void joinWithNext(int left) {
    int right = next[left];
    ranks[right] = NONE;
    next[left] = next[right];
    if (next[left] >= 0) {
      previous[next[left]] = left;
    }
    ranks[left] = rank(left);
    if (previous[left] >= 0) {
      ranks[previous[left]] = rank(previous[left]);
    }
  }

  /** The rank of a symbol with the one after it. */
  private int rank(int left) {
    int right = next[left];
    return right < 0 ? NONE : ranking.rank(text, starts[left], starts[right], end(right));
  }
}
