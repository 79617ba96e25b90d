package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.folkmoot.engine.convert.GgufSplitTest;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models in parts, as a person meets them. */
class SplitModelsTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();
  private Path whole;
  private List<Path> parts;

  @BeforeEach
  void makeParts() throws IOException {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    whole = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    parts = GgufSplitTest.split(whole, folder, 3);
  }

  private String ids(String model) {
    assertThat(cli.run("run", model, "hello", "--max-tokens", "5", "--ids", "--temperature", "0"))
        .as(cli.err())
        .isZero();
    return cli.out();
  }

  @Test
  void anyPartAnswersAsTheWhole() throws IOException {
    String expected = ids(whole.toString());
    assertThat(ids(parts.get(0).toString())).isEqualTo(expected);
    assertThat(ids(parts.get(2).toString())).isEqualTo(expected);
    Files.delete(parts.get(1));
    assertThat(cli.run("run", parts.get(0).toString(), "hello")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("m-00002-of-00003.gguf is missing");
  }

  @Test
  void whatIsPulledIsOneFile() throws IOException {
    assertThat(cli.run("pull", parts.get(1).toString(), "--as", "mine")).as(cli.err()).isZero();
    assertThat(cli.out()).startsWith("mine:latest is here: ");
    assertThat(cli.run("show", "mine", "--json")).isZero();
    assertThat(cli.out()).contains(Models.hashOf(whole));
    assertThat(cli.run("pull", "./nowhere-00001-of-00002.gguf")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("nowhere-00001-of-00002.gguf");
  }
}
