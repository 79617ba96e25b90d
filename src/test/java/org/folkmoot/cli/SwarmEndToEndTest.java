package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.proof.FraudProof;
import org.folkmoot.session.Generation;
import org.folkmoot.testing.Soak;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A swarm of real processes on this machine, of whom one is killed in the middle of an answer. */
class SwarmEndToEndTest {
  @TempDir private Path folder;

  private final TestConsole console = new TestConsole();

  private int run(String home, String... call) {
    console.environment.put("FOLKMOOT_HOME", folder.resolve(home).toString());
    return Main.run(
        new Surroundings(
            console.console(), console.in, console.environment, InstantSource.system()),
        call);
  }

  private String err() {
    return console.err.toString(StandardCharsets.UTF_8);
  }

  private Path model() {
    return TinyModels.write(folder, TinyModel.of(TensorType.Q8_0).withLayers(6));
  }

  private int demo(Path model, String... more) {
    List<String> call = new ArrayList<>(List.of("demo", "--model", model.toString(), "why?"));
    call.addAll(List.of(more));
    if (!call.contains("--max-tokens")) {
      call.addAll(List.of("--max-tokens", "40"));
    }
    return run("home", call.toArray(String[]::new));
  }

  private void demo(String... more) {
    int status = demo(model(), more);
    assertThat(err()).contains("identical: all").contains("then killed");
    assertThat(status).as(err()).isEqualTo(ExitStatus.OK);
    assertThat(folder.resolve("home").resolve("keys")).doesNotExist();
  }

  @Test
  void aPeerIsKilledAndTheAnswerIsTheSame() {
    demo("--kill", "2", "--kill-at", "12");
  }

  /** An answer of six tokens, and one that is over before anybody can be killed. */
  @Test
  void aShortAnswerIsStruckEarlierAndOneWithoutAKillIsNoDemo() {
    Path model = model();
    int status = demo(model, "--max-tokens", "6");
    assertThat(err()).contains("identical: all").contains("then killed");
    assertThat(status).as(err()).isEqualTo(ExitStatus.OK);
    console.err.reset();
    status = demo(model, "--max-tokens", "5", "--kill-at", "30");
    assertThat(err()).contains("identical: all").contains("nobody was killed");
    assertThat(status).as(err()).isEqualTo(ExitStatus.FAILED);
  }

  @Test
  void bytesThatDifferAreAFailure() {
    Answer alone =
        new Answer("ab", List.of(1, 2), Generation.Ending.LENGTH, new Generation.Usage(1, 2, 0, 0));
    assertThat(DemoCommand.areSame(console.console(), alone, List.of(1, 2), "ab")).isTrue();
    assertThat(DemoCommand.areSame(console.console(), alone, List.of(1, 3), "ab")).isFalse();
    assertThat(DemoCommand.areSame(console.console(), alone, List.of(1, 2), "aB")).isFalse();
    assertThat(err()).contains("DIFFERENT");
  }

  @Soak
  @ParameterizedTest
  @CsvSource({"1,1", "1,20", "2,1", "2,39", "3,1", "3,20", "3,39"})
  void whicheverPeerAndWhenever(String peer, String at) {
    demo("--kill", peer, "--kill-at", at);
  }

  /** The liar is caught, proven, left out; and who never saw the swarm can check the proof. */
  @Test
  void aPeerThatLiesIsCaughtAndItsProofHoldsElsewhere() throws IOException {
    Path model = model();
    Path proof = folder.resolve("proof.cbor");
    int status = demo(model, "--cheat", "--kill", "2", "--proof", proof.toString());
    assertThat(status).as(err()).isEqualTo(ExitStatus.OK);
    FraudProof made = FraudProof.parse(Files.readAllBytes(proof));
    assertThat(made).as(err()).isInstanceOf(FraudProof.WrongOperator.class);
    assertThat(err()).contains("lead to one operator");
    String liar = made.statement().hop().toString();
    assertThat(err())
        .contains(liar)
        .contains("computed something else")
        .contains("was told, has checked it, and asks")
        .doesNotContain("has not said so yet")
        .contains("identical: all");

    assertThat(run("other", "verify", proof.toString())).isEqualTo(ExitStatus.FAILED);
    assertThat(console.out.toString(StandardCharsets.UTF_8))
        .contains(liar)
        .contains("it is NOT proven");
    assertThat(run("other", "pull", model.toString())).as(err()).isEqualTo(ExitStatus.OK);
    assertThat(run("other", "verify", proof.toString())).as(err()).isEqualTo(ExitStatus.OK);
    assertThat(console.out.toString(StandardCharsets.UTF_8)).contains("it is proven");
  }
}
