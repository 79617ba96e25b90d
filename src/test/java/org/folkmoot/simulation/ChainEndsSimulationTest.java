package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.RoutedPlanner;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A client that cannot have its answer: it tries in bounds, and what it says in the end fits. */
class ChainEndsSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MILLI = 1_000_000L;
  private static final FakeModel MODEL = new FakeModel(31, 4, 64, 2);
  private static final LayerRange WHOLE = LayerRange.whole(MODEL.layers());

  /** Positions of a hop's cache: two rivals take a third each, and an answer needs more. */
  private static final int ROOM = 135;

  /** Longest wait for a chain, and a little for what was under way. */
  private static final long PATIENCE = 31 * SECOND;

  private final Simulation simulation = new Simulation(ChainEndsSimulationTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimNode hop = node(0, WHOLE);
  private final SimNode client = node(1, null);
  private final SimNode rival = node(2, null);
  private final SimNode second = node(50, null);
  private final PeerScores scores = new PeerScores(client.links());

  /** When the hop was asked for a seat by the client. */
  private final List<Long> opens = new ArrayList<>();

  private SimNode node(int number, @Nullable LayerRange range) {
    return new SimNode(new SimHost(network, number, "node " + number, 0, true), MODEL, range, ROOM);
  }

  /** An answer of 50 positions. */
  private SimRequest ask(Supplier<Collection<Announcement>> announcements) {
    hop.links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void received(PeerId from, Message message) {
                if (message instanceof Message.Open && from.equals(client.host().peer())) {
                  opens.add(simulation.now());
                }
              }
            });
    SimRequest request =
        new SimRequest(
            client.links(),
            new RoutedPlanner(
                client.links(),
                new RoutedPlanner.Shape(MODEL.id(), MODEL.layers(), 4 * FakeModel.DIM, 1),
                announcements,
                scores,
                RouteConstraints.NONE,
                1),
            MODEL,
            simulation.random("request"),
            10,
            40,
            false);
    client.host().loop().execute(request::start);
    return request;
  }

  /** Takes the hop's room until a session of it is freed. */
  private SessionId fill() {
    fill(second, new SessionId(9, 8));
    SessionId session = fill(rival, new SessionId(9, 9));
    assertThat(hop.server().seats()).isEqualTo(2);
    return session;
  }

  private SessionId fill(SimNode rival, SessionId session) {
    rival.links().know(hop.host().peer(), List.of(hop.host().address()));
    rival.say(
        hop,
        new Message.Open(
            session,
            1,
            MODEL.id(),
            WHOLE,
            45,
            rival.host().peer(),
            Optional.empty(),
            0,
            Optional.of(new Message.Sampling(0, 0, 1, 0, 1, 0, 7, Map.of(), new int[] {3}, -1))));
    simulation.runFor(SECOND);
    keep(rival, session);
    return session;
  }

  private void keep(SimNode rival, SessionId session) {
    simulation.schedule(
        5 * SECOND,
        () -> {
          rival.say(hop, new Message.Renew(session));
          keep(rival, session);
        });
  }

  private FolkmootException failureOf(SimRequest request) {
    simulation.runFor(PATIENCE);
    assertThat(request.state()).isEqualTo(SimRequest.State.FAILED);
    return Objects.requireNonNull(request.failure());
  }

  @Test
  void nobodyHoldsTheLayers() {
    FolkmootException failure = failureOf(ask(List::of));
    assertThat(failure.code()).isEqualTo(Code.UNREACHABLE);
    assertThat(failure).hasMessageContaining("no peers that can be reached hold all 4 layers");
    assertThat(opens).isEmpty();
  }

  @Test
  void whoHoldsTheLayersIsGone() {
    Announcement old = hop.announcement();
    hop.host().crash(true);
    FolkmootException failure = failureOf(ask(() -> List.of(old)));
    assertThat(failure.code()).isEqualTo(Code.UNREACHABLE);
    assertThat(failure).hasMessageContaining("no peers that can be reached hold all 4 layers");
  }

  /** Peers say beforehand that they have no room: nobody needs to be asked to know that. */
  @Test
  void thereIsTooLittleRoomAndPeersSaySo() {
    fill();
    FolkmootException failure = failureOf(ask(() -> List.of(hop.announcement())));
    assertThat(failure.code()).isEqualTo(Code.BUSY);
    assertThat(failure).hasMessageContaining("busy").hasMessageContaining("50 tokens");
    assertThat(opens).isEmpty();
  }

  /**
   * What peers announced is old: they are asked, refuse, and are asked again no sooner than due.
   */
  @Test
  void thereIsTooLittleRoomAndPeersRefuse() {
    Announcement old = hop.announcement();
    fill();
    FolkmootException failure = failureOf(ask(() -> List.of(old)));
    assertThat(failure.code()).isEqualTo(Code.BUSY);
    assertThat(opens).hasSizeBetween(10, 61);
    requireObedience();
    assertThat(scores.measured(hop.host().peer()).failures()).isZero();
  }

  private void requireObedience() {
    for (int i = 1; i < opens.size(); i++) {
      assertThat(opens.get(i) - opens.get(i - 1)).isGreaterThanOrEqualTo(500 * MILLI);
    }
  }

  @Test
  void whoIsRefusedWaitsAsToldAndThenHasItsAnswer() {
    Announcement old = hop.announcement();
    SessionId taken = fill();
    SimRequest request = ask(() -> List.of(old));
    simulation.runFor(10 * SECOND);
    assertThat(request.state()).isEqualTo(SimRequest.State.RUNNING);
    assertThat(opens).hasSizeGreaterThan(2);
    rival.say(hop, new Message.Close(taken));
    simulation.runFor(2 * SECOND);
    assertThat(request.state()).as("%s", request.failure()).isEqualTo(SimRequest.State.DONE);
    requireObedience();
  }

  /** Who reads the answer would wait for ever, as nothing else ends it. */
  @Test
  void aDefectEndsTheAnswer() {
    Announcement old = hop.announcement();
    boolean[] broken = {false};
    SimRequest request =
        ask(() -> {
          if (broken[0]) {
            throw new IllegalStateException("a defect");
          }
          return List.of(old);
        });
    for (int i = 0; i < 1000 && hop.server().seats() == 0; i++) {
      simulation.runFor(MILLI);
    }
    assertThat(hop.server().seats()).isOne();
    broken[0] = true;
    Objects.requireNonNull(hop.engine()).failing(true);
    assertThatThrownBy(() -> simulation.runFor(SECOND)).hasRootCauseMessage("a defect");
    assertThat(request.defect()).hasMessage("a defect");
    assertThat(request.state()).isEqualTo(SimRequest.State.FAILED);
  }

  @Test
  void hopsThatFailAgainAndAgainEndTheAnswer() {
    List<SimNode> hops = new ArrayList<>();
    for (int i = 3; i < 43; i++) {
      SimNode broken = node(i, WHOLE);
      Objects.requireNonNull(broken.engine()).failing(true);
      hops.add(broken);
    }
    SimRequest request = ask(() -> hops.stream().map(SimNode::announcement).toList());
    FolkmootException failure = failureOf(request);
    assertThat(failure.code()).isEqualTo(Code.UNREACHABLE);
    assertThat(failure).hasMessageContaining("peers failed 16 times in a row");
    assertThat(request.repairs()).isEqualTo(16);
    hops.forEach(each -> assertThat(each.server().seats()).isZero());
  }
}
