package org.folkmoot.session;

import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Drafts by looking for the latest tokens earlier in the text and proposing what followed them
 * there (Saxena 2023, "Prompt Lookup Decoding"). Costs nothing, and guesses well where text
 * repeats: code, JSON, quotations. How many are proposed follows what became of the last ones.
 */
final class PromptLookup implements Drafter {
  /** The longest match that is looked for, and the shortest that is trusted. */
  private static final int LONGEST = 4;

  private static final int SHORTEST = 2;

  /** A step of a few tokens costs hardly more than one; of more, a pass begins to cost. */
  private static final int MOST_DRAFTS = 12;

  /** How far back it looks: what is further is rarely what is repeated. */
  private static final int REACH = 8192;

  private int drafts = 4;

  /**
   * Proposes tokens.
   *
   * @param ids the sequence so far: {@code ids[0 .. length)}
   */
  int[] draft(int[] ids, int length) {
    for (int match = LONGEST; match >= SHORTEST; match--) {
      for (int at = length - match - 1; at >= Math.max(0, length - REACH); at--) {
        int suffix = length - match;
        if (suffix >= 0 && Arrays.equals(ids, at, at + match, ids, suffix, length)) {
          int from = at + match;
          return Arrays.copyOfRange(ids, from, Math.min(length, from + drafts));
        }
      }
    }
    return new int[0];
  }

  @Override
  public void prepare(int[] ids, int length) {}

  @Override
  public void draft(int[] ids, int length, Consumer<int[]> drafted) {
    drafted.accept(draft(ids, length));
  }

  @Override
  public void settled(int proposed, int right, long nanos) {
    if (proposed > 0) {
      drafts = right == proposed ? Math.min(MOST_DRAFTS, drafts * 2) : Math.max(1, right + 1);
    }
  }

  @Override
  public void close() {}
}
