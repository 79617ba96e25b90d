package org.folkmoot.moot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.entry.EntryId;
import org.folkmoot.moot.MootRecord.Cosigned;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/** The life of a proposal, rule by rule. Times in seconds after the founding. */
class MootTest {
  private static final long FOUNDED = 10_000;
  private static final long DELAY = 10;
  private static final long PERIOD = 100;
  private static final long EXTENSION = 30;
  private static final long TIMELOCK = 50;

  private final List<PeerId> peers = new ArrayList<>();
  private final MootRecord.Builder record = new MootRecord.Builder();
  private final Map<PeerId, Integer> sizes = new HashMap<>();
  private final Hash32 moot;

  MootTest() {
    for (byte i = 1; i <= 5; i++) {
      peers.add(new PeerId(Hash32.sha256(new byte[] {i})));
    }
    // Members 0, 1, 2, 3; all must have seen what another wrote; 4 is the stranger.
    Entry.Charter charter =
        new Entry.Charter(FOUNDED * 1000, rules(Entry.Admission.INVITATION), peers.subList(0, 4));
    moot = EntryId.of(peers.getFirst(), EntryCodec.encode(charter));
    append(0, charter);
  }

  private Entry.Rules rules(Entry.Admission admission) {
    return new Entry.Rules(
        "birds",
        admission,
        500,
        500,
        DELAY * 1000,
        PERIOD * 1000,
        EXTENSION * 1000,
        TIMELOCK * 1000,
        2,
        1,
        1,
        Optional.of(peers.get(3)));
  }

  private Hash32 append(int by, Entry entry) {
    PeerId peer = peers.get(by);
    byte[] bytes = EntryCodec.encode(entry);
    record.entry(peer, sizes.merge(peer, 1, Integer::sum) - 1, bytes);
    return EntryId.of(peer, bytes);
  }

  /** Appends, and has two others see it at a time. */
  private Hash32 write(int by, long seconds, Entry entry) {
    Hash32 id = append(by, entry);
    for (int witness : List.of((by + 1) % 4, (by + 2) % 4)) {
      see(by, witness, seconds);
    }
    return id;
  }

  private void see(int by, int witness, long seconds) {
    record.cosigned(
        peers.get(by),
        new Cosigned(sizes.getOrDefault(peers.get(by), 0), peers.get(witness), FOUNDED + seconds));
  }

  private Hash32 propose(int by, long seconds, Entry.Motion motion) {
    return write(by, seconds, new Entry.Proposal(seconds, moot, "title", "text", motion));
  }

  private Hash32 adopt() {
    return propose(
        0, 0, new Entry.Motion.Adopt(Entry.Subject.MODEL, Hash32.sha256(new byte[1]), "m"));
  }

  private void vote(int by, long seconds, Hash32 proposal, Entry.Choice choice) {
    Hash32 _ = write(by, seconds, new Entry.Vote(seconds, moot, proposal, choice, ""));
  }

  private Moot at(long seconds) {
    return Moot.of(record.build(), moot, FOUNDED + seconds);
  }

  private Proposal.State state(long seconds, Hash32 proposal) {
    return at(seconds).proposal(proposal).orElseThrow().state();
  }

  private Outcome last(int by) {
    return at(1_000_000).fates().stream()
        .filter(fate -> fate.written().by().equals(peers.get(by)))
        .reduce((_, later) -> later)
        .orElseThrow()
        .outcome();
  }

  @Test
  void aProposalGoesItsWay() {
    Hash32 proposal = adopt();
    vote(1, 20, proposal, Entry.Choice.YES);
    vote(2, 30, proposal, Entry.Choice.ABSTAIN);
    vote(3, 40, proposal, Entry.Choice.NO);
    vote(0, 50, proposal, Entry.Choice.YES);
    Hash32 _ = write(2, 120, new Entry.Enactment(0, moot, proposal));

    assertThat(state(10, proposal)).isEqualTo(Proposal.State.PENDING);
    assertThat(state(11, proposal)).isEqualTo(Proposal.State.ACTIVE);
    assertThat(state(110, proposal)).isEqualTo(Proposal.State.ACTIVE);
    assertThat(state(111, proposal)).isEqualTo(Proposal.State.QUEUED);
    assertThat(state(159, proposal)).isEqualTo(Proposal.State.QUEUED);
    assertThat(state(160, proposal)).isEqualTo(Proposal.State.ENACTED);
    assertThat(at(159).adopted(Entry.Subject.MODEL)).isEmpty();
    Tally tally = at(160).adopted(Entry.Subject.MODEL).orElseThrow().proposal().tally();
    assertThat(List.of(tally.yes(), tally.no(), tally.abstain(), tally.quorum(), tally.total()))
        .isEqualTo(List.of(2L, 1L, 1L, 2L, 4L));
  }

