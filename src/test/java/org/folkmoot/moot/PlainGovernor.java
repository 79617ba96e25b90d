package org.folkmoot.moot;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;

/**
 * What the contract {@code MootGovernor} does with votes, in Java: OpenZeppelin's counting, quorum,
 * and late-quorum extension. {@code GovernorTest} holds it to the contract on a real node.
 */
final class PlainGovernor {
  private static final long PARTS = 10_000;

  private final Map<PeerId, Long> weights;
  private final long quorum;
  private final long majorityParts;
  private final long snapshot;
  private final long period;
  private final long extension;
  private final Set<PeerId> hasVoted = new HashSet<>();
  private long extendedDeadline;
  private long against;
  private long inFavour;
  private long abstain;

  PlainGovernor(Map<PeerId, Long> weights, Entry.Rules rules, long snapshot) {
    this.weights = weights;
    long supply = weights.values().stream().mapToLong(Long::longValue).sum();
    quorum = Math.ceilDiv(supply * (rules.quorumPermille() * 10L), PARTS);
    majorityParts = rules.majorityPermille() * 10L;
    this.snapshot = snapshot;
    period = rules.votingPeriodMillis() / 1000;
    extension = rules.extensionMillis() / 1000;
  }

  long deadline() {
    return Math.max(snapshot + period, extendedDeadline);
  }

  /** {@code castVote}; false where the contract reverts. */
  boolean castVote(PeerId member, Entry.Choice choice, long timestamp) {
    boolean active = snapshot < timestamp && timestamp <= deadline();
    if (!active || !hasVoted.add(member)) {
      return false;
    }
    long weight = weights.getOrDefault(member, 0L);
    switch (choice) {
      case NO -> against += weight;
      case YES -> inFavour += weight;
      case ABSTAIN -> abstain += weight;
    }
    if (extendedDeadline == 0 && quorumReached()) {
      extendedDeadline = timestamp + extension;
    }
    return true;
  }

  boolean quorumReached() {
    return quorum <= inFavour + abstain;
  }

  boolean succeeded() {
    return quorumReached() && inFavour * PARTS > majorityParts * (inFavour + against);
  }

  long quorum() {
    return quorum;
  }

  long against() {
    return against;
  }

  long inFavour() {
    return inFavour;
  }

  long abstain() {
    return abstain;
  }
}
