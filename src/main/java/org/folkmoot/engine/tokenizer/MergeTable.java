package org.folkmoot.engine.tokenizer;

import java.util.Arrays;
import org.folkmoot.engine.gguf.GgufStrings;

/**
 * The merges of a byte pair encoding. A merge is known by the token it makes and the length of its
 * left part; each token has a chain of the merges that make it, mostly one. So no pair needs to be
 * looked up while a file is read, and 48,900 merges take half a megabyte.
 */
final class MergeTable {
  /** Fifteen times the most known (280,147). */
  static final int MAX_MERGES = 1 << 22;

  /** By token, the last merge that makes it; -1 for none. */
  private final int[] last;

  /** By merge, the one before it that makes the same token; -1 for none. */
  private final int[] before;

  /** By merge, the bytes of its left part. */
  private final short[] leftLengths;

  private MergeTable(int tokens, int merges) {
    last = new int[tokens];
    Arrays.fill(last, -1);
    before = new int[merges];
    leftLengths = new short[merges];
  }

  /**
   * The merges of a file, the first having rank 0.
   *
   * @param merges each two spellings with a space between
   * @throws org.folkmoot.base.FolkmootException BAD_FILE where one is not that, or makes no token
   *     of the vocabulary
   */
  static MergeTable of(GgufStrings merges, Vocabulary vocabulary) {
    if (merges.size() > MAX_MERGES) {
      throw Vocabulary.damaged(
          "it has %d merges; at most %d are possible".formatted(merges.size(), MAX_MERGES));
    }
    MergeTable table = new MergeTable(vocabulary.size(), merges.size());
    byte[] utf8 = merges.utf8();
    int[] starts = merges.starts();
    byte[] joined = new byte[Vocabulary.MAX_TOKEN_BYTES];
    int token = -1;
    for (int rank = 0; rank < merges.size(); rank++) {
      int from = starts[rank];
      int space = from + 1;
      while (space < starts[rank + 1] && utf8[space] != ' ') {
        space++;
      }
      int left = space - from;
      int length = starts[rank + 1] - from - 1;
      if (left >= length || length > joined.length) {
        throw Vocabulary.damaged("merge %d is not two tokens".formatted(rank));
      }
      System.arraycopy(utf8, from, joined, 0, left);
      System.arraycopy(utf8, space + 1, joined, left, length - left);
      // Vocabularies list tokens in the order of their merges, so these are good guesses.
      if (vocabulary.isSpelled(token + 1, joined, 0, length)) {
        token++;
      } else if (token < 0 || !vocabulary.isSpelled(token, joined, 0, length)) {
        token = vocabulary.find(joined, 0, length);
      }
      if (token < 0) {
        throw Vocabulary.damaged("merge %d makes a token that is not there".formatted(rank));
      }
      table.add(rank, token, left, vocabulary.type(token));
    }
    return table;
  }

  private void add(int rank, int token, int left, TokenType type) {
    // Text never becomes a control token; and where a merge comes twice, the first counts.
    if (!type.isReserved() && rank(token, left) == SymbolRow.NONE) {
      before[rank] = last[token];
      leftLengths[rank] = (short) left;
      last[token] = rank;
    }
  }

  /**
   * The rank of the merge that makes a token from a left part of so many bytes, or {@link
   * SymbolRow#NONE}.
   */
  int rank(int token, int left) {
    for (int rank = last[token]; rank >= 0; rank = before[rank]) {
      if (leftLengths[rank] == left) {
        return rank;
      }
    }
    return SymbolRow.NONE;
  }
}
