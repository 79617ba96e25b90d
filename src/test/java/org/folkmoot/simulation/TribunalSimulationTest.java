package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.FraudProofCheck.Result;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.Tribunal;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Accusations between nodes: true ones spread and stay, false ones cost who tells them. */
class TribunalSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int NODES = 6;

  private final Simulation simulation = new Simulation(TribunalSimulationTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 2));
  private final List<Node> nodes = new ArrayList<>();
  private int members = 100;

  /** A node that checks what it is told, five milliseconds each, and notes what it keeps. */
  private final class Node {
    final SimHost host;
    final Links links;
    final PeerScores scores;
    final Tribunal tribunal;
    final List<FraudProof> kept = new ArrayList<>();
    int checks;
    boolean broken;
    long checkNanos = 5_000_000;

    Node(int number, List<FraudProof> known) {
      host = new SimHost(network, number, "node " + number, 0, true);
      links = new Links(host.loop(), host.peer(), SimNode.SWARM, "test", LinkSettings.USUAL);
      links.add(host.transport());
      host.transport().accept(links.acceptor());
      scores = new PeerScores(links);
      tribunal =
          new Tribunal(
              links,
              scores,
              peer -> isMember(peer),
              known,
              this::check,
              task -> host.loop().after(checkNanos, task),
              host.loop()::execute,
              kept::add);
    }

    private Result check(FraudProof proof) {
      checks++;
      if (broken) {
        return new Result.NeedsModel(proof.statement().statement().model(), "not here");
      }
      return new FraudProofCheck(SimPeer.VERIFIER, _ -> Optional.empty(), 1).check(proof);
    }

    PeerId id() {
      return host.peer();
    }

    void tell(Node other, byte[]... accusations) {
      host.loop()
          .execute(() -> {
            for (byte[] bytes : accusations) {
              links.send(other.id(), new Message.Accusation(bytes));
            }
          });
      simulation.runFor(SECOND);
    }

    boolean bans(PeerId peer) {
      return scores.measured(peer).banned();
    }
  }

  /** Those with small numbers; everybody else made up its key. */
  private boolean isMember(PeerId peer) {
    for (int i = 0; i < members; i++) {
      if (SimHost.peer(i).equals(peer)) {
        return true;
      }
    }
    return false;
  }

  @BeforeEach
  void meet() {
    for (int i = 0; i < NODES; i++) {
      nodes.add(new Node(i, List.of()));
    }
    for (Node one : nodes) {
      for (Node other : nodes) {
        if (one != other) {
          link(one, other);
        }
      }
    }
    simulation.runFor(5 * SECOND);
  }

  private static void link(Node one, Node other) {
    one.links.know(other.id(), List.of(other.host.address()));
    one.host.loop().execute(() -> one.links.connect(other.id()));
  }

  private static SignedStatement signed(PeerId by, int outputs) {
    HopStatement statement =
        new HopStatement(
            new SessionId(1, 1),
            new ModelId(hash(1)),
            List.of(),
            new LayerRange(false, 2, 4, false),
            9,
            hash(2),
            hash(3),
            hash(outputs),
            Optional.empty(),
            Optional.empty());
    return new SignedStatement(by, statement, SimPeer.signer(by).sign(statement.signedBytes()));
  }

  private static Hash32 hash(int number) {
    return Hash32.sha256(new byte[] {(byte) number, (byte) (number >> 8)});
  }

  /** Two outputs for the same inputs: needs no model. */
  private static FraudProof proof(PeerId liar) {
    return new FraudProof.Contradiction(signed(liar, 4), signed(liar, 5), Optional.empty());
  }

  /** One statement twice proves nothing. */
  private static FraudProof falseProof(PeerId accused) {
    return new FraudProof.Contradiction(signed(accused, 4), signed(accused, 4), Optional.empty());
  }

  @Test
  void whatIsProvenSpreadsToAllWhoCheckItThemselves() {
    Node liar = nodes.getLast();
    AtomicReference<Result> result = new AtomicReference<>();
    nodes
        .getFirst()
        .host
        .loop()
        .execute(() -> nodes.getFirst().tribunal.accuse(proof(liar.id()), result::set));
    simulation.runFor(5 * SECOND);
    assertThat(result.get()).isInstanceOf(Result.Proven.class);
    for (Node node : nodes.subList(0, NODES - 1)) {
      assertThat(node.bans(liar.id())).isTrue();
      assertThat(node.tribunal.banned()).containsExactly(liar.id());
      assertThat(node.kept).containsExactly(proof(liar.id()));
      assertThat(node.checks).as("each checks, and not for everyone who tells").isBetween(1, 2);
      assertThat(node.tribunal.banned()).doesNotContain(nodes.get(1).id());
    }
    assertThat(liar.checks).as("who is meant is not told").isZero();
    simulation.runFor(3600 * SECOND);
    assertThat(nodes.get(1).bans(liar.id())).as("for good").isTrue();
  }

  @Test
  void whoComesLaterHearsOfItOnce() {
    Node liar = nodes.get(1);
    nodes
        .getFirst()
        .host
        .loop()
        .execute(() -> nodes.getFirst().tribunal.accuse(proof(liar.id()), _ -> {}));
    simulation.runFor(5 * SECOND);
    Node late = new Node(50, List.of());
    link(late, nodes.getFirst());
    simulation.runFor(10 * SECOND);
    assertThat(late.tribunal.banned()).containsExactly(liar.id());
    assertThat(late.checks).isEqualTo(1);
  }

  @Test
  void bansSurviveARestart() {
    Node again = new Node(60, List.of(proof(nodes.get(2).id())));
    assertThat(again.bans(nodes.get(2).id())).isTrue();
    assertThat(again.tribunal.banned()).containsExactly(nodes.get(2).id());
    link(again, nodes.getFirst());
    simulation.runFor(10 * SECOND);
    assertThat(nodes.getFirst().bans(nodes.get(2).id())).as("and it tells others").isTrue();
  }

  @Test
  void aFalseAccusationCostsTheAccuserAndNotTheAccused() {
    Node judge = nodes.getFirst();
    Node accuser = nodes.get(1);
    Node accused = nodes.get(2);
    accuser.tell(judge, falseProof(accused.id()).toBytes());
    assertThat(judge.bans(accused.id())).isFalse();
    assertThat(judge.bans(accuser.id())).isTrue();
    assertThat(judge.tribunal.banned()).isEmpty();
    int checks = judge.checks;
    for (int i = 0; i < 20; i++) {
      accuser.tell(judge, falseProof(accused.id()).toBytes());
    }
    assertThat(judge.checks).as("it is not heard any more").isEqualTo(checks);
    simulation.runFor(700 * SECOND);
    assertThat(judge.bans(accuser.id())).as("for a while").isFalse();
    accuser.tell(judge, proof(accused.id()).toBytes());
    assertThat(judge.bans(accused.id())).as("then the truth is heard").isTrue();
  }

  @Test
  void aForgedSignatureProvesNothing() {
    SignedStatement mine = signed(nodes.get(1).id(), 5);
    SignedStatement forged =
        new SignedStatement(nodes.get(2).id(), mine.statement(), mine.signature());
    FraudProof proof =
        new FraudProof.Contradiction(signed(nodes.get(2).id(), 4), forged, Optional.empty());
    nodes.get(1).tell(nodes.getFirst(), proof.toBytes());
    assertThat(nodes.getFirst().bans(nodes.get(2).id())).isFalse();
    assertThat(nodes.getFirst().bans(nodes.get(1).id())).isTrue();
  }

  @Test
  void bytesThatAreNoProofCostWhoSendsThem() {
    nodes.get(1).tell(nodes.getFirst(), new byte[] {1, 2, 3}, new byte[0], new byte[1000]);
    assertThat(nodes.getFirst().bans(nodes.get(1).id())).isTrue();
    assertThat(nodes.getFirst().checks).isZero();
  }

  @Test
  void whoCannotTellBlamesNobody() {
    Node judge = nodes.getFirst();
    judge.broken = true;
    for (int i = 10; i < 50; i++) {
      nodes.get(1).tell(judge, proof(SimHost.peer(i)).toBytes());
    }
    assertThat(judge.checks).as("it hears on").isEqualTo(40);
    assertThat(judge.bans(nodes.get(1).id())).isFalse();
    assertThat(judge.tribunal.banned()).isEmpty();
  }

  @Test
  void aFloodIsBounded() {
    byte[][] flood = new byte[80][];
    for (int i = 0; i < flood.length; i++) {
      flood[i] = proof(SimHost.peer(10 + i)).toBytes();
    }
    Node judge = nodes.getFirst();
    nodes.get(1).tell(judge, flood);
    assertThat(judge.checks).as("at a time").isLessThan(10);
  }

  /** Anyone can make up a key and prove that it lies: that fills neither memory nor disk. */
  @Test
  void keysThatNobodyKnowsAreNobodysBusiness() {
    Node judge = nodes.getFirst();
    for (int i = 1000; i < 1050; i++) {
      nodes.get(1).tell(judge, proof(SimHost.peer(i)).toBytes());
    }
    assertThat(judge.checks).isZero();
    assertThat(judge.kept).isEmpty();
    assertThat(judge.tribunal.banned()).isEmpty();
  }

  @Test
  void whoIsBannedIsNotHeard() {
    Node judge = nodes.getFirst();
    judge.host.loop().execute(() -> judge.tribunal.accuse(proof(nodes.get(1).id()), _ -> {}));
    simulation.runFor(5 * SECOND);
    int checks = judge.checks;
    nodes.get(1).tell(judge, proof(nodes.get(2).id()).toBytes());
    assertThat(judge.checks).isEqualTo(checks);
    assertThat(judge.bans(nodes.get(2).id())).isFalse();
  }

  /** Who is accused before it is known is looked at when it is. */
  @Test
  void aNewMemberThatWasAccusedBeforeIsLookedAt() {
    Node judge = nodes.getFirst();
    PeerId late = SimHost.peer(200);
    nodes.get(1).tell(judge, proof(late).toBytes());
    assertThat(judge.checks).isZero();
    members = 300;
    judge.host.loop().execute(judge.tribunal::membersChanged);
    simulation.runFor(SECOND);
    assertThat(judge.tribunal.banned()).containsExactly(late);
  }

  @Test
  void whatIsKeptOfUnknownPeersIsBounded() {
    Node judge = nodes.getFirst();
    for (int i = 1000; i < 1200; i++) {
      nodes.get(1 + i % (NODES - 1)).tell(judge, proof(SimHost.peer(i)).toBytes());
    }
    members = 2000;
    judge.host.loop().execute(judge.tribunal::membersChanged);
    simulation.runFor(10 * SECOND);
    assertThat(judge.checks).isBetween(1, 2 * (NODES - 1));
  }

  /** A claim that takes long to refute. */
  private static FraudProof costly(PeerId accused, int tokens) {
    return new FraudProof.WrongSpan(
        signed(accused, 4), new TraceKey(hash(8)), new int[tokens], Optional.empty());
  }

  @Test
  void costlyClaimsNeitherKeepTheThreadBusyNorTheTruthUnheard() {
    Node judge = nodes.getFirst();
    judge.broken = true; // costly, and it comes to nothing that costs who tells it
    judge.checkNanos = 10 * SECOND;
    for (int i = 1; i < NODES; i++) {
      nodes.get(i).tell(judge, costly(SimHost.peer(50 + i), 900).toBytes());
    }
    simulation.runFor(400 * SECOND);
    assertThat(judge.checks).as("a quarter of the time").isEqualTo(NODES - 1);
    int before = judge.checks;
    for (int i = 1; i < NODES; i++) {
      nodes.get(i).tell(judge, costly(SimHost.peer(50 + i), 900).toBytes());
    }
    judge.broken = false;
    nodes.get(1).tell(judge, proof(SimHost.peer(70)).toBytes());
    simulation.runFor(35 * SECOND);
    assertThat(judge.checks).isEqualTo(before + 1);
    simulation.runFor(20 * SECOND);
    assertThat(judge.tribunal.banned()).as("before the costly ones").contains(SimHost.peer(70));
  }
}
