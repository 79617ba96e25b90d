package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.moot.Moot;
import org.folkmoot.moot.MootFeeds;
import org.folkmoot.moot.Outcome;
import org.folkmoot.moot.Proposal;
import org.folkmoot.moot.Tally;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A moot over real stores, the real exchange and real cosignatures, in virtual time: whatever came
 * to whom in which order, all count the same in the end.
 */
class MootOverFeedsTest {
  private static final long SECOND = FeedSwarm.SECOND;
  private static final long PERIOD = 600;
  private static final int MEMBERS = 4;

  @TempDir Path folder;
  private FeedSwarm swarm;
  private Hash32 moot;

  private long millis() {
    return swarm.members.getFirst().loop().clockMillis();
  }

  private Hash32 write(int by, Entry entry) {
    FeedSwarm.Member member = swarm.members.get(by);
    Hash32 id = member.feed.append(entry).id();
    member.exchange.grown();
    return id;
  }

  private final Map<Integer, MootFeeds> following = new HashMap<>();

  private Moot seenBy(int member) {
    LedgerStore store = swarm.members.get(member).store;
    Moot seen = Moot.of(MootFeeds.read(store), moot, millis() / 1000);
    // Who reads on from what it knows finds the same as who reads all.
    MootFeeds feeds = following.computeIfAbsent(member, _ -> new MootFeeds(store));
    assertThat(Moot.of(feeds.read(), moot, millis() / 1000)).isEqualTo(seen);
    return seen;
  }

  @BeforeEach
  void found() {
    swarm = new FeedSwarm(folder, 5);
    for (int i = 0; i < MEMBERS; i++) {
      swarm.add(true);
    }
    swarm.link(2);
    swarm.pass(SECOND);
    Entry.Rules rules =
        new Entry.Rules(
            "birds",
            Entry.Admission.INVITATION,
            500,
            500,
            10_000,
            PERIOD * 1000,
            60_000,
            30_000,
            2,
            1,
            1,
            Optional.empty());
    moot = write(0, new Entry.Charter(millis(), rules, List.of(swarm.members.getFirst().self())));
    for (int i = 1; i < MEMBERS; i++) {
      Hash32 _ = write(0, step(i, Entry.Step.INVITED));
      Hash32 _ = write(i, step(i, Entry.Step.JOINED));
    }
    swarm.pass(30 * SECOND);
    assertThat(seenBy(0).waiting()).hasSize(MEMBERS - 1);
    // A founder that is alone names the entries by which the others have joined.
    seenBy(0)
        .waiting()
        .forEach((peer, joined) -> {
          Hash32 _ =
              write(0, new Entry.Member(millis(), moot, peer, Entry.Step.INVITED, joined.hex()));
        });
    swarm.pass(30 * SECOND);
    assertThat(seenBy(2).members()).hasSize(MEMBERS);
  }

  private Entry step(int member, Entry.Step step) {
    return new Entry.Member(millis(), moot, swarm.members.get(member).self(), step, "");
  }

  private void vote(int by, Hash32 proposal, Entry.Choice choice) {
    Hash32 _ = write(by, new Entry.Vote(millis(), moot, proposal, choice, ""));
  }

  private void allSeeTheSame() {
    Moot first = seenBy(0);
    for (int i = 1; i < MEMBERS; i++) {
      assertThat(seenBy(i)).as("member %d", i).isEqualTo(first);
    }
  }

  @Test
  void aVoteThatNobodySawBeforeTheDeadlineIsLate() {
    Hash32 proposal =
        write(
            1, new Entry.Proposal(millis(), moot, "t", "", new Entry.Motion.AdoptPrompt("hello")));
    swarm.pass(30 * SECOND);
    vote(0, proposal, Entry.Choice.YES);
    vote(1, proposal, Entry.Choice.YES);
    swarm.pass(30 * SECOND);
    // The last member is cut off, votes in time by its own clock, and comes back too late.
    FeedSwarm.Member away = swarm.members.getLast();
    swarm.cut((one, other) -> (one == away) == (other == away));
    vote(3, proposal, Entry.Choice.NO);
    vote(2, proposal, Entry.Choice.NO);
    swarm.pass((PERIOD + 60) * SECOND);
    allButTheLastSeeTheSame();
    assertThat(state(0, proposal)).isEqualTo(Proposal.State.QUEUED);
    for (int i = 0; i < MEMBERS - 1; i++) {
      away.link(swarm.members.get(i));
    }
    Hash32 _ = write(2, new Entry.Enactment(millis(), moot, proposal));
    swarm.pass(120 * SECOND);
    allSeeTheSame();
    assertThat(state(3, proposal)).isEqualTo(Proposal.State.ENACTED);
    assertThat(seenBy(0).proposal(proposal).orElseThrow().tally().no()).isEqualTo(1);
    assertThat(seenBy(0).fates())
        .filteredOn(fate -> fate.outcome() == Outcome.LATE)
        .extracting(fate -> fate.written().by())
        .containsExactly(away.self());
    assertThat(seenBy(0).adoptedPolicy()).isPresent();
    swarm.close();
  }