  @Test
  void withoutQuorumOrMajorityItIsDefeated() {
    Hash32 proposal = adopt();
    vote(1, 20, proposal, Entry.Choice.YES);
    vote(2, 20, proposal, Entry.Choice.NO);
    assertThat(state(200, proposal)).isEqualTo(Proposal.State.DEFEATED);
    vote(3, 30, proposal, Entry.Choice.ABSTAIN);
    assertThat(state(200, proposal)).as("quorum, but a tie").isEqualTo(Proposal.State.DEFEATED);
    vote(0, 30, proposal, Entry.Choice.YES);
    assertThat(state(200, proposal)).isEqualTo(Proposal.State.QUEUED);
  }

  @Test
  void aVoteCountsFromWhenEnoughOthersSawIt() {
    Hash32 proposal = adopt();
    Hash32 _ = append(1, new Entry.Vote(0, moot, proposal, Entry.Choice.YES, ""));
    see(1, 2, 20);
    see(1, 4, 20); // a stranger
    see(1, 1, 20); // itself
    assertThat(at(100).proposal(proposal).orElseThrow().tally().casts()).isEmpty();
    assertThat(last(1)).isEqualTo(Outcome.UNWITNESSED);
    see(1, 3, 111);
    assertThat(last(1)).as("the second witness saw it too late").isEqualTo(Outcome.LATE);
    see(1, 0, 110);
    assertThat(last(1)).isEqualTo(Outcome.COUNTED);
  }

  @Test
  void aVoteIsFinal() {
    Hash32 proposal = adopt();
    vote(1, 5, proposal, Entry.Choice.YES);
    assertThat(at(10).fates().getLast().outcome()).isEqualTo(Outcome.EARLY);
    assertThat(last(1)).isEqualTo(Outcome.COUNTED);
    vote(1, 21, proposal, Entry.Choice.YES);
    assertThat(last(1)).isEqualTo(Outcome.DUPLICATE);
    vote(1, 22, proposal, Entry.Choice.NO);
    assertThat(last(1)).isEqualTo(Outcome.CONFLICTING);
    Tally tally = at(100).proposal(proposal).orElseThrow().tally();
    assertThat(List.of(tally.yes(), tally.no())).isEqualTo(List.of(1L, 0L));
    assertThat(tally.casts().getFirst().seconds()).isEqualTo(FOUNDED + DELAY + 1);
  }

  @Test
  void aLateQuorumKeepsTheVoteOpen() {
    Hash32 proposal = adopt();
    vote(1, 20, proposal, Entry.Choice.YES);
    vote(2, 100, proposal, Entry.Choice.YES);
    vote(3, 125, proposal, Entry.Choice.NO);
    vote(0, 131, proposal, Entry.Choice.NO);
    Tally tally = at(500).proposal(proposal).orElseThrow().tally();
    assertThat(tally.deadline()).isEqualTo(FOUNDED + 130);
    assertThat(tally.no()).isEqualTo(1);
    assertThat(last(0)).isEqualTo(Outcome.LATE);
  }

  @Test
  void delegationsAreThoseOfTheSnapshotAndCyclesDoNoHarm() {
    Hash32 _ = write(1, 0, new Entry.Delegation(0, moot, Optional.of(peers.get(2))));
    Hash32 _ = write(2, 0, new Entry.Delegation(0, moot, Optional.of(peers.get(3))));
    Hash32 _ = write(3, 0, new Entry.Delegation(0, moot, Optional.of(peers.get(1))));
    Hash32 proposal = adopt();
    // Taken back too late for this one.
    Hash32 _ = write(1, 12, new Entry.Delegation(0, moot, Optional.empty()));
    vote(0, 15, proposal, Entry.Choice.NO);
    assertThat(at(100).proposal(proposal).orElseThrow().tally().casts()).hasSize(1);
    vote(3, 20, proposal, Entry.Choice.YES);
    vote(1, 30, proposal, Entry.Choice.NO);
    assertThat(last(1)).isEqualTo(Outcome.DELEGATE_VOTED);
    Tally tally = at(100).proposal(proposal).orElseThrow().tally();
    assertThat(List.of(tally.yes(), tally.no())).isEqualTo(List.of(3L, 1L));
    assertThat(at(100).delegations()).doesNotContainKey(peers.get(1));
  }

