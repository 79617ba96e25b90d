package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/**
 * The vote on one proposal: its weights once they are fixed, and what was cast. Each weight is cast
 * once, by its member's vote or by that of whom the member has vote, whichever comes first; that is
 * what OpenZeppelin's Governor counts, too.
 */
final class Ballot {
  final Written written;
  final Entry.Proposal proposal;
  final Entry.Rules rules;
  final long proposed;
  final long snapshot;
  private final SortedMap<PeerId, Long> weights = new TreeMap<>();
  private final Map<PeerId, Tally.Cast> casts = new LinkedHashMap<>();
  private final Map<PeerId, Entry.Choice> voted = new HashMap<>();
  private Delegations delegations = new Delegations(Map.of());
  private boolean open;
  private boolean closed;
  private long deadline;
  private OptionalLong reached = OptionalLong.empty();
  private OptionalLong enacted = OptionalLong.empty();
  private OptionalLong vetoed = OptionalLong.empty();
  private boolean takenBack;
  private String vetoReason = "";

  /** A vote that opens later. */
  Ballot(Written written, Entry.Proposal proposal, Entry.Rules rules, long seconds) {
    this.written = written;
    this.proposal = proposal;
    this.rules = rules;
    this.proposed = seconds;
    this.snapshot = seconds + Clock.seconds(rules.votingDelayMillis());
    this.deadline = snapshot + Clock.seconds(rules.votingPeriodMillis());
  }

  /** Fixes the weights. */
  void open(Map<PeerId, Long> weightOf, Delegations asOfNow) {
    weights.putAll(weightOf);
    delegations = asOfNow;
    open = true;
  }

  void close() {
    closed = true;
  }

  boolean isOpen() {
    return open;
  }

  boolean isClosed() {
    return closed;
  }

  /** Whether it may still come to something. */
  boolean isAlive() {
    return vetoed.isEmpty() && enacted.isEmpty() && (!closed || tally().succeeds());
  }

  long deadline() {
    return deadline;
  }

  /** From when on it may be enacted, if it succeeds. */
  long ready() {
    return Math.max(deadline + 1, deadline + Clock.seconds(rules.timelockMillis()));
  }

  /** Takes a vote, if it counts. */
  Outcome vote(PeerId member, Entry.Choice choice, String reason, long seconds) {
    if (vetoed.isPresent()) {
      return Outcome.WITHOUT_EFFECT;
    }
    if (seconds > deadline || closed) {
      return Outcome.LATE;
    }
    Entry.Choice before = voted.get(member);
    if (before != null) {
      return before == choice ? Outcome.DUPLICATE : Outcome.CONFLICTING;
    }
    if (!weights.containsKey(member)) {
      return Outcome.NO_WEIGHT;
    }
    if (casts.containsKey(member)) {
      return Outcome.DELEGATE_VOTED;
    }
    voted.put(member, choice);
    cast(member, member, choice, reason, seconds);
    for (PeerId other : weights.keySet()) {
      if (!casts.containsKey(other) && delegations.leads(other, member)) {
        cast(other, member, choice, reason, seconds);
      }
    }
    return Outcome.COUNTED;
  }

  private void cast(PeerId member, PeerId voter, Entry.Choice choice, String reason, long seconds) {
    long weight = weights.getOrDefault(member, 0L);
    casts.put(member, new Tally.Cast(member, voter, choice, weight, seconds, reason));
    if (reached.isEmpty() && tally().isQuorate()) {
      reached = OptionalLong.of(seconds);
      deadline = Math.max(deadline, seconds + Clock.seconds(rules.extensionMillis()));
    }
  }

  /** By the guardian, until the enactment; by its author, before the vote opens. */
  Outcome veto(PeerId by, String reason, long seconds) {
    boolean guardian = rules.guardian().filter(by::equals).isPresent();
    boolean author = written.by().equals(by) && !open;
    if (!guardian && !author) {
      return Outcome.NOT_ALLOWED;
    }
    if (!isAlive()) {
      return Outcome.WITHOUT_EFFECT;
    }
    vetoed = OptionalLong.of(seconds);
    takenBack = !guardian;
    vetoReason = reason;
    return Outcome.COUNTED;
  }

  void enact(long seconds) {
    enacted = OptionalLong.of(seconds);
  }

  Tally tally() {
    long total = weights.values().stream().mapToLong(Long::longValue).sum();
    return Tally.of(casts.values(), total, rules, snapshot, deadline, reached);
  }

  /** How it stands. */
  Proposal standing() {
    Proposal.State state;
    Tally tally = tally();
    if (vetoed.isPresent()) {
      state = takenBack ? Proposal.State.WITHDRAWN : Proposal.State.VETOED;
    } else if (enacted.isPresent()) {
      state = Proposal.State.ENACTED;
    } else if (closed) {
      state = tally.succeeds() ? Proposal.State.QUEUED : Proposal.State.DEFEATED;
    } else {
      state = open ? Proposal.State.ACTIVE : Proposal.State.PENDING;
    }
    List<PeerId> silent = new ArrayList<>(weights.keySet());
    silent.removeAll(casts.keySet());
    return new Proposal(
        written,
        proposal,
        rules,
        state,
        proposed,
        tally,
        weights,
        silent,
        ready(),
        enacted,
        vetoReason);
  }
}