  private void allButTheLastSeeTheSame() {
    assertThat(seenBy(1)).isEqualTo(seenBy(0));
    assertThat(seenBy(2)).isEqualTo(seenBy(0));
  }

  private Proposal.State state(int member, Hash32 proposal) {
    return seenBy(member).proposal(proposal).orElseThrow().state();
  }

  /** Two see one history, one sees another that votes otherwise; then all meet. */
  @Test
  void ofTwoHistoriesThatCountsWhichMoreMembersHaveSeen() {
    Set<PeerId> all = Set.copyOf(swarm.members.stream().map(FeedSwarm.Member::self).toList());
    swarm.members.forEach(member -> member.store.prefer(all, Set.of()));
    Hash32 proposal =
        write(
            1, new Entry.Proposal(millis(), moot, "t", "", new Entry.Motion.AdoptPrompt("hello")));
    swarm.pass(30 * SECOND);
    FeedSwarm.Member liar = swarm.members.get(3);
    FeedSwarm.Member victim = swarm.members.get(2);
    swarm.cut((one, other) -> (one == victim) == (other == victim));
    List<byte[]> common = liar.store.entries(liar.self(), 0, 1000);
    vote(3, proposal, Entry.Choice.NO);
    swarm.pass(60 * SECOND);
    try (LedgerStore second = LedgerStore.open(folder.resolve("second"), liar.identity)) {
      OwnFeed again = new OwnFeed(second, liar.identity);
      common.forEach(bytes -> {
        var _ = again.append(EntryCodec.decode(bytes));
      });
      var _ = again.append(new Entry.Vote(millis(), moot, proposal, Entry.Choice.YES, ""));
      var _ = again.append(step(3, Entry.Step.LEFT));
      Head head = again.head().orElseThrow();
      Feed there =
          victim.store.appendCopy(
              head, common.size(), second.entries(liar.self(), common.size(), 10), List.of());
      assertThat(there.isWhole()).isTrue();
    }
    victim.restart();
    swarm.pass(30 * SECOND);
    assertThat(seenBy(2).proposal(proposal).orElseThrow().tally().yes()).isZero();
    assertThat(seenBy(1).proposal(proposal).orElseThrow().tally().no()).isEqualTo(1);
    for (FeedSwarm.Member member : swarm.members) {
      victim.link(member);
    }
    vote(0, proposal, Entry.Choice.YES);
    swarm.pass((PERIOD + 300) * SECOND);
    allSeeTheSame();
    assertThat(seenBy(2).members()).hasSize(MEMBERS);
    Tally tally = seenBy(2).proposal(proposal).orElseThrow().tally();
    assertThat(List.of(tally.yes(), tally.no())).isEqualTo(List.of(1L, 1L));
    for (int i = 0; i < MEMBERS - 1; i++) {
      assertThat(swarm.members.get(i).store.feed(liar.self()).orElseThrow().fork()).isPresent();
    }
    // What it writes from then on nobody cosigns.
    assertThat(victim.store.cosignedHeads(liar.self()).getFirst().size())
        .isEqualTo(common.size() + 1);
    swarm.close();
    assertThat(Fsck.check(folder.resolve("m2"), victim.self()).faults()).isEmpty();
  }

  @Test
  void whoSignsTwoHistoriesChangesNothingThatWasSeen() {
    Hash32 proposal =
        write(
            1, new Entry.Proposal(millis(), moot, "t", "", new Entry.Motion.AdoptPrompt("hello")));
    swarm.pass(30 * SECOND);
    vote(0, proposal, Entry.Choice.YES);
    FeedSwarm.Member liar = swarm.members.get(3);
    long size = liar.store.feed(liar.self()).orElseThrow().size();
    vote(3, proposal, Entry.Choice.NO);
    swarm.pass(60 * SECOND);
    assertThat(seenBy(1).proposal(proposal).orElseThrow().tally().no()).isEqualTo(1);
    // The same place of its feed once more, with another vote.
    try (LedgerStore other = LedgerStore.open(folder.resolve("other"), liar.identity)) {
      List<byte[]> entries = liar.store.entries(liar.self(), 0, (int) size);
      OwnFeed again = new OwnFeed(other, liar.identity);
      entries.forEach(bytes -> {
        var _ = again.append(EntryCodec.decode(bytes));
      });
      var _ = again.append(new Entry.Vote(1, moot, proposal, Entry.Choice.YES, ""));
      Head head = again.head().orElseThrow();
      LedgerStore victim = swarm.members.get(0).store;
      ForkProof fork = victim.contradiction(head).orElseThrow();
      assertThat(victim.keep(fork)).isPresent();
    }
    swarm.members.get(0).restart();
    swarm.pass(300 * SECOND);
    for (int i = 0; i < 3; i++) {
      Moot seen = seenBy(i);
      assertThat(seen.proposal(proposal).orElseThrow().tally().casts()).hasSize(2);
      assertThat(seen.proposal(proposal).orElseThrow().weights()).hasSize(4);
    }
    assertThat(seenBy(1)).isEqualTo(seenBy(0));
    swarm.close();
  }
}
