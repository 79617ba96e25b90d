package org.folkmoot.engine.model;

/**
 * Who takes part in the next pass, and with how many tokens: next tokens before prompts, prompts in
 * turn. A pure function of what each in line has left.
 */
final class PassPlan {
  /** Tokens of a pass with a single sequence: enough for the matrices to work at full speed. */
  static final int ALONE_TOKENS = 256;

  /**
   * Tokens of a pass that several share: some 50 ms on a small machine, which a reader does not
   * notice.
   */
  static final int SHARED_TOKENS = 64;

  /**
   * A step of at most this many tokens is somebody's next token (or a draft of some), not a prompt.
   */
  static final int DECODE_TOKENS = 16;

  private PassPlan() {}

  /**
   * The shares of the next pass. Whoever gets one stands at the end of the line afterwards; then
   * everyone gets a share within a bounded number of passes.
   *
   * @param left tokens that each in line has left, the first in line first, each at least 1
   * @return tokens of each in the pass; 0 for those that wait
   */
  static int[] shares(int[] left) {
    int budget = left.length == 1 ? ALONE_TOKENS : SHARED_TOKENS;
    int[] shares = new int[left.length];
    for (int i = 0; i < left.length; i++) {
      if (left[i] <= Math.min(DECODE_TOKENS, budget)) {
        shares[i] = left[i];
        budget -= left[i];
      }
    }
    boolean anyPrompt = false;
    for (int i = 0; i < left.length; i++) {
      // The first prompt goes on even where next tokens fill the pass, or it might wait forever.
      if (left[i] > DECODE_TOKENS && (budget > 0 || !anyPrompt)) {
        anyPrompt = true;
        shares[i] = Math.min(left[i], Math.max(budget, DECODE_TOKENS));
        budget -= shares[i];
      }
    }
    return shares;
  }
}
