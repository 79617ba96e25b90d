package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** quantize, from a file of floats to an answer. */
class QuantizeCommandTest {
  @TempDir Path folder;
  private final TestConsole cli = new TestConsole();

  @Test
  void aFileOfFloatsBecomesASmallerOneThatRuns() throws IOException {
    cli.environment.put("FOLKMOOT_HOME", folder.resolve("home").toString());
    Path work = Files.createDirectory(folder.resolve("work"));
    String in = TinyModels.write(work, TinyModel.of(TensorType.F32)).toString();
    String out = work.resolve("small.gguf").toString();
    assertThat(cli.run("quantize", in, out, "--type", "q8_0")).as(cli.err()).isZero();
    assertThat(cli.out()).startsWith(out + ": ").contains("sha256 ");
    assertThat(Files.size(Path.of(out))).isLessThan(Files.size(Path.of(in)) / 2);
    assertThat(cli.run("run", out, "hello", "--max-tokens", "3")).as(cli.err()).isZero();
    assertThat(cli.run("quantize", in, out, "--type", "q4_0")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err()).contains("--force");
    assertThat(cli.run("quantize", in, out, "--type", "q4_0", "--force", "--json")).isZero();
    assertThat(cli.out()).contains("\"sha256\"");
    assertThat(cli.run("quantize", out, in + "2", "--type", "q4_0"))
        .isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err()).contains("quantised already");
    assertThat(cli.run("quantize", in, in + "2", "--type", "q9")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err()).contains("Q4_K_M");
    try (Stream<Path> left = Files.list(work)) {
      assertThat(left).hasSize(2);
    }
  }
}
