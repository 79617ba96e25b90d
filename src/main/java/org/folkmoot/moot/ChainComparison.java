package org.folkmoot.moot;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.anchor.ChainMoot;
import org.folkmoot.ledger.anchor.ChainRehearsal;
import org.folkmoot.ledger.anchor.EvmKey;
import org.folkmoot.ledger.anchor.EvmRpc;
import org.folkmoot.ledger.entry.Entry;

/**
 * Whether the contracts count as the record does: the weights that were cast on a proposal are cast
 * once more on a chain for tests.
 *
 * @param result the chain's
 * @param agrees whether the sums, the quorum, the deadline and the outcome are the same, and no
 *     vote was refused
 */
public record ChainComparison(ChainRehearsal.Result result, boolean agrees) {
  /**
   * Compares a vote that is over.
   *
   * @param rpc a node for tests (anvil)
   */
  public static ChainComparison of(EvmRpc rpc, EvmKey key, Hash32 moot, Proposal proposal) {
    ChainRehearsal.Result result = ChainRehearsal.play(rpc, key, script(moot, proposal));
    return new ChainComparison(result, agrees(result, proposal));
  }

  private static ChainRehearsal.Script script(Hash32 moot, Proposal proposal) {
    SortedMap<Hash32, Long> weights = new TreeMap<>();
    proposal.weights().forEach((peer, weight) -> weights.put(peer.key(), weight));
    List<ChainRehearsal.Vote> votes = new ArrayList<>();
    for (Tally.Cast cast : proposal.tally().casts()) {
      votes.add(
          new ChainRehearsal.Vote(cast.member().key(), choice(cast.choice()), cast.seconds()));
    }
    return new ChainRehearsal.Script(
        rules(proposal.rules()),
        moot,
        weights,
        new ChainMoot.Proposal(topic(proposal), proposal.id(), proposal.entry().title()),
        proposal.tally().snapshot(),
        votes);
  }

  private static ChainMoot.Rules rules(Entry.Rules rules) {
    return new ChainMoot.Rules(
        Clock.seconds(rules.votingDelayMillis()),
        Clock.seconds(rules.votingPeriodMillis()),
        Clock.seconds(rules.extensionMillis()),
        Clock.seconds(rules.timelockMillis()),
        rules.quorumPermille() * 10,
        rules.majorityPermille() * 10,
        Optional.empty());
  }

  /** What the register calls what is decided. */
  static String topic(Proposal proposal) {
    return switch (proposal.entry().motion()) {
      case Entry.Motion.Adopt adopt ->
          switch (adopt.subject()) {
            case MODEL -> "model/default";
            case ADAPTER -> "adapter/default";
            case DATASET -> "dataset/default";
          };
      case Entry.Motion.AdoptPrompt _, Entry.Motion.AdoptPolicy _ -> "policy/default";
      case Entry.Motion.Train train -> "training/" + train.recipe().hex();
      case Entry.Motion.Admit admission -> "member/" + admission.peer().text();
      case Entry.Motion.Remove removal -> "member/" + removal.peer().text();
      case Entry.Motion.ChangeRules _ -> "rules";
    };
  }

  private static ChainMoot.Choice choice(Entry.Choice choice) {
    return switch (choice) {
      case YES -> ChainMoot.Choice.YES;
      case NO -> ChainMoot.Choice.NO;
      case ABSTAIN -> ChainMoot.Choice.ABSTAIN;
    };
  }

  private static boolean agrees(ChainRehearsal.Result result, Proposal proposal) {
    Tally ours = proposal.tally();
    ChainMoot.Tally theirs = result.tally();
    return result.refused() == 0
        && theirs.yes() == ours.yes()
        && theirs.no() == ours.no()
        && theirs.abstain() == ours.abstain()
        && theirs.quorum() == ours.quorum()
        && theirs.snapshot() == ours.snapshot()
        && theirs.deadline() == ours.deadline()
        && (theirs.state() == ChainMoot.State.SUCCEEDED) == ours.succeeds();
  }
}
