package org.folkmoot.proof;

import java.util.List;
import java.util.Set;
import org.folkmoot.wire.PeerId;

/** How a {@link Dispute} ends. Only {@link Settled} says something that can be shown to others. */
public sealed interface Outcome {
  /** Who a party is in a dispute. */
  enum Side {
    /** Who says that a statement is wrong, and has signed another. */
    ACCUSER,
    /** Whose statement is disputed. */
    ACCUSED;

    /** The other side. */
    public Side other() {
      return this == ACCUSER ? ACCUSED : ACCUSER;
    }
  }

  /** A party that is wrong, with the proof. */
  record Fault(Side side, PeerId peer, FraudProof proof) {}

  /**
   * It is proven who is wrong: one, or both. An accuser that is wrong has signed a false statement
   * like anyone else, and pays like anyone else.
   *
   * @param faults one or two
   */
  record Settled(List<Fault> faults) implements Outcome {
    /** Copies. */
    public Settled {
      faults = List.copyOf(faults);
    }
  }

  /**
   * The statements say the same, or are not about the same: nothing is disputed.
   *
   * @param line why, for people
   */
  record NothingDisputed(String line) implements Outcome {}

  /**
   * Somebody had no answer, or none in time. Proves nothing against anyone: who does not answer is
   * not asked for work for a while, and an accusation that is not followed up is dropped.
   */
  record Unanswered(Set<Side> silent) implements Outcome {
    /** Copies. */
    public Unanswered {
      silent = Set.copyOf(silent);
    }
  }

  /**
   * It cannot be told.
   *
   * @param line why, for people
   */
  record Undecided(String line) implements Outcome {}
}
