package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.moot.MootRecord.MemberFeed;
import org.folkmoot.moot.MootRecord.Written;
import org.folkmoot.wire.PeerId;

/**
 * The rules of {@code docs/governance.md}, written plainly: second by second, everything is looked
 * at anew, nothing is remembered that could be counted again.
 */
final class PlainMoot {
  /** A vote by its bare numbers. */
  static final class Vote {
    final Hash32 id;
    final PeerId author;
    final Entry.Proposal proposal;
    final Entry.Rules rules;
    final long snapshot;
    long deadline;
    boolean opened;
    boolean closed;
    boolean quorumSeen;
    boolean stopped;
    boolean byGuardian;
    long enacted = -1;
    boolean wished;
    final Map<PeerId, Long> weights = new TreeMap<>();
    final Map<PeerId, PeerId> delegates = new HashMap<>();
    final Set<PeerId> spoke = new HashSet<>();
    final Map<PeerId, Entry.Choice> cast = new TreeMap<>();

    Vote(Written written, Entry.Proposal proposal, Entry.Rules rules, long when) {
      this.id = written.id();
      this.author = written.by();
      this.proposal = proposal;
      this.rules = rules;
      this.snapshot = when + rules.votingDelayMillis() / 1000;
      this.deadline = snapshot + rules.votingPeriodMillis() / 1000;
    }

    long sum(Entry.Choice choice) {
      long sum = 0;
      for (Map.Entry<PeerId, Entry.Choice> one : cast.entrySet()) {
        if (one.getValue() == choice) {
          sum += weights.getOrDefault(one.getKey(), 0L);
        }
      }
      return sum;
    }

    long quorum() {
      long all = 0;
      for (long weight : weights.values()) {
        all += weight;
      }
      long thousandths = all * rules.quorumPermille();
      return thousandths / 1000 + (thousandths % 1000 == 0 ? 0 : 1);
    }

    boolean succeeded() {
      long yes = sum(Entry.Choice.YES);
      long no = sum(Entry.Choice.NO);
      return yes + sum(Entry.Choice.ABSTAIN) >= quorum()
          && 1000 * yes > rules.majorityPermille() * (yes + no);
    }

    boolean undecided() {
      return !stopped && enacted < 0 && !(closed && !succeeded());
    }

    /** Whose vote a member's weight goes with, of those who spoke; itself where it did. */
    boolean follows(PeerId member, PeerId voter) {
      PeerId at = member;
      for (int step = 0; step <= delegates.size(); step++) {
        at = delegates.get(at);
        if (at == null) {
          return false;
        }
        if (at.equals(voter)) {
          return true;
        }
      }
      return false;
    }

    void speak(PeerId voter, Entry.Choice choice, long when) {
      boolean counts =
          opened
              && !closed
              && !stopped
              && when <= deadline
              && weights.containsKey(voter)
              && !cast.containsKey(voter)
              && spoke.add(voter);
      if (!counts) {
        return;
      }
      cast.put(voter, choice);
      look(when);
      for (PeerId member : weights.keySet()) {
        if (!cast.containsKey(member) && follows(member, voter)) {
          cast.put(member, choice);
          look(when);
        }
      }
    }

    private void look(long when) {
      if (!quorumSeen && sum(Entry.Choice.YES) + sum(Entry.Choice.ABSTAIN) >= quorum()) {
        quorumSeen = true;
        deadline = Math.max(deadline, when + rules.extensionMillis() / 1000);
      }
    }
  }

  private final MootRecord record;
  private final Hash32 moot;
  private final Map<PeerId, Integer> read = new TreeMap<>();
  private final Map<PeerId, PeerId> delegates = new HashMap<>();
  private final Set<PeerId> letIn = new HashSet<>();
  private final Set<List<PeerId>> invitations = new HashSet<>();
  private final Map<PeerId, Hash32> wanting = new HashMap<>();
  private final Set<PeerId> expelled = new HashSet<>();
  private final List<Written> ignored = new ArrayList<>();
  private final List<Written> tooEarly = new ArrayList<>();
  private final Map<List<Object>, long[]> credits = new HashMap<>();
  final Set<PeerId> members = new TreeSet<>();
  final List<Vote> votes = new ArrayList<>();
  final List<Hash32> decided = new ArrayList<>();
  Entry.Rules rules;

