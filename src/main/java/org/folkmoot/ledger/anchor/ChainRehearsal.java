package org.folkmoot.ledger.anchor;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.abi.datatypes.generated.Uint8;

/**
 * A vote once more on a chain for tests, where time can be set and every account may be used
 * (anvil): the same weights, and the same votes at the same distances in time, on contracts of its
 * own. What they make of it is compared with what the record gave.
 */
public final class ChainRehearsal {
  /** A vote, by its member's key in the ledger. */
  public record Vote(Hash32 member, ChainMoot.Choice choice, long seconds) {}

  /**
   * What is played.
   *
   * @param weights of each member, by its key in the ledger
   * @param snapshot when the weights were fixed
   * @param votes in the order of time
   */
  public record Script(
      ChainMoot.Rules rules,
      Hash32 charter,
      SortedMap<Hash32, Long> weights,
      ChainMoot.Proposal proposal,
      long snapshot,
      List<Vote> votes) {
    /** Copies. */
    public Script {
      weights = new TreeMap<>(weights);
      votes = List.copyOf(votes);
    }
  }

  /**
   * What came of it.
   *
   * @param tally with the script's times
   * @param refused votes that the contract did not take
   * @param decided what the contract's register says of the proposal's topic in the end
   */
  public record Result(ChainMoot moot, ChainMoot.Tally tally, int refused, Hash32 decided) {}

  private static final String HUNDRED_COINS = "0x56bc75e2d63100000";
  private static final String GAS = "0x7a120";
  private static final int MAX_LOOKS = 1000;

  private final EvmChain chain;
  private final EvmAccount founder;
  private final Script script;
  private final Map<Hash32, String> addresses = new TreeMap<>();

  private ChainRehearsal(EvmRpc rpc, EvmKey key, Script script) {
    this.script = script;
    chain = new EvmChain(rpc, OptionalLong.empty());
    founder = new EvmAccount(chain, key, EvmAccount.Settings.USUAL, _ -> mine());
  }

  /**
   * Plays a script.
   *
   * @param key of the account that deploys and proposes, in the place of one of the members
   * @throws FolkmootException if the node is none for tests
   */
  public static Result play(EvmRpc rpc, EvmKey key, Script script) {
    return new ChainRehearsal(rpc, key, script).play();
  }

  /** Gives an account of a node for tests a hundred coins. */
  public static void fill(EvmRpc rpc, String address) {
    JsonNode _ =
        new EvmChain(rpc, OptionalLong.empty()).ask("anvil_setBalance", address, HUNDRED_COINS);
  }

  private Result play() {
    fill(founder.address());
    List<ChainMoot.Member> members = new ArrayList<>();
    script.weights.forEach((peer, weight) -> {
      // 20 of the 32 bytes: nobody needs its key here.
      String address = members.isEmpty() ? founder.address() : "0x" + peer.hex().substring(24);
      addresses.put(peer, address);
      members.add(new ChainMoot.Member(address, weight, peer));
      fill(address);
      JsonNode _ = chain.ask("anvil_impersonateAccount", address);
    });
    ChainMoot moot = ChainMoot.deploy(founder, script.rules, members, script.charter);
    // Weights count from the second after.
    passTo(chain.head().seconds() + 2);
    BigInteger number = moot.propose(founder, script.proposal);
    long shift = moot.tally(chain, number).snapshot() - script.snapshot;
    int refused = vote(moot, number, shift);
    long end = moot.tally(chain, number).deadline() + 1;
    passTo(Math.max(end, chain.head().seconds() + 1));
    ChainMoot.Tally tally = moot.tally(chain, number);
    if (tally.state() == ChainMoot.State.SUCCEEDED) {
      moot.queue(founder, script.proposal);
      passTo(chain.head().seconds() + script.rules.timelock() + 1);
      moot.enact(founder, script.proposal);
    }
    return new Result(
        moot,
        new ChainMoot.Tally(
            tally.state(),
            tally.no(),
            tally.yes(),
            tally.abstain(),
            tally.snapshot() - shift,
            tally.deadline() - shift,
            tally.quorum()),
        refused,
        moot.decided(chain, script.proposal.topic()));
  }

  /** Casts the votes, those of a second in one block; how many were refused. */
  private int vote(ChainMoot moot, BigInteger number, long shift) {
    JsonNode _ = chain.ask("evm_setAutomine", false);
    try {
      int refused = 0;
      int next = 0;
      while (next < script.votes.size()) {
        long second = script.votes.get(next).seconds;
        List<String> sent = new ArrayList<>();
        while (next < script.votes.size() && script.votes.get(next).seconds == second) {
          sent.add(send(moot, number, script.votes.get(next++)));
        }
        passTo(second + shift);
        for (String hash : sent) {
          refused += isTaken(hash) ? 0 : 1;
        }
      }
      return refused;
    } finally {
      JsonNode _ = chain.ask("evm_setAutomine", true);
    }
  }

  private String send(ChainMoot moot, BigInteger number, Vote vote) {
    Function cast =
        new Function(
            "castVote", List.of(new Uint256(number), new Uint8(vote.choice.number())), List.of());
    String from = addresses.getOrDefault(vote.member, founder.address());
    // With its gas named, a vote that the contract refuses is mined, too, at its time.
    return chain
        .ask(
            "eth_sendTransaction",
            Map.of(
                "from",
                from,
                "to",
                moot.governor(),
                "gas",
                GAS,
                "input",
                FunctionEncoder.encode(cast)))
        .asText();
  }

  private boolean isTaken(String hash) {
    for (int look = 0; look < MAX_LOOKS; look++) {
      JsonNode receipt = chain.ask("eth_getTransactionReceipt", hash);
      if (!receipt.isNull()) {
        return receipt.path("status").asText().equals("0x1");
      }
    }
    return false;
  }

  private void fill(String address) {
    JsonNode _ = chain.ask("anvil_setBalance", address, HUNDRED_COINS);
  }

  private void passTo(long seconds) {
    JsonNode _ = chain.ask("evm_setNextBlockTimestamp", seconds);
    mine();
  }

  private void mine() {
    JsonNode _ = chain.ask("evm_mine");
  }
}
