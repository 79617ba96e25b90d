package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.cli.KillSwarm.Blow;
import org.folkmoot.cli.KillSwarm.Outcome;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.Soak;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real processes that are killed or frozen in the middle of answers, each answer compared with that
 * of a single machine. The long ones: {@code ./check -Dtest=SwarmKillTest -Dtest.excluded.groups=},
 * with {@code -Dfolkmoot.kills=N} for more or fewer, {@code -Dfolkmoot.kills.from=N} to go on
 * behind the first N, and {@code -Dfolkmoot.kill.model=FILE} for a model that is not made up. With
 * {@code -Dfolkmoot.kills.quiet=true}, on a machine that does nothing else, the times that are
 * promised are held, too.
 */
@Timeout(600)
class SwarmKillTest {
  @TempDir private Path folder;

  private KillSwarm swarm() {
    String file = System.getProperty("folkmoot.kill.model");
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withLayers(6).withContext(1024);
    return new KillSwarm(
        folder, file == null ? TinyModels.write(folder, tiny) : Path.of(file).toAbsolutePath());
  }

  private static int blows() {
    return Integer.getInteger("folkmoot.kills", 100);
  }

  /** The first blow: many take long, and can be made in parts. */
  private static int first() {
    return Integer.getInteger("folkmoot.kills.from", 0);
  }

  @Test
  void twoHopsAreKilledAtOnceAndThenOneIsFrozen() {
    try (KillSwarm swarm = swarm()) {
      SplittableRandom random = new SplittableRandom(1);
      swarm.strike(random, Blow.KILLED, false, 0, 2);
      swarm.strike(random, Blow.FROZEN, true, 1);
    }
  }

  @Soak
  @Test
  void anyHopIsKilledAtAnyToken() {
    List<Outcome> outcomes = new ArrayList<>();
    try (KillSwarm swarm = swarm()) {
      for (int i = first(); i < first() + blows(); i++) {
        outcomes.add(swarm.strike(new SplittableRandom(i), Blow.KILLED, i % 2 == 1, i % 3));
      }
    }
    tell("one hop killed", Blow.KILLED, outcomes);
  }

  @Soak
  @Test
  void twoHopsAreKilledAtOnce() {
    List<Outcome> outcomes = new ArrayList<>();
    try (KillSwarm swarm = swarm()) {
      for (int i = first() / 4; i < (first() + blows()) / 4; i++) {
        outcomes.add(
            swarm.strike(
                new SplittableRandom(1000 + i), Blow.KILLED, i % 2 == 1, i % 3, (i + 1) % 3));
      }
    }
    tell("two hops killed at once", Blow.KILLED, outcomes);
  }

  @Soak
  @Test
  void aHopIsFrozen() {
    List<Outcome> outcomes = new ArrayList<>();
    try (KillSwarm swarm = swarm()) {
      for (int i = first() / 4; i < (first() + blows()) / 4; i++) {
        outcomes.add(swarm.strike(new SplittableRandom(2000 + i), Blow.FROZEN, i % 2 == 1, i % 3));
      }
    }
    tell("one hop frozen", Blow.FROZEN, outcomes);
  }

  private static void tell(String what, Blow blow, List<Outcome> outcomes) {
    System.out.println(KillSwarm.summary(what, outcomes));
    if (KillSwarm.IS_QUIET) {
      KillSwarm.requirePromised(blow, outcomes);
    }
  }

  /** A demo that is killed has no time to end its peers: they see to it themselves. */
  @Test
  void noPeerOfADemoOutlivesIt() throws IOException, InterruptedException {
    Path model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(6));
    ProcessBuilder builder =
        new ProcessBuilder(
            OwnProgram.command(List.of("demo", "--model", model.toString(), "why?")));
    builder.environment().put("FOLKMOOT_HOME", folder.resolve("home").toString());
    builder.redirectOutput(ProcessBuilder.Redirect.DISCARD);
    Process demo = builder.start();
    List<ProcessHandle> peers = new ArrayList<>();
    Pattern says = Pattern.compile("layers .* process (\\d+)");
    try (BufferedReader err = demo.errorReader(StandardCharsets.UTF_8)) {
      StringBuilder said = new StringBuilder();
      for (String line = err.readLine(); peers.size() < 4; line = err.readLine()) {
        assertThat(line).as("it goes on after %s", said).isNotNull();
        said.append(line).append('\n');
        Matcher started = says.matcher(line);
        if (started.find()) {
          peers.add(ProcessHandle.of(Long.parseLong(started.group(1))).orElseThrow());
        }
      }
      assertThat(demo.destroyForcibly().waitFor(1, TimeUnit.MINUTES)).isTrue();
      for (ProcessHandle peer : peers) {
        assertThat(peer.onExit()).succeedsWithin(Duration.ofMinutes(1));
      }
    } finally {
      demo.destroyForcibly();
      peers.forEach(ProcessHandle::destroyForcibly);
    }
  }

  @Test
  void aNodeEndsWhenItIsToldTo() {
    Path model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    try (NodeProcess node =
        NodeProcess.start(
            folder.resolve("node"), model.toString(), "--swarm", "--listen", "127.0.0.1:0")) {
      node.awaitReady();
      ProcessHandle handle = ProcessHandle.of(node.pid()).orElseThrow();
      assertThat(handle.children()).isEmpty();
      assertThat(node.stop()).isTrue();
    }
  }
}