  PlainMoot(MootRecord record, Hash32 moot, long until) {
    this.record = record;
    this.moot = moot;
    Written founding =
        Moot.charters(record).stream()
            .filter(one -> one.id().equals(moot))
            .findFirst()
            .orElseThrow();
    Entry.Charter charter = (Entry.Charter) founding.entry();
    rules = charter.rules();
    members.addAll(charter.founders());
    members.add(founding.by());
    for (long now = charter.dateMillis() / 1000; now <= until; now++) {
      second(now);
    }
  }

  private void second(long now) {
    boolean more = true;
    while (more) {
      for (Vote vote : votes) {
        if (!vote.opened && now > vote.snapshot) {
          open(vote, now);
        }
      }
      for (Vote vote : votes) {
        vote.closed |= vote.opened && now > vote.deadline;
      }
      for (Vote vote : List.copyOf(votes)) {
        long ready =
            Math.max(vote.deadline + 1, vote.deadline + vote.rules.timelockMillis() / 1000);
        if (vote.closed && vote.wished && vote.undecided() && now >= ready) {
          vote.enacted = now;
          decided.add(vote.id);
          enact(vote.proposal.motion(), now);
        }
      }
      more = readOne(now);
    }
  }

  private void open(Vote vote, long now) {
    for (PeerId member : members) {
      vote.weights.put(member, 1 + Math.min(vote.rules.weightCap() - 1, work(member, vote)));
    }
    vote.delegates.putAll(delegates);
    vote.opened = true;
    List<Written> waited = new ArrayList<>(tooEarly);
    waited.removeIf(one -> !about(one.entry()).equals(vote.id));
    tooEarly.removeAll(waited);
    waited.forEach(one -> onVote(one, now));
  }

  private long work(PeerId member, Vote vote) {
    long askers = 0;
    for (PeerId asker : members) {
      long sum = 0;
      for (Map.Entry<List<Object>, long[]> one : credits.entrySet()) {
        boolean his = one.getKey().get(1).equals(member) && one.getKey().get(2).equals(asker);
        sum += his ? Math.max(0, Math.min(one.getValue()[0], one.getValue()[1])) : 0;
      }
      askers += sum >= vote.rules.weightMegaflops() ? 1 : 0;
    }
    return askers;
  }

  /** Takes all of the first feed that has something that counts now. */
  private boolean readOne(long now) {
    for (MemberFeed feed : record.feeds()) {
      boolean any = false;
      while (next(feed) < feed.entries().size() && counts(feed, now)) {
        Written one = feed.entries().get(next(feed));
        read.merge(feed.by(), 1, Integer::sum);
        any = true;
        take(one, now);
      }
      if (any) {
        return true;
      }
    }
    return false;
  }

  private int next(MemberFeed feed) {
    return read.getOrDefault(feed.by(), 0);
  }

  private boolean counts(MemberFeed feed, long now) {
    Written one = feed.entries().get(next(feed));
    Set<PeerId> others = new HashSet<>(members);
    others.remove(feed.by());
    int needed = Math.min(rules.witnesses(), others.size());
    Set<PeerId> have = new HashSet<>();
    for (Cosigned word : feed.cosigned()) {
      if (word.seconds() <= now
          && word.size() > one.position()
          && others.contains(word.witness())) {
        have.add(word.witness());
      }
    }
    return one.entry().dateMillis() / 1000 <= now && have.size() >= needed;
  }

  private void take(Written one, long now) {
    PeerId by = one.by();
    if (one.entry() instanceof Entry.Charter
        || (!(one.entry() instanceof Entry.Credit)
            && !Names.moot(one.entry()).orElseThrow().equals(moot))) {
      return;
    }
    if (one.entry() instanceof Entry.Member step && step.step() == Entry.Step.JOINED) {
      if (step.member().equals(by)) {
        wanting.put(by, one.id());
        if (members.size() > 1) {
          welcome(by, now);
        }
      }
      return;
    }
    if (!members.contains(by)) {
      ignored.add(one);
      return;
    }
    switch (one.entry()) {
      case Entry.Member step when step.step() == Entry.Step.LEFT -> {
        if (step.member().equals(by)) {
          goes(by);
        }
      }
      case Entry.Member step -> invite(by, step, now);
      case Entry.Proposal proposal -> propose(one, proposal, now);
      case Entry.Delegation delegation -> {
        delegates.remove(by);
        delegation.to().filter(to -> !to.equals(by)).ifPresent(to -> delegates.put(by, to));
      }
      case Entry.Credit credit -> credit(by, credit);
      default -> onVote(one, now);
    }
  }

