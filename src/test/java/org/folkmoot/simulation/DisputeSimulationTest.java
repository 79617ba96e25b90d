package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Dispute;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.proof.FraudProofCheck;
import org.folkmoot.proof.ModelAtHand;
import org.folkmoot.proof.Outcome;
import org.folkmoot.proof.Outcome.Side;
import org.folkmoot.proof.OwnClaim;
import org.folkmoot.proof.Question;
import org.folkmoot.serve.BlockServer;
import org.folkmoot.session.Hearing;
import org.folkmoot.session.Inquiry;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.Tribunal;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disputes between nodes, over links: the real block server answers, the real dispute asks, on a
 * tiny real model. Only the network and its time are not real.
 */
class DisputeSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int LENGTH = 24;
  private static final int HONEST = 9;
  private static final int NEVER = Integer.MAX_VALUE;
  private static final ModelId MODEL = new ModelId(Hash32.sha256(new byte[] {3}));
  private static final TraceKey KEY = TraceKey.ofSalt(Hash32.sha256(new byte[] {4}));
  private static final SessionId SESSION = new SessionId(5, 6);

  @TempDir Path folder;

  private final Simulation simulation = new Simulation(DisputeSimulationTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 2));
  private final WorkerPool pool = new WorkerPool(1);
  private GgufFile file;
  private SpanModel model;
  private ModelAtHand atHand;
  private int[] ids;

  @BeforeEach
  void load() {
    TinyModel tiny = TinyModel.of(TensorType.Q4_0).withLayers(3).withContext(512);
    file = GgufFile.open(TinyModels.write(folder, tiny));
    atHand = ModelAtHand.of(MODEL, file);
    model = SpanModel.load(file, atHand.config(), Span.whole(atHand.config()), pool, _ -> {});
    ids = new SplittableRandom(7).ints(LENGTH, 0, atHand.config().vocabulary()).toArray();
  }

  @AfterEach
  void free() {
    model.close();
    file.close();
    pool.close();
  }

  /** A node that asks, and judges what it is told. */
  private class Node implements PeerNetwork.Listener {
    final SimHost host;
    final Links links;
    final PeerScores scores;
    final Tribunal tribunal;
    final List<Message> heard = new ArrayList<>();

    Node(int number) {
      host = new SimHost(network, number, "node " + number, 0, true);
      links = new Links(host.loop(), host.peer(), SimNode.SWARM, "test", LinkSettings.USUAL);
      links.add(host.transport());
      host.transport().accept(links.acceptor());
      scores = new PeerScores(links);
      tribunal =
          new Tribunal(
              links,
              scores,
              _ -> true,
              List.of(),
              check()::check,
              host.loop()::execute,
              host.loop()::execute,
              _ -> {});
      links.listen(this);
    }

    @Override
    public void received(PeerId from, Message message) {
      heard.add(message);
    }

    void send(PeerId to, Message message) {
      host.loop().execute(() -> links.send(to, message));
    }

    void meet(Node other) {
      links.know(other.host.peer(), List.of(other.host.address()));
      host.loop().execute(() -> links.connect(other.host.peer()));
    }
  }

  /** A node that serves the model. */
  private final class Server extends Node {
    final WatchedSpan engine;
    int disputes;

    Server(int number, int liesFrom) {
      super(number);
      engine = new WatchedSpan(model, liesFrom);
      BlockServer server =
          new BlockServer(
              links,
              SimLimits.USUAL,
              SimPeer.signer(host.peer()),
              task -> host.loop().after(SECOND, task));
      server.offer(MODEL, engine);
      Inquiry inquiry = new Inquiry(links);
      server.disputesBy((ours, prover, theirs, key) -> {
        disputes++;
        var _ =
            new Hearing(
                    new Dispute(ours, theirs, key, atHand, SimPeer.VERIFIER),
                    Hearing.here(prover),
                    inquiry.witness(theirs, key),
                    host.loop()::execute)
                .begin()
                .thenAccept(outcome -> accuse(theirs.hop(), outcome));
      });
    }

    private void accuse(PeerId other, Outcome outcome) {
      if (outcome instanceof Outcome.Settled(List<Outcome.Fault> faults)) {
        faults.stream()
            .filter(fault -> fault.peer().equals(other))
            .forEach(fault -> tribunal.accuse(fault.proof(), _ -> {}));
      }
    }
  }

  private FraudProofCheck check() {
    return new FraudProofCheck(SimPeer.VERIFIER, _ -> Optional.of(atHand), 1);
  }

  /** Has a server compute and sign. */
  private SignedStatement signedBy(Server server, Node client) {
    server.meet(client);
    client.meet(server);
    simulation.runFor(3 * SECOND);
    PeerId at = server.host.peer();
    Message.Sampling greedy = new Message.Sampling(0, 0, 1, 0, 1, 64, 0, Map.of(), ids, -1);
    client.send(
        at,
        new Message.Open(
            SESSION,
            0,
            MODEL,
            LayerRange.whole(3),
            LENGTH + 4,
            client.host.peer(),
            Optional.empty(),
            0,
            Optional.of(greedy)));
    client.send(at, new Message.Forward(SESSION, 0, 0, LENGTH, LENGTH - 1, ids, new float[0]));
    client.send(at, new Message.Attest(SESSION, KEY, LENGTH));
    client.send(at, new Message.Close(SESSION));
    simulation.runFor(3 * SECOND);
    return client.heard.stream()
        .filter(Message.Attested.class::isInstance)
        .map(message -> ((Message.Attested) message).signed())
        .findFirst()
        .orElseThrow();
  }

  private @Nullable Hearing hearing;

  private Outcome dispute(
      Node client, SignedStatement ours, SignedStatement theirs, Hearing.Witness own) {
    Dispute dispute = new Dispute(ours, theirs, KEY, atHand, SimPeer.VERIFIER);
    Inquiry inquiry = new Inquiry(client.links);
    hearing = new Hearing(dispute, own, inquiry.witness(theirs, KEY), client.host.loop()::execute);
    CompletableFuture<Outcome> outcome = hearing.begin();
    simulation.runUntil(outcome::isDone, 400 * SECOND);
    return outcome.getNow(new Outcome.Undecided("it did not end"));
  }

  private OwnClaim own(Node client, SignedStatement theirs) {
    return OwnClaim.of(model, theirs.statement(), KEY, ids, SimPeer.signer(client.host.peer()));
  }

  private Outcome dispute(Node client, SignedStatement theirs) {
    OwnClaim ours = own(client, theirs);
    return dispute(client, ours.signed(), theirs, Hearing.here(ours.prover()));
  }

  @Test
  void aConsistentLiarIsConvictedByOneOperatorAndLeftOutByAll() {
    Node client = new Node(1);
    Node bystander = new Node(2);
    Server liar = new Server(3, HONEST);
    client.meet(bystander);
    SignedStatement signed = signedBy(liar, client);
    assertThat(dispute(client, signed))
        .isInstanceOfSatisfying(
            Outcome.Settled.class,
            settled -> {
              assertThat(settled.faults()).hasSize(1);
              FraudProof proof = settled.faults().getFirst().proof();
              assertThat(settled.faults().getFirst().peer()).isEqualTo(liar.host.peer());
              assertThat(check().check(FraudProof.parse(proof.toBytes())).line())
                  .isEqualTo("signed a wrong result: layer 2, layer output, position " + HONEST);
              client.host.loop().execute(() -> client.tribunal.accuse(proof, _ -> {}));
            });
    assertThat(Objects.requireNonNull(hearing).messages()).isLessThanOrEqualTo(20);
    simulation.runFor(10 * SECOND);
    for (Node node : List.of(client, bystander)) {
      assertThat(node.scores.measured(liar.host.peer()).banned()).isTrue();
    }
  }

  @Test
  void withAnHonestPeerNothingIsDisputed() {
    Node client = new Node(1);
    assertThat(dispute(client, signedBy(new Server(3, NEVER), client)))
        .isInstanceOf(Outcome.NothingDisputed.class);
  }

  /** The accuser's own statement convicts it: an accusation costs the accuser. */
  @Test
  void aFalseAccuserConvictsItself() {
    Node client = new Node(1);
    SignedStatement honest = signedBy(new Server(3, NEVER), client);
    Server other = new Server(4, HONEST);
    Node itself = new Node(5);
    SignedStatement lie = signedBy(other, itself);
    Inquiry toOther = new Inquiry(itself.links);
    Outcome outcome = dispute(client, lie, honest, toOther.witness(lie, KEY));
    assertThat(outcome)
        .isInstanceOfSatisfying(
            Outcome.Settled.class,
            settled ->
                assertThat(settled.faults())
                    .singleElement()
                    .satisfies(fault -> {
                      assertThat(fault.side()).isEqualTo(Side.ACCUSER);
                      assertThat(fault.peer()).isEqualTo(other.host.peer());
                    }));
  }

  @Test
  void whoDoesNotAnswerOrIsGoneProvesNothing() {
    for (int way = 0; way < 3; way++) {
      Node client = new Node(10 + 2 * way);
      Server liar = new Server(11 + 2 * way, HONEST);
      SignedStatement signed = signedBy(liar, client);
      switch (way) {
        case 0 -> liar.engine.refuse();
        case 1 -> liar.host.loop().freeze();
        default -> liar.host.crash(true);
      }
      assertThat(dispute(client, signed)).isEqualTo(new Outcome.Unanswered(Set.of(Side.ACCUSED)));
    }
  }

  /** Who has no weights tells two that differ of each other; who is right proves it. */
  @Test
  void twoPeersThatDifferFindOutThemselves() {
    Node client = new Node(1);
    Node bystander = new Node(2);
    Node other = new Node(5);
    Server honest = new Server(3, NEVER);
    Server liar = new Server(4, HONEST);
    honest.meet(liar);
    honest.meet(bystander);
    SignedStatement right = signedBy(honest, client);
    SignedStatement wrong = signedBy(liar, other);
    for (int again = 0; again < 3; again++) {
      client.send(honest.host.peer(), new Message.Differs(wrong, KEY));
      other.send(liar.host.peer(), new Message.Differs(right, KEY));
      simulation.runFor(60 * SECOND);
    }
    assertThat(List.of(honest.disputes, liar.disputes)).containsExactly(1, 1);
    for (Node node : List.of(honest, bystander)) {
      assertThat(node.scores.measured(liar.host.peer()).banned()).isTrue();
    }
    for (Node node : List.of(bystander, liar)) {
      assertThat(node.scores.measured(honest.host.peer()).banned()).isFalse();
    }
  }

  private static Message.Question question(long number, HopStatement about, TraceKey key) {
    return new Message.Question(number, about.hash(), key, new Question.Stages().toBytes());
  }

  private static List<Message.Reason> refusals(Node node) {
    return node.heard.stream()
        .filter(Message.NoAnswer.class::isInstance)
        .map(message -> ((Message.NoAnswer) message).reason())
        .toList();
  }

  private static long answers(Node node) {
    return node.heard.stream().filter(Message.Answer.class::isInstance).count();
  }

  @Test
  void questionsAreBounded() {
    Node client = new Node(1);
    Server server = new Server(3, NEVER);
    HopStatement about = signedBy(server, client).statement();
    PeerId at = server.host.peer();
    client.send(at, question(1, about, TraceKey.ofSalt(Hash32.sha256(new byte[] {9}))));
    client.send(at, new Message.Question(2, about.hash(), KEY, new byte[] {1, 2, 3}));
    client.send(at, question(3, about, KEY));
    client.send(at, question(4, about, KEY));
    simulation.runFor(5 * SECOND);
    assertThat(refusals(client))
        .containsExactly(Message.Reason.NO_SESSION, Message.Reason.MALFORMED, Message.Reason.BUSY);
    assertThat(answers(client)).isEqualTo(1);
    for (int i = 0; i < 20; i++) {
      client.send(at, question(10 + i, about, KEY));
      simulation.runFor(3 * SECOND);
    }
    assertThat(answers(client)).isEqualTo(12);
    assertThat(refusals(client).getLast()).isEqualTo(Message.Reason.LIMIT);
  }

  @Test
  void whatIsLongPastIsForgotten() {
    Node client = new Node(1);
    Server server = new Server(3, NEVER);
    HopStatement about = signedBy(server, client).statement();
    simulation.runFor(700 * SECOND);
    SessionId later = new SessionId(7, 7);
    client.send(
        server.host.peer(),
        new Message.Open(
            later,
            0,
            MODEL,
            LayerRange.whole(3),
            8,
            client.host.peer(),
            Optional.empty(),
            0,
            Optional.of(new Message.Sampling(0, 0, 1, 0, 1, 64, 0, Map.of(), new int[] {1}, -1))));
    client.send(
        server.host.peer(), new Message.Forward(later, 0, 0, 1, 0, new int[] {1}, new float[0]));
    client.send(server.host.peer(), new Message.Attest(later, KEY, 1));
    simulation.runFor(3 * SECOND);
    client.send(server.host.peer(), question(1, about, KEY));
    simulation.runFor(3 * SECOND);
    assertThat(refusals(client)).containsExactly(Message.Reason.NO_SESSION);
  }
}
