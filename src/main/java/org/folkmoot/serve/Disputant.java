package org.folkmoot.serve;

import org.folkmoot.proof.Prover;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/** Holds the disputes of a node that stands by what it signed. */
@FunctionalInterface
public interface Disputant {
  /**
   * Somebody else has signed something else about the same work.
   *
   * @param ours what this node signed
   * @param prover answers for it; not for the loop
   */
  void dispute(SignedStatement ours, Prover prover, SignedStatement theirs, TraceKey key);
}