  private void invite(PeerId by, Entry.Member step, long now) {
    PeerId peer = step.member();
    boolean alone = members.size() == 1;
    long open = invitations.stream().filter(one -> one.getFirst().equals(by)).count();
    boolean may =
        (alone || rules.admission() == Entry.Admission.INVITATION)
            && !expelled.contains(peer)
            && !members.contains(peer)
            && (open < Moot.MAX_INVITED_EACH || invitations.contains(List.of(by, peer)));
    if (may) {
      invitations.add(List.of(by, peer));
      Hash32 joined = wanting.get(peer);
      if (!alone || (joined != null && joined.hex().equals(step.name()))) {
        welcome(peer, now);
      }
    }
  }

  private void credit(PeerId by, Entry.Credit credit) {
    if (!credit.server().equals(credit.asker())
        && (by.equals(credit.server()) || by.equals(credit.asker()))) {
      long[] both =
          credits.computeIfAbsent(
              List.of(credit.receipt(), credit.server(), credit.asker()),
              key -> new long[] {-1, -1});
      int side = by.equals(credit.server()) ? 0 : 1;
      both[side] = both[side] < 0 ? credit.megaflops() : both[side];
    }
  }

  private void propose(Written one, Entry.Proposal proposal, long now) {
    long open = votes.stream().filter(v -> v.author.equals(one.by()) && v.undecided()).count();
    if (open < Moot.MAX_OPEN_EACH && votes.stream().noneMatch(v -> v.id.equals(one.id()))) {
      votes.add(new Vote(one, proposal, rules, now));
      List<Written> waited = new ArrayList<>(tooEarly);
      waited.removeIf(early -> !about(early.entry()).equals(one.id()));
      tooEarly.removeAll(waited);
      waited.forEach(early -> onVote(early, now));
    }
  }

  private static Hash32 about(Entry entry) {
    return switch (entry) {
      case Entry.Vote vote -> vote.proposal();
      case Entry.Veto veto -> veto.proposal();
      case Entry.Enactment wish -> wish.proposal();
      default -> throw new AssertionError(entry);
    };
  }

  private void onVote(Written one, long now) {
    Vote vote =
        votes.stream().filter(v -> v.id.equals(about(one.entry()))).findFirst().orElse(null);
    if (vote == null || (one.entry() instanceof Entry.Vote && !vote.opened)) {
      tooEarly.add(one);
      return;
    }
    switch (one.entry()) {
      case Entry.Vote cast -> vote.speak(one.by(), cast.choice(), now);
      case Entry.Enactment _ -> vote.wished |= vote.undecided();
      case Entry.Veto _ -> {
        boolean guardian = vote.rules.guardian().map(one.by()::equals).orElse(false);
        boolean author = one.by().equals(vote.author) && !vote.opened;
        if ((guardian || author) && vote.undecided()) {
          vote.stopped = true;
          vote.byGuardian = guardian;
        }
      }
      default -> throw new AssertionError(one);
    }
  }

  private void enact(Entry.Motion motion, long now) {
    switch (motion) {
      case Entry.Motion.Admit admit -> {
        expelled.remove(admit.peer());
        if (!members.contains(admit.peer())) {
          letIn.add(admit.peer());
          if (members.size() > 1) {
            welcome(admit.peer(), now);
          }
        }
      }
      case Entry.Motion.Remove remove -> {
        goes(remove.peer());
        expelled.add(remove.peer());
      }
      case Entry.Motion.ChangeRules change -> {
        rules = change.rules();
        if (rules.admission() == Entry.Admission.VOTE) {
          invitations.clear();
        }
      }
      default -> {}
    }
  }

  private void goes(PeerId peer) {
    members.remove(peer);
    arrived(peer);
    invitations.removeIf(one -> one.getFirst().equals(peer));
    wanting.remove(peer);
    delegates.remove(peer);
  }

  private void welcome(PeerId peer, long now) {
    boolean may =
        letIn.contains(peer) || invitations.stream().anyMatch(one -> one.getLast().equals(peer));
    if (may && wanting.containsKey(peer) && members.add(peer)) {
      arrived(peer);
      List<Written> his = new ArrayList<>(ignored);
      his.removeIf(one -> !one.by().equals(peer));
      ignored.removeAll(his);
      his.forEach(one -> take(one, now));
    }
  }

  private void arrived(PeerId peer) {
    letIn.remove(peer);
    invitations.removeIf(one -> one.getLast().equals(peer));
  }
}
