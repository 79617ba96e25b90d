package org.folkmoot.engine.tokenizer;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import org.folkmoot.base.FolkmootException;

/**
 * The merges of a byte pair encoding: for two token ids the rank of their merge, and for a rank the
 * token that it makes. A slot is one long: left id, right id, rank + 1.
 */
final class MergeTable {
  /** Some fifteen times the largest known (280,147); a rank fits 22 bits. */
  static final int MAX_MERGES = (1 << 22) - 2;

  private static final int RANK_BITS = 22;
  private static final long RANK_MASK = (1L << RANK_BITS) - 1;

  /** As in {@link Vocabulary}: only pairs that were chosen to collide come near it. */
  private static final int MAX_PROBES = 4096;

  private final long[] slots;
  private final int shift;
  private final int[] results;

  private MergeTable(int merges) {
    slots = new long[Integer.highestOneBit(Math.max(8, merges)) * 4];
    shift = Long.numberOfLeadingZeros(slots.length) + 1;
    results = new int[merges];
  }

  /**
   * The merges of a file, the first having rank 0.
   *
   * @param merges each two spellings with a space between
   * @throws FolkmootException BAD_FILE where one names a token that the vocabulary lacks
   */
  static MergeTable of(String[] merges, Vocabulary vocabulary) {
    if (merges.length > MAX_MERGES) {
      throw bad("it has %d merges; at most %d are possible".formatted(merges.length, MAX_MERGES));
    }
    MergeTable table = new MergeTable(merges.length);
    byte[] joined = new byte[2 * Vocabulary.MAX_TOKEN_BYTES];
    int result = -1;
    for (int rank = 0; rank < merges.length; rank++) {
      byte[] merge = Utf8.of(merges[rank]);
      int space = 1;
      while (space < merge.length && merge[space] != ' ') {
        space++;
      }
      int length = merge.length - 1;
      if (space >= length || length > joined.length) {
        throw bad("merge %d is not two tokens".formatted(rank));
      }
      System.arraycopy(merge, 0, joined, 0, space);
      System.arraycopy(merge, space + 1, joined, space, length - space);
      int left = vocabulary.find(joined, 0, space);
      int right = vocabulary.find(joined, space, length);
      // Vocabularies list tokens in the order of their merges, so the next one is a good guess.
      result =
          vocabulary.isSpelled(result + 1, joined, 0, length)
              ? result + 1
              : vocabulary.find(joined, 0, length);
      if (left < 0 || right < 0 || result < 0) {
        throw bad("merge %d names a token that is not there".formatted(rank));
      }
      table.results[rank] = result;
      if (!vocabulary.type(result).isReserved()) { // text never becomes a control token
        table.insert(left, right, rank);
      }
    }
    return table;
  }

  private static FolkmootException bad(String what) {
    return new FolkmootException(BAD_FILE, "the model file's vocabulary is damaged: " + what);
  }

  /** Where a pair comes twice, the first rank stays. */
  private void insert(int left, int right, int rank) {
    long pair = pair(left, right);
    int slot = (int) (scramble(pair) >>> shift);
    for (int probe = 0; probe < MAX_PROBES; probe++) {
      if (slots[slot] == 0) {
        slots[slot] = pair << RANK_BITS | rank + 1;
        return;
      }
      if (slots[slot] >>> RANK_BITS == pair) {
        return;
      }
      slot = slot + 1 & slots.length - 1;
    }
    throw bad("far too many of its merges fall together");
  }

  /** The rank of joining two tokens, or {@link SymbolMerger#NONE}. */
  int rank(int left, int right) {
    long pair = pair(left, right);
    int slot = (int) (scramble(pair) >>> shift);
    while (slots[slot] != 0) {
      if (slots[slot] >>> RANK_BITS == pair) {
        return (int) (slots[slot] & RANK_MASK) - 1;
      }
      slot = slot + 1 & slots.length - 1;
    }
    return SymbolMerger.NONE;
  }

  /** The token that a merge makes. */
  int result(int rank) {
    return results[rank];
  }

  private static long pair(int left, int right) {
    return (long) left << 20 | right;
  }

  private static long scramble(long pair) {
    return pair * 0x9E3779B97F4A7C15L;
  }
}
