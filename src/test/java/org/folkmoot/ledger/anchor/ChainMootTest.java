package org.folkmoot.ledger.anchor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.anchor.ChainMoot.Choice;
import org.folkmoot.ledger.anchor.ChainMoot.Member;
import org.folkmoot.ledger.anchor.ChainMoot.Proposal;
import org.folkmoot.ledger.anchor.ChainMoot.Rules;
import org.folkmoot.ledger.anchor.ChainMoot.State;
import org.folkmoot.ledger.anchor.ChainMoot.Tally;
import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.abi.datatypes.generated.Uint8;

/** A moot's votes on a real node: the life of a proposal, and the tally against a plain one. */
class ChainMootTest {
  private static final long DELAY = 100;
  private static final long PERIOD = 1000;
  private static final long EXTENSION = 300;
  private static final long TIMELOCK = 500;

  private static final Hash32 CHARTER = Hash32.sha256(new byte[] {1});
  private static final Hash32 DECISION = Hash32.sha256(new byte[] {2});

  /** The other accounts that anvil fills. */
  private static final List<String> VOTERS =
      List.of(
          "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
          "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
          "0x90F79bf6EB2c4f870365E785982E1f101E93b906",
          "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65",
          "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc",
          "0x976EA74026E726554dB657fA54763abd0C3a0aa9",
          "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955");

  private static final List<Choice> CHOICES = List.of(Choice.NO, Choice.YES, Choice.ABSTAIN);

  private static final int HISTORIES_OF_A_MOOT = 20;

  private static AnvilNode node;
  private static EvmAccount founder;

  @BeforeAll
  static void start() {
    node = AnvilNode.start();
    founder = node.account(AnvilNode.RICH);
  }

  @AfterAll
  static void stop() {
    if (node != null) {
      node.close();
    }
  }

  private static ChainMoot moot(int quorumParts, Optional<String> guardian, long... weights) {
    return moot(quorumParts, 5000, guardian, weights);
  }

  private static ChainMoot moot(
      int quorumParts, int majorityParts, Optional<String> guardian, long... weights) {
    List<Member> members = new ArrayList<>();
    members.add(new Member(founder.address(), 1, Hash32.sha256(new byte[] {3})));
    for (int i = 0; i < weights.length; i++) {
      members.add(new Member(VOTERS.get(i), weights[i], Hash32.sha256(new byte[] {4, (byte) i})));
    }
    ChainMoot moot =
        ChainMoot.deploy(
            founder,
            new Rules(DELAY, PERIOD, EXTENSION, TIMELOCK, quorumParts, majorityParts, guardian),
            members,
            CHARTER);
    // Weights count from the second after.
    passTo(node.chain().head().seconds() + 2);
    return moot;
  }

  private static void passTo(long seconds) {
    node.ask("evm_setNextBlockTimestamp", seconds);
    node.mine(1);
  }

  @Test
  void aProposalFromItsBeginningToItsEnactment() {
    ChainMoot moot = moot(5000, Optional.empty(), 1, 1);
    EvmChain chain = node.chain();
    moot.require(chain);
    assertThat(moot.decided(chain, "charter")).isEqualTo(CHARTER);

    Proposal proposal = new Proposal("model/default", DECISION, "adopt smollm2:135m");
    BigInteger number = moot.propose(founder, proposal);
    Tally tally = moot.tally(chain, number);
    assertThat(tally.state()).isEqualTo(State.PENDING);
    assertThatThrownBy(() -> moot.vote(founder, number, Choice.YES, "too early"))
        .isInstanceOf(FolkmootException.class);
    passTo(tally.snapshot() + 1);
    assertThat(moot.tally(chain, number).state()).isEqualTo(State.ACTIVE);
    moot.vote(founder, number, Choice.YES, "small and open");
    assertThatThrownBy(() -> moot.vote(founder, number, Choice.NO, "twice"))
        .isInstanceOf(FolkmootException.class);
    voteAs(moot, VOTERS.getFirst(), number, Choice.ABSTAIN);
    passTo(tally.deadline() + 1);
    tally = moot.tally(chain, number);
    assertThat(tally)
        .isEqualTo(new Tally(State.SUCCEEDED, 0, 1, 1, tally.snapshot(), tally.deadline(), 2));

    moot.queue(founder, proposal);
    assertThat(moot.tally(chain, number).state()).isEqualTo(State.QUEUED);
    assertThatThrownBy(() -> moot.enact(founder, proposal)).isInstanceOf(FolkmootException.class);
    passTo(chain.head().seconds() + TIMELOCK);
    moot.enact(founder, proposal);
    assertThat(moot.tally(chain, number).state()).isEqualTo(State.EXECUTED);
    assertThat(moot.decided(chain, "model/default")).isEqualTo(DECISION);
  }

