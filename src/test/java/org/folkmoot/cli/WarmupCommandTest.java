package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The training run says nothing, leaves nothing, and does all that an answer takes. */
class WarmupCommandTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  @Test
  void trainsInSilence() throws IOException {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
    List<Path> before = leftovers();
    assertThat(cli.run("warmup")).as(cli.err()).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).isEmpty();
    assertThat(cli.err()).isEmpty();
    assertThat(home).isEmptyDirectory();
    assertThat(leftovers()).isEqualTo(before);
  }

  private static List<Path> leftovers() throws IOException {
    String own = WarmupCommand.FOLDER + ProcessHandle.current().pid() + "-";
    try (Stream<Path> all = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      return all.filter(path -> path.getFileName().toString().startsWith(own)).sorted().toList();
    }
  }
}
