package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** The peers that everybody was introduced by are gone for good. */
class SeedlessSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(37, 12, 64, 2);

  @Test
  void peersThatMetFindEachOtherWithinHalfAMinute() {
    Seeds.of(4)
        .forEach(seed -> {
          Simulation simulation = new Simulation(SeedlessSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 6));
          SimSwarm swarm =
              new SimSwarm(simulation, network, new SimSwarm.Setup(MODEL, 6, 2000, 48, 30_000));
          List<SimPeer> seeds = List.of(swarm.addServer(), swarm.addServer());
          List<SimHost> contacts = seeds.stream().map(SimPeer::host).toList();
          for (int i = 0; i < 20; i++) {
            swarm.addServer(contacts);
            simulation.runFor(SECOND);
          }
          simulation.runFor(60 * SECOND);
          // All are stopped, the seeds forever: nobody has a link to anybody.
          boolean silently = seed % 2 == 0;
          List<SimPeer> met = swarm.alive();
          met.forEach(peer -> peer.host().crash(silently));
          simulation.runFor(5 * SECOND);
          List<SimPeer> back =
              met.stream().filter(peer -> !seeds.contains(peer)).map(swarm::restart).toList();
          boolean together =
              simulation.runUntil(
                  () ->
                      back.stream()
                          .allMatch(peer -> peer.membership().view().size() >= back.size() - 1),
                  30 * SECOND);
          simulation.require(() ->
              assertThat(together)
                  .as(
                      "views of %s of %d",
                      back.stream().map(peer -> peer.membership().view().size()).toList(),
                      back.size() - 1)
                  .isTrue());
          swarm.addClient(back.stream().limit(1).map(SimPeer::host).toList());
          simulation.runFor(30 * SECOND);
          swarm.settle();
        });
  }
}
