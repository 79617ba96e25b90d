package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.folkmoot.engine.convert.HfFolder;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** import, and run on a folder. */
class ImportCommandTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();
  private String gguf;
  private Path hf;

  @BeforeEach
  void makeFolder() {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.F32));
    gguf = file.toString();
    hf = HfFolder.of(file).write(folder.resolve("Tiny Model"), 2);
  }

  @Test
  void aFolderAnswersAsTheFileItCameFrom() throws IOException {
    assertThat(cli.run("run", gguf, "hello", "--max-tokens", "5", "--ids", "--temperature", "0"))
        .isZero();
    String ids = cli.out();
    assertThat(
            cli.run(
                "run", hf.toString(), "hello", "--max-tokens", "5", "--ids", "--temperature", "0"))
        .as(cli.err())
        .isZero();
    assertThat(cli.out()).isEqualTo(ids);
    assertThat(cli.err()).contains("is converted, once, to tiny-model:folder-");
    assertThat(
            cli.run(
                "run", hf.toString(), "hello", "--max-tokens", "5", "--ids", "--temperature", "0"))
        .isZero();
    assertThat(cli.out()).isEqualTo(ids);
    assertThat(cli.err()).doesNotContain("is converted");
    Files.delete(hf.resolve("model-00002-of-00002.safetensors"));
    assertThat(cli.run("run", hf.toString(), "hello")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err()).contains("model-00002-of-00002.safetensors");
  }

  @Test
  void anImportIsAModelLikeOthers() {
    assertThat(cli.run("import", hf.toString(), "--quantize", "q8_0")).as(cli.err()).isZero();
    assertThat(cli.out()).startsWith("tiny-model:q8_0 is here: ");
    assertThat(cli.run("run", "tiny-model:q8_0", "hello", "--max-tokens", "3")).isZero();
    assertThat(cli.run("import", hf.toString(), "--name", "mine", "--json")).isZero();
    assertThat(cli.out()).contains("\"mine:latest\"");
    assertThat(cli.run("ls")).isZero();
    assertThat(cli.out()).contains("tiny-model:q8_0").contains("mine:latest");
    assertThat(cli.run("rm", "mine")).isZero();
    assertThat(cli.run("import", gguf)).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err()).contains("config.json");
    assertThat(cli.run("import", hf.toString(), "--quantize", "q9"))
        .isEqualTo(ExitStatus.WRONG_CALL);
  }
}
