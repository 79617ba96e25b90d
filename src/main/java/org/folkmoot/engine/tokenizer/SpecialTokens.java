package org.folkmoot.engine.tokenizer;

import java.util.Arrays;
import java.util.BitSet;
import java.util.Set;

/**
 * Finds tokens that are spelled out in a text and are taken whole before anything else is split.
 *
 * <p>Where spellings overlap, the longest wins wherever it stands, then the leftmost: what
 * llama.cpp gets by searching the whole text for one token after the other. Here one scan finds the
 * longest at each place and a queue settles the order, so that the cost does not grow with the
 * number of special tokens.
 */
final class SpecialTokens {
  private final Vocabulary vocabulary;
  private final Set<TokenType> types;

  /** By first byte and length, whether a special token is spelled so. */
  private final boolean[][] lengths = new boolean[256][0];

  private boolean isEmpty = true;

  SpecialTokens(Vocabulary vocabulary, Set<TokenType> types) {
    this.vocabulary = vocabulary;
    this.types = types;
    for (int id : vocabulary.idsOf(types)) {
      int length = vocabulary.length(id);
      if (length > 0) {
        int first = vocabulary.at(id, 0) & 0xFF;
        if (lengths[first].length <= length) {
          lengths[first] = Arrays.copyOf(lengths[first], length + 1);
        }
        lengths[first][length] = true;
        isEmpty = false;
      }
    }
  }

  /** The tokens found, in the order of the text: the start in the high half, the id in the low. */
  long[] find(byte[] utf8) {
    if (isEmpty) {
      return new long[0];
    }
    LongHeap candidates = new LongHeap();
    for (int at = 0; at < utf8.length; at++) {
      if (lengths[utf8[at] & 0xFF].length > 0) {
        enqueue(longest(utf8, at, utf8.length - at), at, candidates);
      }
    }
    return settle(utf8, candidates);
  }

  private long[] settle(byte[] utf8, LongHeap candidates) {
    BitSet taken = new BitSet();
    long[] found = new long[8];
    int count = 0;
    while (!candidates.isEmpty()) {
      long candidate = candidates.pop();
      int at = (int) candidate;
      int length = Vocabulary.MAX_TOKEN_BYTES - (int) (candidate >> 32);
      int free = 0;
      while (free < length && !taken.get(at + free)) {
        free++;
      }
      if (free == length) {
        if (count == found.length) {
          found = Arrays.copyOf(found, count * 2);
        }
        found[count++] = (long) at << 32 | longest(utf8, at, length);
        taken.set(at, at + length);
      } else if (free > 0) {
        enqueue(longest(utf8, at, free), at, candidates); // a shorter one may still fit
      }
    }
    found = Arrays.copyOf(found, count);
    Arrays.sort(found);
    return found;
  }

  /** The queue's order: the longest first, then by place. */
  private void enqueue(int id, int at, LongHeap candidates) {
    if (id >= 0) {
      candidates.push((long) (Vocabulary.MAX_TOKEN_BYTES - vocabulary.length(id)) << 32 | at);
    }
  }

  /** The longest special token at a place that is not longer than {@code most}; -1 for none. */
  private int longest(byte[] utf8, int at, int most) {
    boolean[] known = lengths[utf8[at] & 0xFF];
    int best = -1;
    int hash = 0;
    for (int length = 1; length < known.length && length <= most; length++) {
      hash = Vocabulary.hash(hash, utf8[at + length - 1]);
      if (known[length]) {
        int id = vocabulary.find(hash, utf8, at, at + length);
        if (id >= 0 && types.contains(vocabulary.type(id))) {
          best = id;
        }
      }
    }
    return best;
  }
}
