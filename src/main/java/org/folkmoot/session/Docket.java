package org.folkmoot.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.PeerId;

/**
 * Accusations by others that wait for their check. The cheap ones come first and push out the
 * costly ones, so that nobody keeps the truth from being heard by claims that take long to refute.
 * Accusations of peers that are not known yet are kept aside until they are, the latest few.
 */
final class Docket {
  /** Accusations that wait: a check can take a prefill's time. */
  static final int MAX_WAITING = 16;

  /** Accusations of one peer that wait, and that are kept aside: nobody fills the room alone. */
  static final int MAX_OF_ONE = 2;

  /** Kept aside, whoever tells: a swarm's proofs of some minutes. */
  static final int MAX_ASIDE = 32;

  /** Bytes of those kept aside. */
  private static final long MAX_ASIDE_BYTES = 4 << 20;

  /**
   * What somebody told.
   *
   * @param bytes of the proof
   */
  record Case(PeerId from, FraudProof proof, int bytes) {
    PeerId accused() {
      return proof.statement().hop();
    }

    /** How much is computed to check it, in positions times layers, roughly. */
    long cost() {
      return switch (proof) {
        case FraudProof.Contradiction _ -> 0;
        case FraudProof.BrokenReplies _ -> 1;
        case FraudProof.WrongOperator _, FraudProof.WrongToken _ -> 2;
        case FraudProof.WrongSpan span -> {
          HopStatement about = span.statement().statement();
          yield 3 + (long) about.length() * about.range().to();
        }
      };
    }
  }

  private final List<Case> waiting = new ArrayList<>();
  private final Deque<Case> aside = new ArrayDeque<>();
  private long asideBytes;

  /** Whether there is room for one more of a peer's. */
  boolean hasRoomFor(PeerId from) {
    return countOf(from, waiting) < MAX_OF_ONE;
  }

  private static long countOf(PeerId from, Collection<Case> cases) {
    return cases.stream().filter(one -> one.from.equals(from)).count();
  }

  /** Takes an accusation, or drops the costliest. */
  void add(Case one) {
    waiting.add(one);
    if (waiting.size() > MAX_WAITING) {
      waiting.remove(waiting.stream().max(Comparator.comparingLong(Case::cost)).orElseThrow());
    }
  }

  /** Keeps one of a peer that is not known, until it is or until others need the room. */
  void setAside(Case one) {
    if (countOf(one.from, aside) < MAX_OF_ONE) {
      aside.addLast(one);
      asideBytes += one.bytes;
      while (aside.size() > MAX_ASIDE || asideBytes > MAX_ASIDE_BYTES) {
        asideBytes -= aside.removeFirst().bytes;
      }
    }
  }

  /** Takes those out of the aside whose accused have become known. */
  List<Case> recall(Predicate<PeerId> isKnown) {
    List<Case> known = aside.stream().filter(one -> isKnown.test(one.accused())).toList();
    aside.removeAll(known);
    asideBytes -= known.stream().mapToLong(Case::bytes).sum();
    return known;
  }

  /** Forgets those that need no check any more. */
  void dismiss(Predicate<Case> settled) {
    waiting.removeIf(settled);
  }

  /** Takes the cheapest, the earliest of several. */
  Optional<Case> next() {
    Optional<Case> next = waiting.stream().min(Comparator.comparingLong(Case::cost));
    next.ifPresent(waiting::remove);
    return next;
  }
}
