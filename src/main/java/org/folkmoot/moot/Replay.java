package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.moot.MootRecord.MemberFeed;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/**
 * Goes through a record in the order of time ({@link Agenda}) and applies the rules to each entry
 * when it counts ({@link Readings}).
 */
final class Replay {
  private final MootRecord record;
  private final Written founding;
  private final Hash32 id;
  private final long until;
  private final Agenda agenda = new Agenda();
  private final Readings readings;
  private final Ballots ballots = new Ballots(agenda, this::become);
  private final Assembly assembly = new Assembly();
  private final SortedMap<PeerId, PeerId> delegations = new TreeMap<>();
  private final Contributions contributions = new Contributions();
  private final List<Moot.Decision> decisions = new ArrayList<>();
  private final Map<Written, Moot.Fate> fates = new LinkedHashMap<>();

  /** Entries of those who are no members, until they are. */
  private final Map<PeerId, List<Written>> outside = new HashMap<>();

  private long now;
  private Entry.Rules rules;

  Replay(MootRecord record, Written founding, long until) {
    this.record = record;
    this.founding = founding;
    this.id = founding.id();
    this.until = until;
    this.readings = new Readings(record);
    this.rules = ((Entry.Charter) founding.entry()).rules();
  }

  Moot run() {
    begin();
    while (agenda.next().orElse(Long.MAX_VALUE) <= until) {
      Agenda.Event event = agenda.take();
      now = event.seconds();
      take(event);
      if (agenda.next().orElse(Long.MAX_VALUE) != now) {
        settle();
      }
    }
    return result();
  }

  private void begin() {
    Entry.Charter charter = (Entry.Charter) founding.entry();
    long start = Clock.seconds(charter.dateMillis());
    SortedSet<PeerId> founders = new TreeSet<>(charter.founders());
    founders.add(founding.by());
    founders.forEach(peer -> assembly.found(peer, start));
    fates.put(founding, new Moot.Fate(founding, Optional.of(start), Outcome.COUNTED));
    for (MemberFeed feed : record.feeds()) {
      for (Written written : feed.entries()) {
        // No entry counts before its own date.
        agenda.look(Math.max(start, Clock.seconds(written.entry().dateMillis())), feed.by());
      }
      for (Cosigned word : feed.cosigned()) {
        agenda.hear(Math.max(start, word.seconds()), feed.by(), word);
      }
    }
  }

  private void take(Agenda.Event event) {
    switch (event.step()) {
      case OPEN -> open(event.number());
      case CLOSE -> ballots.close(event.number(), now);
      case ENACT -> enact(event.number());
      case NEWS -> agenda.news(now).forEach(readings::hear);
    }
  }

  /** Takes what counts now, entry by entry: each may make others count. */
  private void settle() {
    Written next = readings.next(now, rules.witnesses(), assembly);
    while (next != null) {
      apply(next);
      next = readings.next(now, rules.witnesses(), assembly);
    }
  }

  private void become(Written written, Outcome outcome) {
    fates.put(written, new Moot.Fate(written, Optional.of(now), outcome));
  }

  // ---- what entries do

  private void apply(Written written) {
    PeerId by = written.by();
    switch (written.entry()) {
      case Entry.Member step when step.moot().equals(id) && step.step() == Entry.Step.JOINED ->
          join(written, step);
      case Entry.Member step when step.moot().equals(id) ->
          asMember(written, () -> membership(by, step));
      case Entry.Proposal entry when entry.moot().equals(id) ->
          asMember(written, () -> ballots.propose(written, entry, rules, now));
      case Entry.Vote vote when vote.moot().equals(id) ->
          asMember(written, () -> ballots.take(written, vote.proposal(), now));
      case Entry.Enactment wish when wish.moot().equals(id) ->
          asMember(written, () -> ballots.take(written, wish.proposal(), now));
      case Entry.Veto veto when veto.moot().equals(id) ->
          asMember(written, () -> ballots.take(written, veto.proposal(), now));
      case Entry.Delegation to when to.moot().equals(id) ->
          asMember(written, () -> delegate(by, to));
      case Entry.Credit credit -> credit(written, credit);
      default -> {
        // Of another moot, or none of a moot's business.
      }
    }
  }

  private void asMember(Written written, Supplier<Outcome> deed) {
    if (assembly.has(written.by())) {
      become(written, deed.get());
    } else {
      putAside(written);
      become(written, Outcome.NOT_A_MEMBER);
    }
  }

  private void putAside(Written written) {
    outside.computeIfAbsent(written.by(), peer -> new ArrayList<>()).add(written);
  }

