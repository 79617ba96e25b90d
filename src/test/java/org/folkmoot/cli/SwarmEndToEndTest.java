package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A swarm of real processes on this machine, of whom one is killed in the middle of an answer. */
class SwarmEndToEndTest {
  @TempDir private Path folder;

  private void demo(String... more) {
    TestConsole console = new TestConsole();
    console.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    Surroundings surroundings =
        new Surroundings(
            console.console(), console.in, console.environment, InstantSource.system());
    String[] call = new String[more.length + 6];
    System.arraycopy(
        new String[] {
          "demo",
          "--model",
          TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(6)).toString(),
          "--max-tokens",
          "40",
          "why?"
        },
        0,
        call,
        0,
        6);
    System.arraycopy(more, 0, call, 6, more.length);
    int status = Main.run(surroundings, call);
    String told = console.err.toString(StandardCharsets.UTF_8);
    assertThat(told).contains("identical: all").contains("then killed");
    assertThat(status).isEqualTo(ExitStatus.OK);
    assertThat(folder.resolve("home").resolve("keys")).doesNotExist();
  }

  @Test
  void aPeerIsKilledAndTheAnswerIsTheSame() {
    demo("--kill", "2", "--kill-at", "12");
  }

  @Tag("soak")
  @ParameterizedTest
  @CsvSource({"1,1", "1,20", "2,1", "2,39", "3,1", "3,20", "3,39"})
  void whicheverPeerAndWhenever(String peer, String at) {
    demo("--kill", peer, "--kill-at", at);
  }
}