  @Test
  void whoVotesBeforeItsDelegateVotesItself() {
    Hash32 _ = write(1, 0, new Entry.Delegation(0, moot, Optional.of(peers.get(2))));
    Hash32 proposal = adopt();
    vote(1, 20, proposal, Entry.Choice.NO);
    vote(2, 21, proposal, Entry.Choice.YES);
    Tally tally = at(100).proposal(proposal).orElseThrow().tally();
    assertThat(List.of(tally.yes(), tally.no())).isEqualTo(List.of(1L, 1L));
  }

  @Test
  void theGuardianVetoesAndTheAuthorTakesBack() {
    Hash32 proposal = adopt();
    vote(1, 20, proposal, Entry.Choice.YES);
    vote(2, 20, proposal, Entry.Choice.YES);
    Hash32 _ = write(0, 30, new Entry.Veto(0, moot, proposal, "mine"));
    assertThat(last(0)).as("the vote was open").isEqualTo(Outcome.NOT_ALLOWED);
    Hash32 _ = write(3, 130, new Entry.Veto(0, moot, proposal, "unsafe"));
    Hash32 _ = write(1, 140, new Entry.Enactment(0, moot, proposal));
    assertThat(state(129, proposal)).isEqualTo(Proposal.State.QUEUED);
    assertThat(state(500, proposal)).isEqualTo(Proposal.State.VETOED);

    Hash32 other = propose(1, 200, new Entry.Motion.AdoptPrompt("p"));
    Hash32 _ = write(1, 205, new Entry.Veto(0, moot, other, "a typo"));
    assertThat(state(500, other)).isEqualTo(Proposal.State.WITHDRAWN);
  }

  @Test
  void membersComeByInvitationAndGoByVote() {
    Hash32 _ = write(4, 5, new Entry.Member(0, moot, peers.get(4), Entry.Step.JOINED, "eve"));
    assertThat(at(100).has(peers.get(4))).isFalse();
    Hash32 _ = write(0, 10, new Entry.Member(0, moot, peers.get(4), Entry.Step.INVITED, ""));
    assertThat(at(9).has(peers.get(4))).isFalse();
    assertThat(at(10).members().get(peers.get(4)))
        .isEqualTo(new Moot.Member(peers.get(4), "eve", FOUNDED + 10));

    Hash32 proposal = propose(0, 20, new Entry.Motion.Remove(peers.get(4)));
    for (int voter = 0; voter < 4; voter++) {
      vote(voter, 40, proposal, Entry.Choice.YES);
    }
    Hash32 _ = write(0, 50, new Entry.Enactment(0, moot, proposal));
    assertThat(at(179).has(peers.get(4))).isTrue();
    assertThat(at(180).has(peers.get(4))).isFalse();
    Hash32 _ = write(1, 200, new Entry.Member(0, moot, peers.get(4), Entry.Step.INVITED, ""));
    assertThat(last(1)).as("only a vote brings it back").isEqualTo(Outcome.NOT_ALLOWED);
  }

  @Test
  void rulesChangeForWhatIsProposedLater() {
    Hash32 change = propose(0, 0, new Entry.Motion.ChangeRules(rules(Entry.Admission.VOTE)));
    vote(1, 20, change, Entry.Choice.YES);
    vote(2, 20, change, Entry.Choice.YES);
    Hash32 _ = write(1, 30, new Entry.Enactment(0, moot, change));
    assertThat(at(500).rules().admission()).isEqualTo(Entry.Admission.VOTE);
    Hash32 _ = write(0, 300, new Entry.Member(0, moot, peers.get(4), Entry.Step.INVITED, ""));
    assertThat(last(0)).isEqualTo(Outcome.NOT_ALLOWED);
  }

  @Test
  void workForOthersAddsToAVoteUpToTheCap() {
    Hash32 change =
        propose(
            0,
            0,
            new Entry.Motion.ChangeRules(
                new Entry.Rules(
                    "birds",
                    Entry.Admission.VOTE,
                    0,
                    0,
                    0,
                    60_000,
                    0,
                    0,
                    2,
                    3,
                    100,
                    Optional.empty())));
    vote(1, 20, change, Entry.Choice.YES);
    vote(2, 20, change, Entry.Choice.YES);
    Hash32 _ = write(1, 30, new Entry.Enactment(0, moot, change));
    credit(1, 2, 150, 999);
    credit(1, 0, 70, 55);
    credit(3, 2, 90_000, 10_000);
    credit(3, 1, 100, 100);
    credit(3, 0, 100, 100);
    credit(3, 4, 90_000, 10_000);
    credit(0, 0, 90_000, 90_000);
    Hash32 proposal = propose(0, 300, new Entry.Motion.AdoptPrompt("p"));
    Map<PeerId, Long> weights = at(400).proposal(proposal).orElseThrow().weights();
    assertThat(weights)
        .isEqualTo(Map.of(peers.get(0), 1L, peers.get(1), 2L, peers.get(2), 1L, peers.get(3), 3L));
  }

