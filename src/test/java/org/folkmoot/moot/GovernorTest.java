package org.folkmoot.moot;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.anchor.AnvilForCli;
import org.folkmoot.ledger.anchor.ChainMoot;
import org.folkmoot.ledger.anchor.EvmKey;
import org.folkmoot.ledger.anchor.EvmRpc;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/**
 * Votes of drawn histories once more on the real contracts, on a real EVM node: the same tally. A
 * thousand histories are held to {@link PlainGovernor}; these hold that one to the contracts.
 */
class GovernorTest {
  @Test
  void theContractCountsAsTheRecordDoes() {
    compare(6, 3);
  }

  @Soak
  @Test
  void theContractCountsAsTheRecordDoesManyTimes() {
    compare(200, 4);
  }

  private static void compare(int votes, long seed) {
    Map<ChainMoot.State, Integer> seen = new EnumMap<>(ChainMoot.State.class);
    try (AnvilForCli node = AnvilForCli.start();
        EvmRpc rpc = new EvmRpc(node.url(), Duration.ofSeconds(30))) {
      int compared = 0;
      for (long drawn = 1000 * seed; compared < votes; drawn++) {
        RandomMoot history = new RandomMoot(drawn);
        Moot moot = Moot.of(history.delivered(drawn), history.moot, RandomMoot.END + 1000);
        for (Proposal proposal : moot.proposals()) {
          // Contracts know no votes that are open for no time, and those of one member are dull.
          boolean worth =
              proposal.tally().casts().size() > 2
                  && proposal.rules().votingPeriodMillis() > 0
                  && proposal.rules().votingDelayMillis() > 0
                  && proposal.rules().extensionMillis() <= proposal.rules().votingPeriodMillis();
          if (worth && compared < votes) {
            compared++;
            ChainComparison chain =
                ChainComparison.of(rpc, EvmKey.draw(new SecureRandom()), moot.id(), proposal);
            assertThat(chain.agrees())
                .as("seed %d: %s, and the chain has %s", drawn, proposal.tally(), chain.result())
                .isTrue();
            ChainMoot.Tally tally = chain.result().tally();
            seen.merge(tally.state(), 1, Integer::sum);
            if (tally.state() == ChainMoot.State.SUCCEEDED) {
              assertThat(chain.result().decided()).isEqualTo(proposal.id());
            } else {
              assertThat(chain.result().decided()).isEqualTo(Hash32.of(new byte[32]));
            }
          }
        }
      }
    }
    assertThat(seen.keySet()).contains(ChainMoot.State.SUCCEEDED, ChainMoot.State.DEFEATED);
  }
}
