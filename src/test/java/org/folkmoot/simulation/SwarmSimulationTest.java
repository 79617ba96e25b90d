package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * Tens of peers and some clients, all of the real code but engine and network, and everything that
 * goes wrong on the internet. {@code -Dfolkmoot.sim.seeds=1000} runs more of them.
 */
class SwarmSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(23, 12, 64, 2);

  private static SimSwarm swarm(Simulation simulation, int servers, int clients) {
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 6));
    SimSwarm swarm =
        new SimSwarm(simulation, network, new SimSwarm.Setup(MODEL, 6, 2000, 48, 30_000));
    for (int i = 0; i < servers; i++) {
      swarm.addServer();
      simulation.runFor(SECOND);
    }
    for (int i = 0; i < clients; i++) {
      swarm.addClient();
    }
    return swarm;
  }

  @Test
  void answersAreRightWhateverGoesWrong() {
    Seeds.of(4)
        .forEach(seed -> {
          Simulation simulation = new Simulation(SwarmSimulationTest.class, seed);
          SimSwarm swarm = swarm(simulation, 20, 4);
          boolean ready = simulation.runUntil(swarm::covered, 120 * SECOND);
          simulation.require(() -> assertThat(ready).as("all layers are served").isTrue());
          simulation.runFor(20 * SECOND);
          swarm.ask(2 * SECOND);
          FaultPlan.draw(
                  simulation.random("faults"),
                  new FaultPlan.Rates(6, 6, 3, 10, 6, 6, 2, 2),
                  20,
                  120 * SECOND)
              .begin(simulation, swarm);
          simulation.runFor(120 * SECOND);
          swarm.settle();
          System.out.println(swarm.summary());
        });
  }
}
