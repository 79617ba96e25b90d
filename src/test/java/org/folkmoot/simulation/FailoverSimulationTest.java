package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/**
 * Hops that vanish: each hop of a chain at each token, in each way; two at once; the replacement
 * too. The answer is always the right one, and no memory stays behind.
 */
class FailoverSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(11, 12, 64, 3);
  private static final int ANSWER = 32;

  /** Makes a token take two seconds: such answers run for longer than a client looks for peers. */
  private static final double SLOW = 4800;

  /** Between the ends of the simulated world. */
  private static final long ROUND_TRIP_NANOS = 150_000_000;

  /** The same for what waits for a link: TCP's and TLS's trips come before. */
  private static final long DIAL_NANOS = 450_000_000;

  /** How a hop goes. */
  private enum Way {
    KILLED,
    UNPLUGGED,
    FROZEN,
    STOPPED,
    CUT
  }

  /** Three spans with a spare each, and a client who knows them all. */
  private static final class World {
    final Simulation simulation;
    final SimNetwork network;
    final List<SimNode> servers = new ArrayList<>();
    final SimNode client;
    final SimPlanner planner;
    final SimRequest request;

    World(long seed, int copies, int promptLength, boolean drafting) {
      simulation = new Simulation(FailoverSimulationTest.class, seed);
      network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
      for (int copy = 0; copy < copies; copy++) {
        server(new LayerRange(true, 0, 4, false));
        server(new LayerRange(false, 4, 8, false));
        server(new LayerRange(false, 8, 12, true));
      }
      client = new SimNode(new SimHost(network, 99, "client", 0, true), MODEL, null, 0);
      planner =
          new SimPlanner(
              client.links(), MODEL, () -> servers.stream().map(SimNode::announcement).toList());
      request =
          new SimRequest(
              client.links(),
              planner,
              MODEL,
              simulation.random("request"),
              promptLength,
              ANSWER,
              drafting);
    }

    private void server(LayerRange range) {
      int number = servers.size();
      SimHost host = new SimHost(network, number, "server " + number, 0, true);
      servers.add(new SimNode(host, MODEL, range, 1000));
    }

    SimNode hop(int index) {
      PeerId peer = request.hops().get(index).peer();
      return servers.stream().filter(node -> node.host().peer().equals(peer)).findFirst().get();
    }

    void runToToken(int tokens) {
      simulation.require(() ->
          assertThat(simulation.runUntil(() -> request.tokens() >= tokens, 60 * SECOND))
              .as("token %d", tokens)
              .isTrue());
    }

    void lose(SimNode node, Way way) {
      simulation.trace(node.host().loop(), way.name());
      switch (way) {
        case KILLED -> node.host().crash(false);
        case UNPLUGGED -> node.host().crash(true);
        case FROZEN -> node.host().loop().freeze();
        case STOPPED -> node.stop();
        case CUT -> node.host().cut();
      }
    }

    void tell(SimNode from, Message report) {
      from.host().loop().execute(() -> from.links().send(client.host().peer(), report));
    }

    /** The answer comes to its end, and then nothing is left of it anywhere. */
    void finish(long longestGap) {
      simulation.runUntil(() -> request.state() != SimRequest.State.RUNNING, 120 * SECOND);
      simulation.require(() -> {
        assertThat(request.state()).as("%s", request.failure()).isEqualTo(SimRequest.State.DONE);
        assertThat(request.longestGapNanos()).as("gap").isLessThan(longestGap);
      });
      for (SimNode node : servers) {
        node.host().loop().thaw();
      }
      simulation.runFor(60 * SECOND);
      requireNothingLeft();
    }

    void requireNothingLeft() {
      simulation.require(() -> {
        for (SimNode node : servers) {
          if (node.alive()) {
            FakeSpanEngine engine = Objects.requireNonNull(node.engine());
            assertThat(node.server().seats()).as("%s", node.host().loop()).isZero();
            assertThat(engine.seats()).as("%s", node.host().loop()).isZero();
            assertThat(engine.reserved()).as("%s", node.host().loop()).isZero();
          }
        }
      });
    }
  }

  @Test
  void withoutFaultsTheAnswerIsRightWithAndWithoutDrafts() {
    Seeds.of(20)
        .forEach(seed -> {
          World plain = new World(seed, 1, 20, false);
          plain.client.host().loop().execute(plain.request::start);
          plain.finish(5 * SECOND);
          World drafting = new World(seed, 1, 20, true);
          drafting.client.host().loop().execute(drafting.request::start);
          drafting.finish(5 * SECOND);
          assertThat(plain.request.steps()).isEqualTo(ANSWER);
          assertThat(drafting.request.steps()).isLessThanOrEqualTo(ANSWER);
        });
  }

  @Test
  void anyHopMayVanishAtAnyToken() {
    int all = ANSWER * 3 * Way.values().length;
    Seeds.of(2 * all)
        .forEach(seed -> {
          int token = (int) (seed % ANSWER);
          int hop = (int) (seed / ANSWER % 3);
          Way way = Way.values()[(int) (seed / ANSWER / 3 % Way.values().length)];
          boolean drafting = (seed / all + token + hop) % 2 == 0;
          World world = new World(seed, 2, 20, drafting);
          world.client.host().loop().execute(world.request::start);
          world.simulation.runUntil(() -> !world.request.hops().isEmpty(), 20 * SECOND);
          world.runToToken(token);
          world.simulation.runFor(pause(world));
          world.lose(world.hop(hop), way);
          world.finish(6 * SECOND);
        });
  }

  /** So that it also hits in the middle of a step. */
  private static long pause(World world) {
    return world.simulation.random("pause").nextLong(100_000_000);
  }

  @Test
  void twoHopsMayVanishAtOnceAndTheirReplacementsToo() {
    Seeds.of(150)
        .forEach(seed -> {
          World world = new World(seed, 4, 20, seed % 2 == 0);
          SplittableRandom random = world.simulation.random("losses");
          world.client.host().loop().execute(world.request::start);
          for (int round = 0; round < 3; round++) {
            int from = world.request.tokens();
            world.runToToken(Math.min(ANSWER - 1, from + random.nextInt(8)));
            world.simulation.runFor(pause(world));
            if (world.request.hops().size() == 3) {
              int spared = random.nextInt(4);
              for (int hop = 0; hop < 3; hop++) {
                if (hop != spared) {
                  Way way = Way.values()[random.nextInt(Way.values().length)];
                  world.lose(world.hop(hop), way);
                }
              }
            }
          }
          world.finish(60 * SECOND);
        });
  }

  /**
   * Whoever has had enough frees all memory at once, whether hops are opening, computing a prompt
   * or drafting. That leases would free it later hides nothing: they run for eight seconds more.
   */
  @Test
  void aCancelledAnswerLeavesNothingAfterARoundTrip() {
    Seeds.of(120)
        .forEach(seed -> {
          World world = new World(seed, 2, 200, seed % 2 == 0);
          world.servers.forEach(node -> Objects.requireNonNull(node.engine()).slowness(20));
          world.client.host().loop().execute(world.request::start);
          if (seed % 3 > 0) {
            world.simulation.runUntil(() -> !world.request.hops().isEmpty(), 20 * SECOND);
            world.runToToken(seed % 3 == 1 ? 0 : (int) (seed % 12));
          }
          world.simulation.runFor(pause(world));
          boolean opening = world.request.hops().isEmpty();
          world.client.host().loop().execute(world.request::cancel);
          world.simulation.runFor(opening ? DIAL_NANOS : ROUND_TRIP_NANOS);
          world.requireNothingLeft();
          assertThat(world.request.state()).isEqualTo(SimRequest.State.CANCELLED);
        });
  }

  @Test
  void anAnswerThatIsOverLeavesNothingAfterARoundTrip() {
    Seeds.of(40)
        .forEach(seed -> {
          World world = new World(seed, 2, 20, seed % 2 == 0);
          world.client.host().loop().execute(world.request::start);
          world.simulation.runUntil(
              () -> world.request.state() == SimRequest.State.DONE, 60 * SECOND);
          world.simulation.runFor(ROUND_TRIP_NANOS);
          world.requireNothingLeft();
        });
  }

  /** The search for other peers begins when a hop is lost, however long the answer has run. */
  @Test
  void aLongAnswerSurvivesThatNobodyHoldsTheLayersForAMoment() {
    Seeds.of(20)
        .forEach(seed -> {
          World world = new World(seed, 1, 20, false);
          world.servers.forEach(node -> Objects.requireNonNull(node.engine()).slowness(SLOW));
          world.client.host().loop().execute(world.request::start);
          world.simulation.runUntil(() -> world.request.ageNanos() > 40 * SECOND, 60 * SECOND);
          world.simulation.require(
              () -> assertThat(world.request.tokens()).isBetween(1, ANSWER - 1));
          world.lose(world.hop((int) (seed % 3)), Way.CUT);
          world.simulation.runFor(SECOND);
          world.servers.forEach(node -> Objects.requireNonNull(node.engine()).slowness(1));
          world.finish(20 * SECOND);
        });
  }

  /** Old news is no progress: a hop that repeats itself is found out as one that says nothing. */
  @Test
  void aHopThatOnlyPretendsToWorkIsReplaced() {
    Seeds.of(12)
        .forEach(seed -> {
          World world = new World(seed, 2, 20, seed / 6 % 2 == 0);
          Map<PeerId, Message> told = new HashMap<>();
          world.client.links().listen(new Reports(told));
          world.client.host().loop().execute(world.request::start);
          world.runToToken(5);
          world.simulation.runFor(pause(world));
          SimNode pretender = world.hop((int) (seed % 3));
          Objects.requireNonNull(pretender.engine()).hang();
          for (int second = 1; second < 100; second++) {
            world.simulation.schedule(
                second * SECOND,
                () ->
                    world.tell(
                        pretender, Objects.requireNonNull(told.get(pretender.host().peer()))));
          }
          world.finish(20 * SECOND);
        });
  }

  /** The latest report of each hop. */
  private record Reports(Map<PeerId, Message> told) implements PeerNetwork.Listener {
    @Override
    public void received(PeerId from, Message message) {
      if (message instanceof Message.Computed) {
        told.put(from, message);
      }
    }
  }

  /** Who waits in vain is replaced first; when its successor waits, too, whoever is before it. */
  @Test
  void aHopThatKeepsItsOutputsToItselfIsReplaced() {
    Seeds.of(8)
        .forEach(seed -> {
          World world = new World(seed, 2, 20, seed / 2 % 2 == 0);
          world.client.host().loop().execute(world.request::start);
          world.runToToken(5);
          world.simulation.runFor(pause(world));
          world.hop((int) (seed % 2)).withholding(true);
          world.finish(60 * SECOND);
        });
  }

  /** Nobody can tell a lie from one chain alone; but two hops that differ cannot both be right. */
  @Test
  void aHopThatComputedWronglyIsFoundOutWhenAnotherTakesOver() {
    Seeds.of(60)
        .forEach(seed -> {
          World world = new World(seed, 2, 20, seed % 2 == 0);
          int liar = (int) (seed % 3);
          Objects.requireNonNull(world.servers.get(liar).engine()).lying(true);
          world.request.believe();
          world.client.host().loop().execute(world.request::start);
          world.simulation.runUntil(() -> !world.request.hops().isEmpty(), 20 * SECOND);
          world.runToToken(5);
          // Either the liar goes and an honest hop comes, or the other way round.
          world.lose(world.hop(liar), Way.KILLED);
          world.simulation.runFor(60 * SECOND);
          world.simulation.require(() -> {
            FolkmootException failure = world.request.failure();
            assertThat(failure).isNotNull();
            assertThat(Objects.requireNonNull(failure).code())
                .isEqualTo(FolkmootException.Code.ARITHMETIC);
          });
        });
  }
}
