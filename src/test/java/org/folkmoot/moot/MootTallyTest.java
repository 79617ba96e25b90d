package org.folkmoot.moot;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/**
 * A thousand histories, each delivered to two members in different orders: the same result, that of
 * the plain rules, and for the votes that count that of the contract.
 */
class MootTallyTest {
  private static final int HISTORIES = 1000;

  @Test
  void everyoneComputesTheSameFromTheRecordAlone() {
    Map<Proposal.State, Integer> states = new EnumMap<>(Proposal.State.class);
    Map<Outcome, Integer> outcomes = new EnumMap<>(Outcome.class);
    int extended = 0;
    int delegated = 0;
    for (long seed = 0; seed < HISTORIES; seed++) {
      RandomMoot history = new RandomMoot(seed);
      long now = RandomMoot.START + history.random.nextInt(800);
      MootRecord record = history.delivered(2 * seed);
      Moot moot = Moot.of(record, history.moot, now);
      Moot other = Moot.of(history.delivered(2 * seed + 1), history.moot, now);
      assertThat(other).as("seed %d: two orders", seed).isEqualTo(moot);
      equal(seed, moot, new PlainMoot(record, history.moot, now));
      for (Proposal proposal : moot.proposals()) {
        governs(seed, proposal);
        states.merge(proposal.state(), 1, Integer::sum);
        Tally tally = proposal.tally();
        long usual = tally.snapshot() + proposal.rules().votingPeriodMillis() / 1000;
        extended += tally.deadline() > usual ? 1 : 0;
        delegated += tally.casts().stream().anyMatch(c -> !c.voter().equals(c.member())) ? 1 : 0;
      }
      moot.fates().forEach(fate -> outcomes.merge(fate.outcome(), 1, Integer::sum));
    }
    // The histories are worth something only if all that can happen does.
    assertThat(states).containsOnlyKeys(Proposal.State.values());
    // That somebody proposes too much is MootTest's.
    assertThat(outcomes.keySet())
        .containsExactlyInAnyOrderElementsOf(EnumSet.complementOf(EnumSet.of(Outcome.TOO_MANY)));
    assertThat(extended).isGreaterThan(100);
    assertThat(delegated).isGreaterThan(100);
  }

  private static void equal(long seed, Moot moot, PlainMoot plain) {
    assertThat(moot.members().keySet()).as("seed %d: members", seed).isEqualTo(plain.members);
    assertThat(moot.rules()).as("seed %d: rules", seed).isEqualTo(plain.rules);
    List<Hash32> decided =
        moot.decisions().stream().map(decision -> decision.proposal().id()).toList();
    assertThat(decided).as("seed %d: decisions", seed).isEqualTo(plain.decided);
    assertThat(moot.proposals()).as("seed %d: proposals", seed).hasSameSizeAs(plain.votes);
    for (int i = 0; i < plain.votes.size(); i++) {
      PlainMoot.Vote vote = plain.votes.get(i);
      Proposal proposal = moot.proposals().get(i);
      Tally tally = proposal.tally();
      String where = "seed " + seed + ", proposal " + i;
      assertThat(proposal.id()).as(where).isEqualTo(vote.id);
      assertThat(proposal.state()).as(where).isEqualTo(state(vote));
      assertThat(proposal.weights()).as(where).isEqualTo(vote.weights);
      Map<PeerId, Entry.Choice> cast = new TreeMap<>();
      tally.casts().forEach(one -> cast.put(one.member(), one.choice()));
      assertThat(cast).as(where).isEqualTo(vote.cast);
      assertThat(tally.yes()).as(where).isEqualTo(vote.sum(Entry.Choice.YES));
      assertThat(tally.no()).as(where).isEqualTo(vote.sum(Entry.Choice.NO));
      assertThat(tally.abstain()).as(where).isEqualTo(vote.sum(Entry.Choice.ABSTAIN));
      assertThat(tally.quorum()).as(where).isEqualTo(vote.quorum());
      assertThat(tally.deadline()).as(where).isEqualTo(vote.deadline);
      assertThat(proposal.enacted().orElse(-1)).as(where).isEqualTo(vote.enacted);
    }
  }

  private static Proposal.State state(PlainMoot.Vote vote) {
    if (vote.stopped) {
      return vote.byGuardian ? Proposal.State.VETOED : Proposal.State.WITHDRAWN;
    }
    if (vote.enacted >= 0) {
      return Proposal.State.ENACTED;
    }
    if (vote.closed) {
      return vote.succeeded() ? Proposal.State.QUEUED : Proposal.State.DEFEATED;
    }
    return vote.opened ? Proposal.State.ACTIVE : Proposal.State.PENDING;
  }

  /** The contract takes each vote that counts here, and comes to the same. */
  private static void governs(long seed, Proposal proposal) {
    Tally tally = proposal.tally();
    PlainGovernor governor =
        new PlainGovernor(proposal.weights(), proposal.rules(), tally.snapshot());
    for (Tally.Cast cast : tally.casts()) {
      assertThat(governor.castVote(cast.member(), cast.choice(), cast.seconds()))
          .as("seed %d: the contract takes %s", seed, cast)
          .isTrue();
    }
    assertThat(List.of(governor.inFavour(), governor.against(), governor.abstain()))
        .as("seed %d", seed)
        .isEqualTo(List.of(tally.yes(), tally.no(), tally.abstain()));
    assertThat(governor.quorum()).isEqualTo(tally.quorum());
    assertThat(governor.deadline()).isEqualTo(tally.deadline());
    assertThat(governor.succeeded()).isEqualTo(tally.succeeds());
  }
}