  /** A work as both sides claim it. */
  private void credit(int server, int asker, long byServer, long byAsker) {
    Hash32 receipt = Hash32.sha256(new byte[] {(byte) server, (byte) asker});
    for (long[] claim : new long[][] {{server, byServer}, {asker, byAsker}}) {
      Hash32 _ =
          write(
              (int) claim[0],
              250,
              new Entry.Credit(
                  0, receipt, peers.get(server), peers.get(asker), claim[1], Optional.empty()));
    }
  }

  /** Two silent members sign two histories long after a vote that lacked a quorum. */
  @Test
  void aWitnessWithAWrongClockRewritesNoDates() {
    long date = FOUNDED * 1000;
    Hash32 proposal =
        write(
            0,
            100,
            new Entry.Proposal(
                date + 100_000, moot, "title", "text", new Entry.Motion.AdoptPrompt("p")));
    for (int voter = 1; voter < 4; voter++) {
      Hash32 _ =
          write(voter, 150, new Entry.Vote(date + 150_000, moot, proposal, Entry.Choice.YES, ""));
    }
    Moot before = at(500);
    assertThat(before.proposal(proposal).orElseThrow().state()).isEqualTo(Proposal.State.QUEUED);
    for (int by = 0; by < 4; by++) {
      for (int witness = 0; witness < 4; witness++) {
        see(by, witness, -FOUNDED);
      }
    }
    assertThat(at(500).proposals()).isEqualTo(before.proposals());
  }

  @Test
  void anEntryFromTheFutureWaitsForIt() {
    Hash32 proposal = adopt();
    Hash32 _ =
        write(
            1,
            20,
            new Entry.Vote(
                (FOUNDED + 60) * 1000, moot, proposal, Entry.Choice.YES, "by a fast clock"));
    assertThat(at(59).proposal(proposal).orElseThrow().tally().yes()).isZero();
    assertThat(at(60).proposal(proposal).orElseThrow().tally().yes()).isEqualTo(1);
    assertThat(at(59).next()).hasValue(FOUNDED + 60);
  }

  @Test
  void openInvitationsEndWithTheRuleThatAllowedThem() {
    Hash32 _ = write(0, 5, new Entry.Member(0, moot, peers.get(4), Entry.Step.INVITED, ""));
    Hash32 change = propose(0, 10, new Entry.Motion.ChangeRules(rules(Entry.Admission.VOTE)));
    for (int voter = 0; voter < 4; voter++) {
      vote(voter, 30, change, Entry.Choice.YES);
    }
    Hash32 _ = write(1, 40, new Entry.Enactment(0, moot, change));
    assertThat(at(50).invited()).containsExactly(peers.get(4));
    assertThat(at(500).invited()).isEmpty();
    Hash32 _ = write(4, 600, new Entry.Member(0, moot, peers.get(4), Entry.Step.JOINED, ""));
    assertThat(at(700).has(peers.get(4))).isFalse();
  }

  @Test
  void nobodyInvitesWithoutEnd() {
    for (int i = 0; i <= Moot.MAX_INVITED_EACH; i++) {
      PeerId guest = new PeerId(Hash32.sha256(new byte[] {7, (byte) i, (byte) (i >> 8)}));
      Hash32 _ = append(0, new Entry.Member(0, moot, guest, Entry.Step.INVITED, ""));
    }
    see(0, 1, 5);
    see(0, 2, 5);
    assertThat(at(10).invited()).hasSize(Moot.MAX_INVITED_EACH);
    assertThat(last(0)).isEqualTo(Outcome.TOO_MANY);
  }

  @Test
  void nobodyFloodsAMootWithProposals() {
    for (int i = 0; i <= Moot.MAX_OPEN_EACH; i++) {
      Hash32 _ = propose(1, i, new Entry.Motion.AdoptPrompt("p" + i));
    }
    assertThat(at(50).proposals()).hasSize(Moot.MAX_OPEN_EACH);
    assertThat(last(1)).isEqualTo(Outcome.TOO_MANY);
  }

  @Test
  void withoutItsCharterThereIsNoMoot() {
    assertThatThrownBy(() -> Moot.of(record.build(), Hash32.sha256(new byte[9]), FOUNDED))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("charter");
  }
}
