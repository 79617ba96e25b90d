package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import org.folkmoot.base.Hash32;
import org.folkmoot.proof.Receipt;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/**
 * Answers whose hops sign, while hops are lost before, during and after they are asked to. What is
 * signed is held against the model, and the receipt against its check: no false alarm, ever.
 */
class AttestSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(17, 12, 64, 3);
  private static final int ANSWER = 24;

  private static final List<LayerRange> SPANS =
      List.of(
          new LayerRange(true, 0, 4, false),
          new LayerRange(false, 4, 8, false),
          new LayerRange(false, 8, 12, true));

  private enum Way {
    KILLED,
    UNPLUGGED,
    FROZEN,
    STOPPED,
    CUT
  }

  /** Three spans with spares, and a client who wants a receipt. */
  private static final class World {
    final Simulation simulation;
    final SimNetwork network;
    final List<SimNode> servers = new ArrayList<>();
    final SimNode client;
    final SimRequest request;
    final SplittableRandom random;

    World(long seed, int copies) {
      this(seed, copies, statement -> statement, -1);
    }

    /** The first peer of one span signs something else than it computed. */
    World(long seed, int copies, UnaryOperator<HopStatement> says, int liar) {
      simulation = new Simulation(AttestSimulationTest.class, seed);
      network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
      random = simulation.random("test");
      for (int copy = 0; copy < copies; copy++) {
        for (int span = 0; span < SPANS.size(); span++) {
          boolean lies = copy == 0 && span == liar;
          server(SPANS.get(span), lies ? says : UnaryOperator.identity());
        }
      }
      client = new SimNode(new SimHost(network, 99, "client", 0, true), MODEL, null, 0);
      SimPlanner planner =
          new SimPlanner(
              client.links(), MODEL, () -> servers.stream().map(SimNode::announcement).toList());
      int prompt = 1 + random.nextInt(40);
      request =
          new SimRequest(
                  client.links(),
                  planner,
                  MODEL,
                  simulation.random("request"),
                  prompt,
                  ANSWER,
                  seed % 2 == 0)
              .traced(Hash32.sha256(new byte[] {(byte) seed}));
      client.host().loop().execute(request::start);
    }

    private void server(LayerRange range, UnaryOperator<HopStatement> says) {
      int number = servers.size();
      SimHost host = new SimHost(network, number, "server " + number, 0, true);
      servers.add(new SimNode(host, MODEL, range, 1000, says));
    }

    void runToToken(int tokens) {
      boolean there =
          simulation.runUntil(
              () -> !request.hops().isEmpty() && request.tokens() >= tokens, 90 * SECOND);
      simulation.require(() -> assertThat(there).as("token %d", tokens).isTrue());
    }

    /** Whether the answer begins with a peer. */
    boolean takes(PeerId peer) {
      runToToken(1);
      return request.hops().stream().anyMatch(hop -> hop.peer().equals(peer));
    }

    void lose(int hop) {
      PeerId peer = request.hops().get(hop).peer();
      SimNode node =
          servers.stream().filter(each -> each.host().peer().equals(peer)).findFirst().get();
      Way way = List.of(Way.values()).get(random.nextInt(Way.values().length));
      simulation.trace(node.host().loop(), way.name());
      switch (way) {
        case KILLED -> node.host().crash(false);
        case UNPLUGGED -> node.host().crash(true);
        case FROZEN -> node.host().loop().freeze();
        case STOPPED -> node.stop();
        case CUT -> node.host().cut();
      }
    }

    Receipt finish() {
      simulation.runUntil(() -> request.state() != SimRequest.State.RUNNING, 120 * SECOND);
      simulation.require(() ->
          assertThat(request.state()).as("%s", request.failure()).isEqualTo(SimRequest.State.DONE));
      requireNothingLeft();
      return Objects.requireNonNull(request.receipt());
    }

    void requireNothingLeft() {
      servers.forEach(node -> node.host().loop().thaw());
      simulation.runFor(60 * SECOND);
      simulation.require(() -> {
        for (SimNode node : servers) {
          if (node.alive()) {
            assertThat(node.server().seats()).as("%s", node.host().loop()).isZero();
            assertThat(Objects.requireNonNull(node.engine()).seats()).isZero();
          }
        }
      });
    }
  }

  @Test
  void withoutFaultsAllSignAndNobodyWasReplaced() {
    Seeds.of(40)
        .forEach(seed -> {
          World world = new World(seed, 1);
          Receipt receipt = world.finish();
          world.simulation.require(() -> {
            assertThat(receipt.hops()).hasSize(3);
            assertThat(receipt.replaced()).isEmpty();
            assertThat(receipt.hops().getLast().tokens().orElseThrow().from())
                .isEqualTo(receipt.commitment().promptTokens());
          });
        });
  }

  @Test
  void hopsMayVanishBeforeTheySign() {
    Seeds.of(150)
        .forEach(seed -> {
          World world = new World(seed, 3);
          int hop = (int) (seed % 3);
          world.runToToken(world.random.nextInt(ANSWER));
          world.lose(hop);
          if (seed % 4 == 0) {
            world.lose((hop + 1) % 3);
          }
          Receipt receipt = world.finish();
          world.simulation.require(() ->
              assertThat(receipt.replaced())
                  .allSatisfy(gone -> assertThat(gone.to()).isPositive()));
        });
  }

  /** The last token is there, and what the hops are to sign is under way, signed, or lost. */
  @Test
  void hopsMayVanishWhileTheyAreAsked() {
    Seeds.of(150)
        .forEach(seed -> {
          World world = new World(seed, 3);
          world.runToToken(ANSWER);
          world.simulation.runFor(world.random.nextLong(80_000_000));
          if (world.request.state() == SimRequest.State.RUNNING) {
            world.lose((int) (seed % 3));
            if (seed % 3 == 0) {
              world.lose((int) ((seed + 1) % 3));
            }
            if (seed % 9 == 0) {
              world.lose((int) ((seed + 2) % 3));
            }
          }
          world.finish();
        });
  }

  @Test
  void hopsMayVanishAfterTheyHaveSigned() {
    Seeds.of(20)
        .forEach(seed -> {
          World world = new World(seed, 1);
          world.simulation.runUntil(
              () -> world.request.state() == SimRequest.State.DONE, 60 * SECOND);
          world.lose((int) (seed % 3));
          world.finish();
        });
  }

  @Test
  void aClientThatAsksAndVanishesLeavesNothing() {
    Seeds.of(40)
        .forEach(seed -> {
          World world = new World(seed, 1);
          world.runToToken(ANSWER);
          world.simulation.runFor(world.random.nextLong(50_000_000));
          if (seed % 2 == 0) {
            world.client.host().crash(seed % 4 == 0);
          } else {
            world.client.host().loop().execute(world.request::cancel);
          }
          world.requireNothingLeft();
        });
  }

  private static final Hash32 ELSE = Hash32.sha256(new byte[] {77});

  /**
   * Whoever signs what its neighbours, or the client, know better is replaced, and the receipt
   * holds.
   */
  @Test
  void whoSignsOtherRootsThanItsNeighboursIsReplaced() {
    List<UnaryOperator<HopStatement>> lies =
        List.of(
            s -> FalseWitness.with(s, ELSE, s.outputs(), s.sampled()),
            s -> FalseWitness.with(s, s.inputs(), ELSE, s.sampled()),
            s -> FalseWitness.with(s, s.inputs(), s.outputs(), s.sampled().map(this::otherTokens)));
    int replaced = 0;
    for (int lie = 0; lie < lies.size(); lie++) {
      for (int liar = 0; liar < SPANS.size(); liar++) {
        // What the last hop says of its outputs nobody else has; and it alone has tokens.
        boolean visible = lie == 0 || (lie == 1 ? liar < 2 : liar == 2);
        for (int seed = 0; visible && seed < 10; seed++) {
          World world = new World(seed, 3, lies.get(lie), liar);
          PeerId peer = world.servers.get(liar).host().peer();
          boolean took = world.takes(peer);
          Receipt receipt = world.finish();
          world.simulation.require(() -> {
            assertThat(receipt.hops()).noneMatch(hop -> hop.peer().equals(peer));
            assertThat(receipt.replaced().size()).isLessThanOrEqualTo(took ? 2 : 0);
          });
          replaced += took ? 1 : 0;
        }
      }
    }
    assertThat(replaced).isGreaterThan(10);
  }

  private HopStatement.Sampled otherTokens(HopStatement.Sampled sampled) {
    return new HopStatement.Sampled(
        sampled.samplingHash(), sampled.from(), sampled.count(), sampled.historyRoot(), ELSE);
  }
}