  /** Notes work under any rules: a later charter may have it count. It names no moot. */
  private void credit(Written written, Entry.Credit credit) {
    if (assembly.has(written.by())) {
      contributions.claim(written.by(), credit);
    } else {
      putAside(written);
    }
  }

  // ---- members

  private void join(Written written, Entry.Member step) {
    if (!step.member().equals(written.by())) {
      become(written, Outcome.NOT_ALLOWED);
      return;
    }
    become(written, assembly.has(written.by()) ? Outcome.COUNTED : Outcome.NOT_A_MEMBER);
    assembly.join(written, step.name());
    if (!assembly.isAlone()) {
      seat(written.by());
    }
  }

  private Outcome membership(PeerId by, Entry.Member step) {
    return switch (step.step()) {
      case INVITED -> invite(by, step);
      case LEFT -> {
        if (!step.member().equals(by)) {
          yield Outcome.NOT_ALLOWED;
        }
        assembly.leave(by);
        left(by);
        yield Outcome.COUNTED;
      }
      case JOINED -> throw new IllegalStateException("joining is no member's step");
    };
  }

  /**
   * Lets somebody in. Who is alone does so by naming the entry by which the other has joined: so
   * its feed itself shows what was in it by then. What follows there counts by others' word.
   */
  private Outcome invite(PeerId by, Entry.Member step) {
    PeerId peer = step.member();
    boolean mayInvite = assembly.isAlone() || rules.admission() == Entry.Admission.INVITATION;
    if (!mayInvite || !assembly.mayBeInvited(peer)) {
      return Outcome.NOT_ALLOWED;
    }
    if (assembly.has(peer)) {
      return Outcome.WITHOUT_EFFECT;
    }
    if (!assembly.invite(peer, by)) {
      return Outcome.TOO_MANY;
    }
    if (!assembly.isAlone() || assembly.hasJoinedBy(peer, step.name())) {
      seat(peer);
    }
    return Outcome.COUNTED;
  }

  /** Makes a member of somebody if it may be one by now; then what it has written counts, too. */
  private void seat(PeerId peer) {
    Written wish = assembly.seat(peer, now);
    if (wish != null) {
      readings.lookAgain();
      become(wish, Outcome.COUNTED);
      List<Written> waiting = outside.remove(peer);
      if (waiting != null) {
        waiting.forEach(written -> apply(written));
      }
    }
  }

  private void left(PeerId peer) {
    delegations.remove(peer);
    readings.lookAgain();
  }

  private Outcome delegate(PeerId by, Entry.Delegation delegation) {
    Optional<PeerId> to = delegation.to().filter(other -> !other.equals(by));
    if (to.isPresent()) {
      delegations.put(by, to.get());
    } else {
      delegations.remove(by);
    }
    return Outcome.COUNTED;
  }

  // ---- proposals

  private void open(int number) {
    Set<PeerId> voters = assembly.members().keySet();
    Entry.Rules its = ballots.get(number).rules;
    ballots.open(number, contributions.weights(voters, its), new Delegations(delegations), now);
  }

  private void enact(int number) {
    Ballot ballot = ballots.get(number);
    if (!ballot.isAlive()) {
      return;
    }
    ballot.enact(now);
    switch (ballot.proposal.motion()) {
      case Entry.Motion.Admit admission -> {
        assembly.admit(admission.peer());
        if (!assembly.isAlone()) {
          seat(admission.peer());
        }
      }
      case Entry.Motion.Remove removal -> {
        assembly.remove(removal.peer());
        left(removal.peer());
      }
      case Entry.Motion.ChangeRules change -> {
        rules = change.rules();
        if (rules.admission() == Entry.Admission.VOTE) {
          assembly.forgetInvitations();
        }
        readings.lookAgain();
      }
      case Entry.Motion.Adopt _,
          Entry.Motion.AdoptPrompt _,
          Entry.Motion.AdoptPolicy _,
          Entry.Motion.Train _ -> {
        // They are for members' nodes to follow.
      }
    }
    decisions.add(new Moot.Decision(ballot.standing(), now));
  }

  // ---- the result

  private Moot result() {
    readings.left(written -> {
      if (Names.moot(written.entry()).filter(id::equals).isPresent()) {
        fates.put(written, new Moot.Fate(written, Optional.empty(), Outcome.UNWITNESSED));
      }
    });
    return new Moot(
        founding,
        rules,
        until,
        assembly.members(),
        assembly.invited(),
        assembly.waiting(),
        delegations,
        ballots.standings(),
        decisions,
        List.copyOf(fates.values()),
        agenda.next());
  }
}
