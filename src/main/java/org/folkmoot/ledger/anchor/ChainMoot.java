package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.web3j.abi.FunctionEncoder;
import org.web3j.abi.datatypes.Address;
import org.web3j.abi.datatypes.DynamicArray;
import org.web3j.abi.datatypes.DynamicBytes;
import org.web3j.abi.datatypes.Function;
import org.web3j.abi.datatypes.Type;
import org.web3j.abi.datatypes.Utf8String;
import org.web3j.abi.datatypes.generated.Bytes32;
import org.web3j.abi.datatypes.generated.Uint256;
import org.web3j.abi.datatypes.generated.Uint32;
import org.web3j.abi.datatypes.generated.Uint48;
import org.web3j.abi.datatypes.generated.Uint8;
import org.web3j.crypto.Hash;
import org.web3j.utils.Numeric;

/**
 * A moot on an EVM chain: its members, its votes (OpenZeppelin's Governor), its timelock, and the
 * register of what it decided.
 *
 * @param members address of the contract {@code MootMembers}
 * @param governor address of {@code MootGovernor}
 * @param timelock address of {@code TimelockController}
 * @param register address of {@code MootRegister}
 */
public record ChainMoot(String members, String governor, String timelock, String register) {
  private static final Artifact MEMBERS = Artifact.of("MootMembers");
  private static final Artifact GOVERNOR = Artifact.of("MootGovernor");
  private static final Artifact TIMELOCK = Artifact.of("TimelockController");
  private static final Artifact REGISTER = Artifact.of("MootRegister");

  /** Whom a timelock calls "anyone". */
  private static final String NOBODY = "0x0000000000000000000000000000000000000000";

  /**
   * A charter's numbers, in seconds.
   *
   * @param votingDelay from a proposal to the snapshot of weights
   * @param votingPeriod from the snapshot to the deadline
   * @param lateExtension at least so long after the quorum was reached; at most the period
   * @param timelock from a success to the enactment
   * @param quorumParts of 10,000 parts of all weight, rounded up
   * @param majorityParts more than so many of 10,000 parts of yes and no together; below 10,000
   * @param guardian who may veto, if anyone
   */
  public record Rules(
      long votingDelay,
      long votingPeriod,
      long lateExtension,
      long timelock,
      int quorumParts,
      int majorityParts,
      Optional<String> guardian) {}

  /**
   * A member.
   *
   * @param address the account that votes
   * @param weight at least 1
   * @param peer the member's key in the ledger
   */
  public record Member(String address, long weight, Hash32 peer) {}

  /** A vote, by Governor's numbers. */
  public enum Choice {
    NO(0),
    YES(1),
    ABSTAIN(2);

    private final int number;

    Choice(int number) {
      this.number = number;
    }

    int number() {
      return number;
    }
  }

  /** Where a proposal stands, by Governor's numbers. */
  public enum State {
    PENDING,
    ACTIVE,
    CANCELED,
    DEFEATED,
    SUCCEEDED,
    QUEUED,
    EXPIRED,
    EXECUTED
  }

  /**
   * What a proposal would decide.
   *
   * @param topic what about: {@code model/…}, {@code charter}, …
   * @param decision hash of the ledger entry that says it
   * @param text for people
   */
  public record Proposal(String topic, Hash32 decision, String text) {
    /** How the register names a topic: its SHA-256, but for the charter. */
    private Bytes32 topicName() {
      byte[] name = new byte[Hash32.BYTES];
      if (topic.equals("charter")) {
        System.arraycopy(topic.getBytes(UTF_8), 0, name, 0, topic.length());
        return new Bytes32(name);
      }
      return new Bytes32(Hash32.sha256(topic.getBytes(UTF_8)).bytes());
    }

    private Bytes32 textHash() {
      return new Bytes32(Hash.sha3(text.getBytes(UTF_8)));
    }
  }

  /**
   * How a vote stands.
   *
   * @param snapshot seconds since 1970: weights are those of then
   * @param deadline votes count until then, inclusive
   * @param quorum weight of yes and abstain that is needed
   */
  public record Tally(
      State state, long no, long yes, long abstain, long snapshot, long deadline, long quorum) {}

  /** Checks the addresses. */
  public ChainMoot {
    List.of(members, governor, timelock, register).forEach(EvmChain::requireAddress);
  }

