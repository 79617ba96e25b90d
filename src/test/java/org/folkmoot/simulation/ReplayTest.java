package org.folkmoot.simulation;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A seed is one course of events in every process: else a failure could not be repeated. Hash
 * orders that differ from process to process would show here.
 */
class ReplayTest {
  private static final long SECOND = 1_000_000_000L;

  /** Prints the hash over all events of a small swarm under faults. */
  public static void main(String[] args) {
    System.out.println("course " + course(Long.parseLong(args[0])));
  }

  private static long course(long seed) {
    Simulation simulation = new Simulation(ReplayTest.class, seed);
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 4));
    FakeModel model = new FakeModel(3, 12, 64, 2);
    SimSwarm swarm =
        new SimSwarm(simulation, network, new SimSwarm.Setup(model, 6, 2000, 48, 30_000));
    for (int i = 0; i < 10; i++) {
      swarm.addServer();
    }
    swarm.addClient();
    swarm.addClient();
    simulation.runFor(30 * SECOND);
    swarm.ask(SECOND);
    FaultPlan.draw(
            simulation.random("faults"),
            new FaultPlan.Rates(6, 12, 3, 10, 6, 12, 6, 6),
            10,
            40 * SECOND)
        .begin(simulation, swarm);
    simulation.runFor(40 * SECOND);
    return simulation.traceHash();
  }

  @Test
  void anotherProcessSeesTheSame() throws IOException, InterruptedException {
    Process other =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--add-modules",
                    "jdk.incubator.vector",
                    "-cp",
                    System.getProperty("java.class.path"),
                    ReplayTest.class.getName(),
                    "5"))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String output = new String(other.getInputStream().readAllBytes(), UTF_8);
    assertThat(other.waitFor()).isZero();
    assertThat(output).contains("course " + course(5));
    assertThat(course(6)).isNotEqualTo(course(5));
  }
}
