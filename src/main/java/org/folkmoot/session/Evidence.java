package org.folkmoot.session;

import java.util.List;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.SignedStatement;

/**
 * What hops signed about an answer, for its receipt.
 *
 * @param statements of those at the end, in order
 * @param replaced those that served for a while before
 */
public record Evidence(List<SignedStatement> statements, List<Receipt.Replaced> replaced) {
  /** Copies. */
  public Evidence {
    statements = List.copyOf(statements);
    replaced = List.copyOf(replaced);
  }
}
