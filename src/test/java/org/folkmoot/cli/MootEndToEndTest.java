package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code demo moot} with three real node processes. Votes are open for so long by real clocks, so
 * it takes most of a minute however fast the machine is: a soak test. {@code MootOverFeedsTest} has
 * the same in virtual time.
 */
@Tag("soak")
class MootEndToEndTest {
  @TempDir private Path folder;
  private final TestConsole console = new TestConsole();

  @Test
  void threeNodesDecideAndFollow() throws Exception {
    Path home = Files.createDirectory(folder.resolve("home"));
    String model = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0)).toString();
    Surroundings surroundings =
        new Surroundings(
            console.console(),
            InputStream.nullInputStream(),
            Map.of("FOLKMOOT_HOME", home.toString()),
            InstantSource.system(),
            false,
            System::nanoTime,
            () -> 1,
            Interrupts.NEVER);
    int status =
        Main.run(
            surroundings, "demo", "moot", "--model", model, "--max-tokens", "4", "--period", "30");
    assertThat(status).as(console.err()).isZero();
    assertThat(console.err())
        .contains("founded the moot 'birds'")
        .contains("2 yes, 1 no, 0 abstaining, enacted: the same in all three homes")
        .contains("2 yes, 0 no, 1 abstaining, enacted: the same in all three homes");
    assertThat(console.err().lines().filter(line -> line.contains("the moot's")).count())
        .isGreaterThanOrEqualTo(3);
    assertThat(console.err().lines().filter(line -> line.contains("whole: 3 feeds"))).hasSize(3);
  }
}