  @Test
  void aGuardianVetoesUntilTheEnactment() {
    ChainMoot moot = moot(1, Optional.of(founder.address()));
    Proposal proposal = new Proposal("charter", DECISION, "another charter");
    BigInteger number = moot.propose(founder, proposal);
    passTo(moot.tally(node.chain(), number).snapshot() + 1);
    moot.vote(founder, number, Choice.YES, "");
    passTo(moot.tally(node.chain(), number).deadline() + 1);
    moot.queue(founder, proposal);
    moot.cancel(founder, proposal);
    assertThat(moot.tally(node.chain(), number).state()).isEqualTo(State.CANCELED);
    assertThat(moot.decided(node.chain(), "charter")).isEqualTo(CHARTER);
  }

  @Test
  void withoutAGuardianAnAuthorTakesBackBeforeTheVoteOnly() {
    ChainMoot moot = moot(1, Optional.empty());
    Proposal typo = new Proposal("charter", DECISION, "a typo");
    BigInteger first = moot.propose(founder, typo);
    long opens = moot.tally(node.chain(), first).snapshot() + 1;
    moot.cancel(founder, typo);
    passTo(opens);
    assertThat(moot.tally(node.chain(), first).state()).isEqualTo(State.CANCELED);
    Proposal proposal = new Proposal("charter", DECISION, "another charter");
    BigInteger number = moot.propose(founder, proposal);
    passTo(moot.tally(node.chain(), number).snapshot() + 1);
    assertThatThrownBy(() -> moot.cancel(founder, proposal)).isInstanceOf(FolkmootException.class);
    moot.vote(founder, number, Choice.YES, "");
    passTo(moot.tally(node.chain(), number).deadline() + 1);
    moot.queue(founder, proposal);
    assertThatThrownBy(() -> moot.cancel(founder, proposal)).isInstanceOf(FolkmootException.class);
    assertThat(moot.tally(node.chain(), number).state()).isEqualTo(State.QUEUED);
  }

  @Test
  void noOneElseProposesOrDecides() {
    ChainMoot moot = moot(5000, Optional.empty(), 1);
    EvmAccount stranger =
        node.account(
            EvmKey.ofHex("2a871d0798f97d79848a013d4936a73bf4cc922c825d33c1cf7073dff6d409c6"));
    Proposal proposal = new Proposal("charter", DECISION, "a stranger's");
    assertThatThrownBy(() -> moot.propose(stranger, proposal))
        .isInstanceOf(FolkmootException.class);
    for (Function call :
        List.of(
            new Function(
                "handOver",
                List.of(new org.web3j.abi.datatypes.Address(founder.address())),
                List.of()),
            new Function(
                "remove",
                List.of(new org.web3j.abi.datatypes.Address(VOTERS.getFirst())),
                List.of()))) {
      assertThatThrownBy(() -> founder.send(moot.members(), call))
          .as("who deployed it has no say left")
          .isInstanceOf(EvmAccount.Reverted.class);
    }
  }

  @Test
  void tallyEqualsThePlainOne() {
    compare(40, 1);
  }

  @Soak
  @Test
  void tallyEqualsThePlainOneAThousandTimes() {
    compare(1000, 2);
  }

