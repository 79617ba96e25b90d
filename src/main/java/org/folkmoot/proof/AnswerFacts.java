package org.folkmoot.proof;

import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.SignedStatement;

/**
 * What a session knows when an answer is over, and puts into its receipt.
 *
 * @param terms what shaped the answer
 * @param salt the session's 32 random bytes
 * @param promptIds the prompt
 * @param outputIds the answer, the end token included
 * @param finish why it ended
 * @param issuedMillis now
 * @param statements those of the hops at the end, in order
 * @param replaced hops that served before
 */
public record AnswerFacts(
    Terms terms,
    Hash32 salt,
    int[] promptIds,
    int[] outputIds,
    Receipt.Finish finish,
    long issuedMillis,
    List<SignedStatement> statements,
    List<Receipt.Replaced> replaced) {
  /** Copies. */
  public AnswerFacts {
    promptIds = promptIds.clone();
    outputIds = outputIds.clone();
    statements = List.copyOf(statements);
    replaced = List.copyOf(replaced);
  }

  @Override
  public int[] promptIds() {
    return promptIds.clone();
  }

  @Override
  public int[] outputIds() {
    return outputIds.clone();
  }

  /** Keeps tokens out of logs. */
  @Override
  public String toString() {
    return "facts of %d + %d tokens".formatted(promptIds.length, outputIds.length);
  }
}