  /** Deploys a moot; afterwards only its own votes change it, not who deployed it. */
  public static ChainMoot deploy(
      EvmAccount account, Rules rules, List<Member> founders, Hash32 charter) {
    Address deployer = new Address(account.address());
    String timelock =
        account.deploy(
            TIMELOCK,
            List.of(
                new Uint256(rules.timelock()),
                new DynamicArray<>(Address.class, List.of()),
                new DynamicArray<>(Address.class, List.of(new Address(NOBODY))),
                deployer));
    String members =
        account.deploy(
            MEMBERS,
            List.of(
                new DynamicArray<>(
                    Address.class, founders.stream().map(one -> new Address(one.address)).toList()),
                new DynamicArray<>(
                    Uint256.class, founders.stream().map(one -> new Uint256(one.weight)).toList()),
                new DynamicArray<>(
                    Bytes32.class,
                    founders.stream().map(one -> new Bytes32(one.peer.bytes())).toList())));
    String governor =
        account.deploy(
            GOVERNOR,
            List.of(
                new Address(members),
                new Address(timelock),
                new Uint48(rules.votingDelay()),
                new Uint32(rules.votingPeriod()),
                new Uint48(rules.lateExtension()),
                new Uint256(rules.quorumParts()),
                new Uint256(rules.majorityParts()),
                new Address(rules.guardian().orElse(NOBODY))));
    for (String role : List.of("PROPOSER_ROLE", "CANCELLER_ROLE")) {
      Bytes32 name = new Bytes32(Hash.sha3(role.getBytes(UTF_8)));
      send(account, TIMELOCK, timelock, "grantRole", List.of(name, new Address(governor)));
    }
    send(account, TIMELOCK, timelock, "renounceRole", List.of(new Bytes32(new byte[32]), deployer));
    send(account, MEMBERS, members, "handOver", List.of(new Address(timelock)));
    String register =
        account.deploy(REGISTER, List.of(new Address(timelock), new Bytes32(charter.bytes())));
    return new ChainMoot(members, governor, timelock, register);
  }

  /** Checks that the contracts are there and are these. */
  public void require(EvmChain chain) {
    chain.require(MEMBERS, members);
    chain.require(GOVERNOR, governor);
    chain.require(TIMELOCK, timelock);
    chain.require(REGISTER, register);
  }

  /** Proposes; the proposal's number. */
  public BigInteger propose(EvmAccount member, Proposal proposal) {
    List<Type<?>> arguments = new ArrayList<>(actions(proposal));
    arguments.add(new Utf8String(proposal.text));
    send(member, GOVERNOR, governor, "propose", arguments);
    return number(member.chain(), proposal);
  }

  /** The number of a proposal, made or not. */
  public BigInteger number(EvmChain chain, Proposal proposal) {
    return call(chain, "hashProposal", all(proposal)).number(0);
  }

  private List<Type<?>> all(Proposal proposal) {
    List<Type<?>> arguments = new ArrayList<>(actions(proposal));
    arguments.add(proposal.textHash());
    return arguments;
  }

  private List<Type<?>> actions(Proposal proposal) {
    Function decide =
        new Function(
            "decide",
            List.of(proposal.topicName(), new Bytes32(proposal.decision.bytes())),
            List.of());
    byte[] data = Numeric.hexStringToByteArray(FunctionEncoder.encode(decide));
    return List.of(
        new DynamicArray<>(Address.class, List.of(new Address(register))),
        new DynamicArray<>(Uint256.class, List.of(new Uint256(BigInteger.ZERO))),
        new DynamicArray<>(DynamicBytes.class, List.of(new DynamicBytes(data))));
  }

  /** Votes. */
  public void vote(EvmAccount member, BigInteger proposal, Choice choice, String reason) {
    send(
        member,
        GOVERNOR,
        governor,
        "castVoteWithReason",
        List.of(new Uint256(proposal), new Uint8(choice.number()), new Utf8String(reason)));
  }

  /** Starts the timelock of a proposal that succeeded; anyone may. */
  public void queue(EvmAccount anyone, Proposal proposal) {
    send(anyone, GOVERNOR, governor, "queue", all(proposal));
  }

  /** Enacts a proposal whose timelock has run out; anyone may. */
  public void enact(EvmAccount anyone, Proposal proposal) {
    send(anyone, GOVERNOR, governor, "execute", all(proposal));
  }

  /** Takes a proposal back, or vetoes it. */
  public void cancel(EvmAccount guardian, Proposal proposal) {
    send(guardian, GOVERNOR, governor, "cancel", all(proposal));
  }

  /** How a vote stands, at the newest block. */
  public Tally tally(EvmChain chain, BigInteger proposal) {
    List<Type<?>> one = List.of(new Uint256(proposal));
    EvmChain.Words votes = call(chain, "proposalVotes", one);
    BigInteger snapshot = call(chain, "proposalSnapshot", one).number(0);
    int state = call(chain, "state", one).number(0).intValueExact();
    return new Tally(
        State.values()[state],
        votes.number(0).longValueExact(),
        votes.number(1).longValueExact(),
        votes.number(2).longValueExact(),
        snapshot.longValueExact(),
        call(chain, "proposalDeadline", one).number(0).longValueExact(),
        // Asked before the snapshot, the contract refuses: the weights are not fixed yet.
        State.values()[state] == State.PENDING
            ? 0
            : call(chain, "quorum", List.of(new Uint256(snapshot))).number(0).longValueExact());
  }

  /** The latest decision on a topic; 32 zeros where there is none. */
  public Hash32 decided(EvmChain chain, String topic) {
    Bytes32 name = new Proposal(topic, Hash32.of(new byte[32]), "").topicName();
    return chain.call(register, new Function("decided", List.of(name), List.of())).hash(0);
  }

  private EvmChain.Words call(EvmChain chain, String function, List<Type<?>> arguments) {
    return chain.call(governor, new Function(function, List.copyOf(arguments), List.of()));
  }

  private static void send(
      EvmAccount account,
      Artifact contract,
      String address,
      String function,
      List<Type<?>> arguments) {
    try {
      account.send(address, new Function(function, List.copyOf(arguments), List.of()));
    } catch (EvmAccount.Reverted no) {
      throw EvmAccount.refused(contract.name(), no);
    }
  }
}
