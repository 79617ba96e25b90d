package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.folkmoot.testing.Soak;
import org.junit.jupiter.api.Test;

/**
 * A large swarm in which a fifth of the peers goes and as many come each minute. A thousand peers
 * take minutes: {@code ./check -Dtest=ChurnSimulationTest -Dtest.excluded.groups=}, with {@code
 * -Dfolkmoot.sim.peers=} and {@code -Dfolkmoot.sim.seeds=} for more or less.
 */
class ChurnSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(31, 24, 64, 2);

  @Test
  void fortyPeers() {
    Seeds.of(1).forEach(seed -> churn(seed, 40, 5, 60 * SECOND));
  }

  @Test
  @Soak
  void aThousandPeers() {
    int peers = Integer.getInteger("folkmoot.sim.peers", 1000);
    Seeds.of(1).forEach(seed -> churn(seed, peers, 50, 180 * SECOND));
  }

  private static void churn(long seed, int peers, int clients, long nanos) {
    Simulation simulation = new Simulation(ChurnSimulationTest.class, seed);
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 20));
    SimSwarm swarm =
        new SimSwarm(simulation, network, new SimSwarm.Setup(MODEL, 9, 4000, 200, 30_000));
    for (int i = 0; i < peers; i++) {
      swarm.addServer();
      simulation.runFor(SECOND / 10);
    }
    for (int i = 0; i < clients; i++) {
      swarm.addClient();
    }
    simulation.runFor(60 * SECOND);
    simulation.require(() -> assertThat(swarm.covered()).isTrue());
    long bytesBefore = network.bytes();
    swarm.ask(2 * SECOND);
    FaultPlan.draw(simulation.random("faults"), FaultPlan.Rates.churn(peers, 0.2), peers, nanos)
        .begin(simulation, swarm);
    simulation.runFor(nanos);
    double perPeer = (network.bytes() - bytesBefore) * 1e9 / nanos / (peers + clients);
    swarm.settle();
    System.out.println(swarm.summary() + "; %.0f bytes/s per peer in all".formatted(perPeer));
    simulation.require(
        () -> assertThat(swarm.finished()).as("share of answers").isGreaterThan(0.999));
  }
}
