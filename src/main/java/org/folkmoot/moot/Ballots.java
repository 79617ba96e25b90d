package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/** The votes of a moot, from proposal to decision: what is cast on which, and what waits. */
final class Ballots {
  private final Agenda agenda;
  private final BiConsumer<Written, Outcome> fates;
  private final List<Ballot> all = new ArrayList<>();
  private final Map<Hash32, Integer> numbers = new HashMap<>();

  /** Of each author those that were undecided when it last proposed something. */
  private final Map<PeerId, List<Ballot>> undecided = new HashMap<>();

  /** Entries about proposals that do not count yet, or whose vote has not opened. */
  private final Map<Hash32, List<Written>> early = new HashMap<>();

  private final Set<Hash32> wanted = new HashSet<>();

  /**
   * No votes yet.
   *
   * @param fates told of what became of entries that had waited
   */
  Ballots(Agenda agenda, BiConsumer<Written, Outcome> fates) {
    this.agenda = agenda;
    this.fates = fates;
  }

  Ballot get(int number) {
    return all.get(number);
  }

  List<Proposal> standings() {
    return all.stream().map(Ballot::standing).toList();
  }

  Outcome propose(Written written, Entry.Proposal entry, Entry.Rules rules, long seconds) {
    List<Ballot> open = undecided.computeIfAbsent(written.by(), peer -> new ArrayList<>());
    open.removeIf(one -> !one.isAlive());
    if (open.size() >= Moot.MAX_OPEN_EACH) {
      return Outcome.TOO_MANY;
    }
    if (numbers.containsKey(written.id())) {
      return Outcome.DUPLICATE;
    }
    int number = all.size();
    Ballot ballot = new Ballot(written, entry, rules, seconds);
    all.add(ballot);
    open.add(ballot);
    numbers.put(written.id(), number);
    agenda.add(ballot.snapshot + 1, Agenda.Step.OPEN, number);
    takeEarly(written.id(), seconds);
    return Outcome.COUNTED;
  }

  private void takeEarly(Hash32 proposal, long seconds) {
    List<Written> waiting = early.remove(proposal);
    if (waiting != null) {
      waiting.forEach(one -> fates.accept(one, take(one, proposal, seconds)));
    }
  }

  private void wait(Hash32 proposal, Written written) {
    early.computeIfAbsent(proposal, hash -> new ArrayList<>()).add(written);
  }

  /** Takes what is about a proposal: a vote, a veto, a wish to enact it. */
  Outcome take(Written written, Hash32 proposal, long seconds) {
    Integer number = numbers.get(proposal);
    if (number == null) {
      wait(proposal, written);
      return Outcome.UNKNOWN_PROPOSAL;
    }
    Ballot ballot = all.get(number);
    return switch (written.entry()) {
      case Entry.Vote vote -> {
        if (!ballot.isOpen()) {
          wait(proposal, written);
          yield Outcome.EARLY;
        }
        yield ballot.vote(written.by(), vote.choice(), vote.reason(), seconds);
      }
      case Entry.Veto veto -> ballot.veto(written.by(), veto.reason(), seconds);
      case Entry.Enactment _ -> {
        if (!ballot.isAlive() || !wanted.add(proposal)) {
          yield Outcome.WITHOUT_EFFECT;
        }
        if (ballot.isClosed()) {
          agenda.add(Math.max(seconds, ballot.ready()), Agenda.Step.ENACT, number);
        }
        yield Outcome.COUNTED;
      }
      default -> throw new IllegalStateException("not about a proposal");
    };
  }

  /** Opens a vote with these weights, and casts what was waiting for it. */
  void open(int number, Map<PeerId, Long> weights, Delegations delegations, long seconds) {
    Ballot ballot = all.get(number);
    ballot.open(weights, delegations);
    agenda.add(ballot.deadline() + 1, Agenda.Step.CLOSE, number);
    takeEarly(ballot.written.id(), seconds);
  }

  void close(int number, long seconds) {
    Ballot ballot = all.get(number);
    if (ballot.deadline() >= seconds) {
      // A late quorum has moved it.
      agenda.add(ballot.deadline() + 1, Agenda.Step.CLOSE, number);
      return;
    }
    ballot.close();
    if (wanted.contains(ballot.written.id())) {
      agenda.add(Math.max(seconds, ballot.ready()), Agenda.Step.ENACT, number);
    }
  }
}
