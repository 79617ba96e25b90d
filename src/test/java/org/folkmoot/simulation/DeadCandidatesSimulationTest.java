package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.route.RouteConstraints;
import org.folkmoot.session.PeerScores;
import org.folkmoot.session.RoutedPlanner;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/**
 * A hop goes with its machine, and so do most of those who could replace it; announcements still
 * speak of them all. They are found out together, not one after the other.
 */
class DeadCandidatesSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(17, 12, 64, 3);
  private static final int SPANS = 3;
  private static final int COPIES = 7;

  @Test
  void manySilentCandidatesCostNoMoreThanOne() {
    Seeds.of(60)
        .forEach(seed -> {
          Simulation simulation = new Simulation(DeadCandidatesSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
          List<SimNode> servers = servers(network);
          SimNode client = new SimNode(new SimHost(network, 99, "client", 0, true), MODEL, null, 0);
          SimRequest request = request(simulation, client, servers, seed);
          client.host().loop().execute(request::start);
          simulation.runUntil(() -> request.tokens() >= 8, 60 * SECOND);
          simulation.runFor(simulation.random("pause").nextLong(5 * SECOND / 100));
          SplittableRandom random = simulation.random("losses");
          unplugAllButOneBeside(servers, request.hops().get((int) (seed % SPANS)).peer(), random);
          simulation.runUntil(() -> request.state() != SimRequest.State.RUNNING, 120 * SECOND);
          simulation.require(() -> {
            assertThat(request.state())
                .as("%s", request.failure())
                .isEqualTo(SimRequest.State.DONE);
            assertThat(request.longestGapNanos()).as("gap").isLessThan(7 * SECOND);
          });
        });
  }

  private static List<SimNode> servers(SimNetwork network) {
    List<SimNode> servers = new ArrayList<>();
    for (int i = 0; i < SPANS * COPIES; i++) {
      int from = 4 * (i % SPANS);
      LayerRange range = new LayerRange(from == 0, from, from + 4, from == 8);
      servers.add(new SimNode(new SimHost(network, i, "server " + i, 0, true), MODEL, range, 1000));
    }
    return servers;
  }

  private static SimRequest request(
      Simulation simulation, SimNode client, List<SimNode> servers, long salt) {
    PeerScores scores = new PeerScores(client.links());
    client
        .links()
        .listen(
            new PeerNetwork.Listener() {
              @Override
              public void lost(PeerId peer, Message.Reason reason) {
                scores.failed(peer, reason);
              }
            });
    return new SimRequest(
        client.links(),
        new RoutedPlanner(
            client.links(),
            new RoutedPlanner.Shape(MODEL.id(), MODEL.layers(), 4 * FakeModel.DIM, 1),
            () -> servers.stream().map(SimNode::announcement).toList(),
            scores,
            RouteConstraints.NONE,
            salt),
        MODEL,
        simulation.random("request"),
        20,
        200,
        false);
  }

  private static void unplugAllButOneBeside(
      List<SimNode> servers, PeerId hop, SplittableRandom random) {
    int index = 0;
    while (!servers.get(index).host().peer().equals(hop)) {
      index++;
    }
    int spared = 1 + random.nextInt(COPIES - 1);
    for (int copy = 0; copy < COPIES; copy++) {
      if (copy != spared) {
        servers.get((index + SPANS * copy) % servers.size()).host().crash(true);
      }
    }
  }
}
