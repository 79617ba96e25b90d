package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
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
 * Goes through a record in the order of time and applies the rules. An entry counts from the moment
 * at which as many members as the charter asks for (or all others, if they are fewer) have cosigned
 * a checkpoint over it. Where nobody else is a member, or the charter asks for no witness, its
 * writer's own date has to do.
 *
 * <p>What happens in one second happens in this order: votes open, votes close, decisions come into
 * force; then entries, by their writers' ids.
 */
final class Replay {
  private enum Step {
    OPEN,
    CLOSE,
    ENACT,
    NEWS
  }

  /**
   * Something that happens at a time.
   *
   * @param number of the proposal, in the order of proposals; 0 for news of the feeds
   */
  private record Event(long seconds, Step step, int number) {}

  private static final Comparator<Event> ORDER =
      Comparator.comparingLong(Event::seconds)
          .thenComparing(Event::step)
          .thenComparingInt(Event::number);

  /** How far a feed has come. */
  private static final class Reading {
    private final MemberFeed feed;
    private final Map<PeerId, Long> seen = new HashMap<>();
    private int next;

    private Reading(MemberFeed feed) {
      this.feed = feed;
    }

    private boolean isOver() {
      return next >= feed.entries().size();
    }
  }

  /** What is new at a time: the words of witnesses, and whose entries are of then. */
  private static final class News {
    private final SortedMap<PeerId, List<Cosigned>> words = new TreeMap<>();

    private List<Cosigned> of(PeerId feed) {
      return words.computeIfAbsent(feed, peer -> new ArrayList<>());
    }
  }

  private final MootRecord record;
  private final Written founding;
  private final Hash32 id;
  private final long until;
  private final PriorityQueue<Event> events = new PriorityQueue<>(ORDER);
  private final Map<Long, News> news = new HashMap<>();
  private final SortedMap<PeerId, Reading> readings = new TreeMap<>();
  private final SortedSet<PeerId> changed = new TreeSet<>();

  private final Assembly assembly = new Assembly();
  private final SortedMap<PeerId, PeerId> delegations = new TreeMap<>();
  private final Contributions contributions = new Contributions();
  private final List<Ballot> ballots = new ArrayList<>();
  private final Map<Hash32, Integer> numbers = new HashMap<>();
  private final List<Moot.Decision> decisions = new ArrayList<>();
  private final Map<Written, Moot.Fate> fates = new LinkedHashMap<>();

  /** Entries of those who are no members, until they are. */
  private final Map<PeerId, List<Written>> outside = new HashMap<>();

  /** Entries about proposals that do not count yet, or whose vote has not opened. */
  private final Map<Hash32, List<Written>> early = new HashMap<>();

  private final Set<Hash32> wanted = new HashSet<>();
  private Entry.Rules rules;

  Replay(MootRecord record, Written founding, long until) {
    this.record = record;
    this.founding = founding;
    this.id = founding.id();
    this.until = until;
    this.rules = ((Entry.Charter) founding.entry()).rules();
  }

