package org.folkmoot.engine.tokenizer;

/**
 * The loop that byte pair encoding and SentencePiece share: a row of symbols, of which the
 * neighbours with the lowest rank are joined, the leftmost where ranks are equal, until no two
 * neighbours have a rank. O(n log n) in the number of symbols.
 *
 * <p>Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units" (2016); the
 * queue and the order of ties as llama.cpp has them. One thread's; kept from word to word to keep
 * its arrays.
 */
abstract class SymbolMerger {
  /** The rank of neighbours that cannot be joined. */
  static final int NONE = Integer.MAX_VALUE;

  /** Up to so many symbols a walk along the row finds the next pair faster than a queue. */
  private static final int SHORT = 32;

  private int[] previous = new int[SHORT];
  private int[] next = new int[SHORT];

  /** The rank of each symbol with the one after it; NONE for a symbol that was joined away. */
  private int[] ranks = new int[SHORT];

  private final LongHeap queue = new LongHeap();

  /** The rank of joining two neighbours, or {@link #NONE}. */
  abstract int rank(int left, int right);

  /** Two neighbours with this rank are becoming one symbol, at {@code left}. */
  abstract void join(int left, int right, int rank);

  /** The symbol after this one; -1 after the last. */
  final int next(int symbol) {
    return next[symbol];
  }

  /** Joins symbols 0 to count - 1 as far as they go; symbol 0 stays the first. */
  final void merge(int count) {
    if (next.length < count) {
      int room = Math.max(count, 2 * next.length);
      previous = new int[room];
      next = new int[room];
      ranks = new int[room];
    }
    for (int i = 0; i < count; i++) {
      previous[i] = i - 1;
      next[i] = i + 1;
    }
    next[count - 1] = -1;
    ranks[count - 1] = NONE;
    for (int i = 0; i < count - 1; i++) {
      ranks[i] = rank(i, i + 1);
    }
    if (count <= SHORT) {
      mergeShort();
    } else {
      mergeLong(count);
    }
  }

  private void mergeShort() {
    while (true) {
      int best = NONE;
      int left = 0;
      for (int i = 0; i >= 0; i = next[i]) {
        if (ranks[i] < best) {
          best = ranks[i];
          left = i;
        }
      }
      if (best == NONE) {
        return;
      }
      joinAt(left);
    }
  }

  private void mergeLong(int count) {
    for (int i = 0; i < count; i++) {
      enqueue(i);
    }
    while (!queue.isEmpty()) {
      long pair = queue.pop();
      int left = (int) pair;
      if (ranks[left] == (int) (pair >> 32)) { // else the pair is gone
        joinAt(left);
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

  private void joinAt(int left) {
    int right = next[left];
    join(left, right, ranks[left]);
    int after = next[right];
    next[left] = after;
    ranks[right] = NONE;
    if (after >= 0) {
      previous[after] = left;
    }
    ranks[left] = after < 0 ? NONE : rank(left, after);
    int before = previous[left];
    if (before >= 0) {
      ranks[before] = rank(before, left);
    }
  }

  /** An array with room for so many symbols; what it holds is not kept. */
  static int[] room(int[] array, int count) {
    return array.length >= count ? array : new int[Math.max(count, 2 * array.length)];
  }
}
