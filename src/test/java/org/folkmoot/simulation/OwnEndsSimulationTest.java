package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.session.Chain;
import org.folkmoot.session.ChainPlanner;
import org.folkmoot.session.HopPlan;
import org.folkmoot.session.Opinions;
import org.folkmoot.session.OwnEnds;
import org.folkmoot.session.SecondOpinion;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * A client that computes both ends of the model itself: the answer is the same, whatever becomes of
 * the hops between, and no message to anybody else has a token in it.
 */
class OwnEndsSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(11, 12, 64, 3);
  private static final int ANSWER = 24;
  private static final int PROMPT = 20;

  private enum Way {
    KILLED,
    FROZEN,
    STOPPED,
    CUT
  }

  private static final class World {
    final Simulation simulation;
    final SimNetwork network;
    final List<SimNode> servers = new ArrayList<>();
    final SimNode client;
    final List<FakeSpanEngine> kept = new ArrayList<>();
    final OwnEnds ends;
    final SimRequest request;
    final SimPlanner others;
    final Set<Class<?>> seen = new HashSet<>();

    /** Sends nonsense to the last end before each of its own outputs; null for nobody. */
    @Nullable SimNode harasser;

    int opens;

    World(long seed, int copies, int each, boolean drafting) {
      this(seed, copies, each, drafting, 1000);
    }

    /** With so many positions of cache at either end. */
    World(long seed, int copies, int each, boolean drafting, int room) {
      simulation = new Simulation(OwnEndsSimulationTest.class, seed);
      network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
      for (int copy = 0; copy < copies; copy++) {
        server(new LayerRange(true, 0, 4, false));
        server(new LayerRange(false, 4, 8, false));
        server(new LayerRange(false, 8, 12, true));
      }
      client = new SimNode(new SimHost(network, 99, "client", 0, true), MODEL, null, 0);
      ends = new OwnEnds(client.host().peer(), List::of, MODEL.layers(), each, 1000);
      keep(ends.first(), room);
      keep(ends.last(), room);
      others =
          new SimPlanner(
              client.links(), MODEL, () -> servers.stream().map(SimNode::announcement).toList());
      request = request("request", seed, drafting);
    }

    SimRequest request(String name, long seed, boolean drafting) {
      return new SimRequest(
              client.links(), planner(), MODEL, simulation.random(name), PROMPT, ANSWER, drafting)
          .traced(Hash32.sha256(new byte[] {(byte) seed}));
    }

    ChainPlanner planner() {
      return ends.around(others, client.links().loop()::nanoTime);
    }

    private void server(LayerRange range) {
      int number = servers.size();
      SimNode node =
          new SimNode(
              new SimHost(network, number, "server " + number, 0, true), MODEL, range, 1000);
      node.links()
          .listen(
              new PeerNetwork.Listener() {
                @Override
                public void received(PeerId from, Message message) {
                  seen.add(message.getClass());
                  opens += message instanceof Message.Open ? 1 : 0;
                  if (node.equals(harasser) && message instanceof Message.Forward step) {
                    node.links().send(client.host().peer(), nonsense(step));
                  }
                  requireNoTokens(message);
                }
              });
      servers.add(node);
    }

    private static Message nonsense(Message.Forward step) {
      return new Message.Forward(
          step.session(), step.epoch(), step.position(), 1, 0, new int[0], new float[3]);
    }

    private void requireNoTokens(Message message) {
      simulation.require(() -> {
        switch (message) {
          case Message.Open open -> {
            assertThat(open.sampling()).isEmpty();
            assertThat(open.range().embeds() || open.range().heads()).isFalse();
          }
          case Message.Forward step -> assertThat(step.ids()).isEmpty();
          case Message.Draft _, Message.Sampled _ -> throw new AssertionError(message.toString());
          default -> {} // has no room for tokens
        }
      });
    }

    private void keep(LayerRange range, int room) {
      FakeSpanEngine engine =
          new FakeSpanEngine(client.host().loop(), MODEL, range, FakeSpanEngine.Speed.USUAL, room);
      kept.add(engine);
      client.server().keep(MODEL.id(), engine);
    }

    void start() {
      client.host().loop().execute(request::start);
      simulation.runUntil(() -> !request.hops().isEmpty(), 20 * SECOND);
    }

    void runToToken(int tokens) {
      simulation.require(() ->
          assertThat(simulation.runUntil(() -> request.tokens() >= tokens, 60 * SECOND))
              .as("token %d", tokens)
              .isTrue());
    }

    /** The hops between the ends. */
    List<SimNode> between() {
      return request.hops().stream()
          .map(HopPlan::peer)
          .flatMap(peer -> servers.stream().filter(node -> node.host().peer().equals(peer)))
          .toList();
    }

    void lose(SimNode node, Way way) {
      simulation.trace(node.host().loop(), way.name());
      switch (way) {
        case KILLED -> node.host().crash(false);
        case FROZEN -> node.host().loop().freeze();
        case STOPPED -> node.stop();
        case CUT -> node.host().cut();
      }
    }

    void finish() {
      simulation.runUntil(() -> request.state() != SimRequest.State.RUNNING, 120 * SECOND);
      simulation.require(() -> {
        assertThat(request.state()).as("%s", request.failure()).isEqualTo(SimRequest.State.DONE);
        List<LayerRange> ranges = request.hops().stream().map(HopPlan::range).toList();
        assertThat(ranges.getFirst()).isEqualTo(ends.first());
        assertThat(ranges.getLast()).isEqualTo(ends.last());
      });
      servers.forEach(node -> node.host().loop().thaw());
      simulation.runFor(60 * SECOND);
      simulation.require(() -> {
        assertThat(client.server().seats()).isZero();
        for (FakeSpanEngine engine : kept) {
          assertThat(engine.seats()).isZero();
          assertThat(engine.reserved()).isZero();
        }
        for (SimNode node : servers) {
          if (node.alive()) {
            assertThat(node.server().seats()).isZero();
            assertThat(Objects.requireNonNull(node.engine()).reserved()).isZero();
          }
        }
      });
    }
  }

  @Test
  void nobodyElseIsSentATokenAndAllIsSigned() {
    Seeds.of(20)
        .forEach(seed -> {
          World world = new World(seed, 1, 1 + (int) (seed % 3), seed % 2 == 0);
          world.start();
          world.finish();
          assertThat(world.seen)
              .contains(Message.Open.class, Message.Forward.class, Message.Attest.class);
          PeerId self = world.client.host().peer();
          assertThat(Objects.requireNonNull(world.request.receipt()).hops())
              .satisfies(hops -> {
                assertThat(hops).hasSize(5);
                assertThat(hops.getFirst().peer()).isEqualTo(self);
                assertThat(hops.getLast().peer()).isEqualTo(self);
              });
        });
  }

  @Test
  void hopsBetweenMayVanishAtAnyToken() {
    int all = ANSWER * 3 * Way.values().length;
    Seeds.of(all)
        .forEach(seed -> {
          World world = new World(seed, 2, 1, seed % 2 == 0);
          world.start();
          world.runToToken((int) (seed % ANSWER));
          world.simulation.runFor(world.simulation.random("pause").nextLong(100_000_000));
          Way way = Way.values()[(int) (seed / ANSWER / 3 % Way.values().length)];
          world.lose(world.between().get((int) (seed / ANSWER % 3)), way);
          world.finish();
        });
  }

  @Test
  void bothNeighboursOfOurEndsMayVanishAtOnce() {
    Seeds.of(60)
        .forEach(seed -> {
          World world = new World(seed, 3, 1, seed % 2 == 0);
          world.start();
          world.runToToken((int) (seed % ANSWER));
          List<SimNode> between = world.between();
          world.lose(between.getFirst(), Way.values()[(int) (seed % 4)]);
          world.lose(between.getLast(), Way.values()[(int) (seed / 4 % 4)]);
          world.finish();
        });
  }

  /** One of our own two seats is lost: the other one goes with it, and both are taken anew. */
  @Test
  void anEndOfOursMayFail() {
    Seeds.of(40)
        .forEach(seed -> {
          World world = new World(seed, 1, 1, seed % 2 == 0);
          world.start();
          world.runToToken((int) (seed % (ANSWER - 1)));
          FakeSpanEngine broken = world.kept.get((int) (seed % 2));
          int before = world.request.repairs();
          broken.failing(true);
          world.simulation.runUntil(() -> world.request.repairs() > before, 60 * SECOND);
          broken.failing(false);
          world.finish();
        });
  }

  /** Nobody else can take its place, and whoever reads the answer must not wait for ever. */
  @Test
  void anEndOfOursThatHangsEndsTheAnswer() {
    Seeds.of(20)
        .forEach(seed -> {
          World world = new World(seed, 2, 1, seed % 2 == 0);
          world.start();
          world.runToToken((int) (seed % (ANSWER - 1)));
          world.kept.get((int) (seed / 2 % 2)).hang();
          world.simulation.runUntil(() -> world.request.failure() != null, 120 * SECOND);
          world.simulation.require(() ->
              assertThat(world.request.failure())
                  .hasMessageContaining("the layers on this machine hang"));
        });
  }

  /** Who sends nonsense to our own end is replaced, and not the end, which has nobody else. */
  @Test
  void whoSendsNonsenseToOurEndIsReplaced() {
    Seeds.of(40)
        .forEach(seed -> {
          World world = new World(seed, 2, 1, seed % 2 == 0);
          world.start();
          world.runToToken((int) (seed % (ANSWER - 4)));
          SimNode harasser = world.between().getLast();
          world.harasser = harasser;
          world.finish();
          assertThat(world.between()).doesNotContain(harasser);
          assertThat(world.request.repairs()).isLessThan(8);
        });
  }

  /** Two answers, and room for the ends of one: the other waits, and nobody is pestered. */
  @Test
  void whereThisMachineHasNoRoomTheAnswerWaits() {
    World world = new World(1, 1, 1, false, PROMPT + ANSWER + 5);
    SimRequest second = world.request("second", 2, false);
    world.start();
    world.client.host().loop().execute(second::start);
    world.simulation.runUntil(() -> second.state() != SimRequest.State.RUNNING, 60 * SECOND);
    world.simulation.require(() ->
        assertThat(second.state()).as("%s", second.failure()).isEqualTo(SimRequest.State.DONE));
    world.finish();
    assertThat(world.opens).isLessThan(200);
  }

  @Test
  void noRoomForLongIsSaidToBeThisMachines() {
    World world = new World(1, 1, 1, false, PROMPT + ANSWER + 5);
    try (SpanEngine.Seat _ = world.kept.getFirst().open(world.ends.first(), 10)) {
      requireNoRoomHere(world);
    }
  }

  private static void requireNoRoomHere(World world) {
    world.client.host().loop().execute(world.request::start);
    world.simulation.runUntil(() -> world.request.failure() != null, 60 * SECOND);
    assertThat(world.request.failure())
        .hasMessageContaining("this machine has no room for the ends of 44 tokens");
    assertThat(world.opens).isLessThan(400);
  }

  /** An answer that is computed again for an audit keeps its ends here, too. */
  @Test
  void secondOpinionsSendNoTokenEither() {
    Seeds.of(20)
        .forEach(seed -> {
          World world = new World(seed, 2, 1, false);
          world.start();
          world.finish();
          world.seen.clear();
          Disclosure opened = world.request.disclosure();
          Chain.Task task = world.request.again(new SessionId(seed, 77));
          CompletableFuture<SecondOpinion.Result> result =
              Opinions.ask(
                  world.client.links(),
                  world.planner(),
                  task,
                  SimPeer.VERIFIER,
                  Objects.requireNonNull(world.request.receipt()),
                  opened);
          world.simulation.runUntil(result::isDone, 60 * SECOND);
          assertThat(result.join().parts())
              .hasSize(5)
              .allSatisfy(part -> assertThat(part.agrees()).isEqualTo(SecondOpinion.Verdict.SAME));
          assertThat(world.seen).contains(Message.Forward.class);
        });
  }

  @Test
  void strangersAreNotServedWithWhatIsKept() {
    World world = new World(1, 1, 1, false);
    SimNode stranger = world.servers.getFirst();
    List<Message> answers = new ArrayList<>();
    stranger
        .links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                answers.add(message);
              }
            });
    stranger.links().know(world.client.host().peer(), List.of(world.client.host().address()));
    stranger.say(
        world.client,
        new Message.Open(
            new SessionId(3, 4),
            1,
            MODEL.id(),
            world.ends.first(),
            20,
            stranger.host().peer(),
            Optional.of(new Message.Contact(stranger.host().peer(), List.of())),
            0,
            Optional.empty()));
    world.simulation.runFor(SECOND);
    assertThat(answers)
        .filteredOn(Message.Refused.class::isInstance)
        .singleElement()
        .satisfies(refusal ->
            assertThat(((Message.Refused) refusal).reason()).isEqualTo(Message.Reason.NOT_HERE));
    assertThat(world.client.server().seats()).isZero();
  }

  @Test
  void endsLeaveSomethingForOthersAndAreMoreThanATableOfIds() {
    PeerId self = new World(1, 1, 1, false).client.host().peer();
    for (int each : new int[] {-1, 0, 6, 100}) {
      assertThatThrownBy(() -> new OwnEnds(self, List::of, 12, each, 9))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("ends of 1 to 5 layers");
    }
    assertThat(new OwnEnds(self, List::of, 12, 5, 9).last())
        .isEqualTo(new LayerRange(false, 7, 12, true));
  }
}