  Moot run() {
    begin();
    while (!events.isEmpty() && events.peek().seconds <= until) {
      Event event = events.remove();
      take(event);
      if (events.isEmpty() || events.peek().seconds != event.seconds) {
        settle(event.seconds);
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
      Reading reading = new Reading(feed);
      readings.put(feed.by(), reading);
      for (Written written : feed.entries()) {
        // Where an entry's own date has to do, it counts from then.
        var _ = at(Math.max(start, Clock.seconds(written.entry().dateMillis()))).of(feed.by());
      }
      for (Cosigned word : feed.cosigned()) {
        at(Math.max(start, word.seconds())).of(feed.by()).add(word);
      }
    }
  }

  private News at(long seconds) {
    return news.computeIfAbsent(
        seconds,
        fresh -> {
          events.add(new Event(fresh, Step.NEWS, 0));
          return new News();
        });
  }

  private void take(Event event) {
    switch (event.step) {
      case OPEN -> open(event.number, event.seconds);
      case CLOSE -> close(event.number, event.seconds);
      case ENACT -> enact(event.number, event.seconds);
      case NEWS -> at(event.seconds).words.forEach(this::hear);
    }
  }

  private void hear(PeerId feed, List<Cosigned> words) {
    Reading reading = readings.get(feed);
    if (reading != null) {
      words.forEach(word -> reading.seen.merge(word.witness(), word.size(), Math::max));
      changed.add(feed);
    }
  }

  // ---- when entries count

  /** Takes what counts now, entry by entry: each may make others count. */
  private void settle(long seconds) {
    while (!changed.isEmpty()) {
      PeerId by = changed.removeFirst();
      Reading reading = readings.get(by);
      while (reading != null && !reading.isOver() && counts(by, reading, seconds)) {
        apply(reading.feed.entries().get(reading.next++), seconds);
      }
    }
  }

  private boolean counts(PeerId by, Reading reading, long seconds) {
    Written next = reading.feed.entries().get(reading.next);
    int needed = Math.min(rules.witnesses(), assembly.others(by));
    if (needed == 0) {
      return Clock.seconds(next.entry().dateMillis()) <= seconds;
    }
    return reading.seen.entrySet().stream()
            .filter(seen -> seen.getValue() > next.position())
            .filter(seen -> assembly.has(seen.getKey()) && !seen.getKey().equals(by))
            .count()
        >= needed;
  }

  private void fate(Written written, long seconds, Outcome outcome) {
    fates.put(written, new Moot.Fate(written, Optional.of(seconds), outcome));
  }

  // ---- what entries do

  private void apply(Written written, long seconds) {
    PeerId by = written.by();
    switch (written.entry()) {
      case Entry.Member step when step.moot().equals(id) && step.step() == Entry.Step.JOINED ->
          join(written, step, seconds);
      case Entry.Member step when step.moot().equals(id) ->
          asMember(written, seconds, () -> membership(by, step, seconds));
      case Entry.Proposal entry when entry.moot().equals(id) ->
          asMember(written, seconds, () -> propose(written, entry, seconds));
      case Entry.Vote vote when vote.moot().equals(id) ->
          withVoice(written, seconds, () -> onProposal(written, vote.proposal(), seconds));
      case Entry.Enactment wish when wish.moot().equals(id) ->
          withVoice(written, seconds, () -> onProposal(written, wish.proposal(), seconds));
      case Entry.Veto veto when veto.moot().equals(id) ->
          withVoice(written, seconds, () -> onProposal(written, veto.proposal(), seconds));
      case Entry.Delegation to when to.moot().equals(id) ->
          withVoice(written, seconds, () -> delegate(by, to));
      case Entry.Credit credit when rules.weightCap() > 1 ->
          asMember(written, seconds, () -> contributions.claim(by, credit));
      default -> {
        // Of another moot, or none of a moot's business.
      }
    }
  }

  private void asMember(Written written, long seconds, Supplier<Outcome> deed) {
    if (assembly.has(written.by())) {
      fate(written, seconds, deed.get());
    } else {
      outside.computeIfAbsent(written.by(), peer -> new ArrayList<>()).add(written);
      fate(written, seconds, Outcome.NOT_A_MEMBER);
    }
  }

  private void withVoice(Written written, long seconds, Supplier<Outcome> deed) {
    asMember(written, seconds, () -> isForked(written.by()) ? Outcome.FORKED : deed.get());
  }

  private boolean isForked(PeerId by) {
    return record.feed(by).filter(MemberFeed::forked).isPresent();
  }

  // ---- members

  private void join(Written written, Entry.Member step, long seconds) {
    if (!step.member().equals(written.by())) {
      fate(written, seconds, Outcome.NOT_ALLOWED);
      return;
    }
    fate(written, seconds, assembly.has(written.by()) ? Outcome.COUNTED : Outcome.NOT_A_MEMBER);
    assembly.join(written, step.name());
    seat(written.by(), seconds);
  }

  private Outcome membership(PeerId by, Entry.Member step, long seconds) {
    return switch (step.step()) {
      case INVITED -> {
        if (rules.admission() != Entry.Admission.INVITATION
            || !assembly.mayBeInvited(step.member())) {
          yield Outcome.NOT_ALLOWED;
        }
        if (assembly.has(step.member())) {
          yield Outcome.WITHOUT_EFFECT;
        }
        assembly.invite(step.member());
        seat(step.member(), seconds);
        yield Outcome.COUNTED;
      }
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

  /** Makes a member of somebody if it may be one by now; then what it has written counts, too. */
  private void seat(PeerId peer, long seconds) {
    Written wish = assembly.seat(peer, seconds);
    if (wish != null) {
      changed.addAll(readings.keySet());
      fate(wish, seconds, Outcome.COUNTED);
      List<Written> waiting = outside.remove(peer);
      if (waiting != null) {
        waiting.forEach(written -> apply(written, seconds));
      }
    }
  }

  private void left(PeerId peer) {
    delegations.remove(peer);
    changed.addAll(readings.keySet());
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

  private Outcome propose(Written written, Entry.Proposal entry, long seconds) {
    long open =
        ballots.stream()
            .filter(one -> one.written.by().equals(written.by()) && one.isAlive())
            .count();
    if (open >= Moot.MAX_OPEN_EACH) {
      return Outcome.TOO_MANY;
    }
    if (numbers.containsKey(written.id())) {
      return Outcome.DUPLICATE;
    }
    int number = ballots.size();
    Ballot ballot = new Ballot(written, entry, rules, seconds);
    ballots.add(ballot);
    numbers.put(written.id(), number);
    events.add(new Event(ballot.snapshot + 1, Step.OPEN, number));
    List<Written> waiting = early.remove(written.id());
    if (waiting != null) {
      waiting.forEach(one -> fate(one, seconds, onProposal(one, written.id(), seconds)));
    }
    return Outcome.COUNTED;
  }

  private Outcome onProposal(Written written, Hash32 proposal, long seconds) {
    Integer number = numbers.get(proposal);
    if (number == null) {
      early.computeIfAbsent(proposal, hash -> new ArrayList<>()).add(written);
      return Outcome.UNKNOWN_PROPOSAL;
    }
    Ballot ballot = ballots.get(number);
    return switch (written.entry()) {
      case Entry.Vote vote -> {
        if (!ballot.isOpen()) {
          early.computeIfAbsent(proposal, hash -> new ArrayList<>()).add(written);
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
          events.add(new Event(Math.max(seconds, ballot.ready()), Step.ENACT, number));
        }
        yield Outcome.COUNTED;
      }
      default -> throw new IllegalStateException("not about a proposal");
    };
  }

  private void open(int number, long seconds) {
    Ballot ballot = ballots.get(number);
    SortedSet<PeerId> voters = new TreeSet<>(assembly.members().keySet());
    voters.removeIf(this::isForked);
    ballot.open(contributions.weights(voters, ballot.rules), new Delegations(delegations));
    events.add(new Event(ballot.deadline() + 1, Step.CLOSE, number));
    List<Written> waiting = early.remove(ballot.written.id());
    if (waiting != null) {
      for (Written one : waiting) {
        fate(one, seconds, onProposal(one, ballot.written.id(), seconds));
      }
    }
  }

  private void close(int number, long seconds) {
    Ballot ballot = ballots.get(number);
    if (ballot.deadline() >= seconds) {
      // A late quorum has moved it.
      events.add(new Event(ballot.deadline() + 1, Step.CLOSE, number));
      return;
    }
    ballot.close();
    if (wanted.contains(ballot.written.id())) {
      events.add(new Event(Math.max(seconds, ballot.ready()), Step.ENACT, number));
    }
  }

  private void enact(int number, long seconds) {
    Ballot ballot = ballots.get(number);
    if (!ballot.isAlive()) {
      return;
    }
    ballot.enact(seconds);
    switch (ballot.proposal.motion()) {
      case Entry.Motion.Admit admission -> {
        assembly.admit(admission.peer());
        seat(admission.peer(), seconds);
      }
      case Entry.Motion.Remove removal -> {
        assembly.remove(removal.peer());
        left(removal.peer());
      }
      case Entry.Motion.ChangeRules change -> {
        rules = change.rules();
        changed.addAll(readings.keySet());
      }
      case Entry.Motion.Adopt _,
          Entry.Motion.AdoptPrompt _,
          Entry.Motion.AdoptPolicy _,
          Entry.Motion.Train _ -> {
        // They are for members' nodes to follow.
      }
    }
    decisions.add(new Moot.Decision(ballot.standing(), seconds));
  }

  // ---- the result

  private Moot result() {
    for (Reading reading : readings.values()) {
      for (int i = reading.next; i < reading.feed.entries().size(); i++) {
        Written written = reading.feed.entries().get(i);
        if (Names.moot(written.entry()).filter(id::equals).isPresent()) {
          fates.put(written, new Moot.Fate(written, Optional.empty(), Outcome.UNWITNESSED));
        }
      }
    }
    return new Moot(
        founding,
        rules,
        until,
        assembly.members(),
        assembly.invited(),
        delegations,
        ballots.stream().map(Ballot::standing).toList(),
        decisions,
        List.copyOf(fates.values()));
  }
}