  private static void compare(int histories, long seed) {
    Random random = new Random(seed);
    Map<State, Integer> seen = new java.util.EnumMap<>(State.class);
    for (int done = 0; done < histories; done += HISTORIES_OF_A_MOOT) {
      long[] weights = new long[VOTERS.size()];
      for (int i = 0; i < weights.length; i++) {
        weights[i] = 1L + random.nextInt(3);
      }
      int quorumParts = 1 + random.nextInt(10_000);
      int majorityParts = random.nextBoolean() ? 5000 : random.nextInt(9000);
      compare(
          moot(quorumParts, majorityParts, Optional.empty(), weights),
          new Charter(weights, quorumParts, majorityParts),
          random,
          seen);
    }
    assertThat(seen).containsOnlyKeys(State.SUCCEEDED, State.DEFEATED);
  }

  private static void compare(
      ChainMoot moot, Charter charter, Random random, Map<State, Integer> seen) {
    for (int history = 0; history < HISTORIES_OF_A_MOOT; history++) {
      Proposal proposal = new Proposal("model/default", DECISION, "history " + history);
      BigInteger number = moot.propose(founder, proposal);
      PlainTally plain = new PlainTally(moot.tally(node.chain(), number).snapshot(), charter);
      long now = plain.snapshot + 1;
      int votes = random.nextInt(12);
      for (int vote = 0; vote < votes; vote++) {
        int voter = random.nextInt(VOTERS.size());
        Choice choice = CHOICES.get(random.nextInt(CHOICES.size()));
        boolean accepted = plain.vote(voter, choice, now);
        node.ask("evm_setNextBlockTimestamp", now);
        assertThat(voteAs(moot, VOTERS.get(voter), number, choice))
            .as("history %d, vote %d", history, vote)
            .isEqualTo(accepted);
        now += 1 + random.nextInt((int) PERIOD / 4);
      }
      passTo(Math.max(now, plain.deadline + 1));
      Tally tally = moot.tally(node.chain(), number);
      assertThat(tally).as("history %d", history).isEqualTo(plain.result());
      seen.merge(tally.state(), 1, Integer::sum);
    }
  }

  /** Votes from an account that anvil signs for; whether the contract took it. */
  private static boolean voteAs(ChainMoot moot, String voter, BigInteger proposal, Choice choice) {
    Function cast =
        new Function(
            "castVote", List.of(new Uint256(proposal), new Uint8(choice.number())), List.of());
    // With its gas named, a vote that the contract refuses is mined, too, at its time.
    String hash =
        node.ask(
                "eth_sendTransaction",
                Map.of(
                    "from",
                    voter,
                    "to",
                    moot.governor(),
                    "gas",
                    "0x7a120",
                    "input",
                    FunctionEncoder.encode(cast)))
            .asText();
    node.mine(1);
    JsonNode receipt = node.ask("eth_getTransactionReceipt", hash);
    return receipt.get("status").asText().equals("0x1");
  }

  private record Charter(long[] weights, int quorumParts, int majorityParts) {}

  /** The rules of a vote, written plainly. */
  private static final class PlainTally {
    private final long snapshot;
    private final Charter charter;
    private final long quorum;
    private final Set<Integer> voted = new HashSet<>();
    private final long[] sums = new long[3];
    private long deadline;
    private boolean reached;

    PlainTally(long snapshot, Charter charter) {
      this.snapshot = snapshot;
      this.charter = charter;
      this.deadline = snapshot + PERIOD;
      long all = 1;
      for (long weight : charter.weights) {
        all += weight;
      }
      this.quorum = Math.ceilDiv(all * charter.quorumParts, 10_000L);
    }

    boolean vote(int voter, Choice choice, long when) {
      if (when <= snapshot || when > deadline || !voted.add(voter)) {
        return false;
      }
      sums[choice.number()] += charter.weights[voter];
      if (!reached && quorate()) {
        reached = true;
        deadline = Math.max(deadline, when + EXTENSION);
      }
      return true;
    }

    private boolean quorate() {
      return sums[Choice.YES.number()] + sums[Choice.ABSTAIN.number()] >= quorum;
    }

    Tally result() {
      long yes = sums[Choice.YES.number()];
      long no = sums[Choice.NO.number()];
      State state =
          quorate() && yes * 10_000 > charter.majorityParts * (yes + no)
              ? State.SUCCEEDED
              : State.DEFEATED;
      return new Tally(state, no, yes, sums[Choice.ABSTAIN.number()], snapshot, deadline, quorum);
    }
  }
}
