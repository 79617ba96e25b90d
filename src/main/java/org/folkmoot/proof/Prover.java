package org.folkmoot.proof;

import java.util.Optional;

/** A peer that stands by a statement in a dispute, or something that asks it. */
@FunctionalInterface
public interface Prover {
  /**
   * Its answer.
   *
   * @return empty if it has none, or none came in time
   */
  Optional<SignedReply> answer(Question question);
}
