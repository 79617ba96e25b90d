package org.folkmoot.session;

import java.util.function.Consumer;

/**
 * Guesses the next tokens of an answer, so that one trip through a chain may bring several. A wrong
 * guess costs some computing and never a token: only what the model itself would have said counts.
 * Used on the loop.
 */
interface Drafter extends AutoCloseable {
  /**
   * Gets ready for an answer while its prompt is on its way.
   *
   * @param ids the prompt: {@code ids[0 .. length)}
   */
  void prepare(int[] ids, int length);

  /**
   * Guesses what comes behind {@code ids[0 .. length)}.
   *
   * @param drafted given the guess, which may be empty, on the loop: at once or later
   */
  void draft(int[] ids, int length, Consumer<int[]> drafted);

  /**
   * Learns what became of the latest guess.
   *
   * @param proposed how many tokens it had
   * @param right how many of them were right
   * @param nanos what the step with it took
   */
  void settled(int proposed, int right, long nanos);

  /** No more guesses are wanted. */
  @Override
  void close();
}
