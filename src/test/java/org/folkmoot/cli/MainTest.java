package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The root command: exit statuses, errors in one line, help. */
class MainTest {
  @TempDir Path home;
  private final TestConsole cli = new TestConsole();

  @BeforeEach
  void setHome() {
    cli.environment.put("FOLKMOOT_HOME", home.toString());
  }

  @Test
  void aloneItShowsHowToBegin() {
    assertThat(cli.run()).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).contains("folkmoot run smollm2:135m").contains("pull", "catalogue");
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void helpAndVersionWork() {
    assertThat(cli.run("--version")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).startsWith("folkmoot ");
    for (String name : Commands.NAMES) {
      assertThat(cli.run(name, "--help")).as(name).isEqualTo(ExitStatus.OK);
      assertThat(cli.out()).contains("Usage: folkmoot " + name);
      assertThat(cli.run("help", name)).as(name).isEqualTo(ExitStatus.OK);
      assertThat(cli.out()).contains("Usage: folkmoot " + name);
    }
    assertThat(cli.run("help")).isEqualTo(ExitStatus.OK);
    assertThat(cli.out()).doesNotContain("warmup");
  }

  @Test
  void aWrongCallIsStatusTwo() {
    assertThat(cli.run("pul")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err())
        .startsWith("folkmoot: unknown command 'pul': did you mean 'pull'?\n")
        .contains("folkmoot --help");
    assertThat(cli.run("--nonsense")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.run("pull")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.err()).contains("MODEL").contains("folkmoot pull --help");
    assertThat(cli.run("ls", "--nonsense")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.run("ls", "extra")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.run("pull", "not a name")).isEqualTo(ExitStatus.WRONG_CALL);
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void aFailureIsStatusOneAndOneLine() {
    assertThat(cli.run("show", "smolm2:135m")).isEqualTo(ExitStatus.FAILED);
    assertThat(cli.err())
        .startsWith("folkmoot: there is no model 'smolm2:135m': did you mean 'smollm2:135m'")
        .hasLineCount(1);
    assertThat(cli.out()).isEmpty();
  }

  @Test
  void stackTracesAreForThoseWhoAsk() {
    cli.run("show", "./no-such.gguf");
    assertThat(cli.err()).doesNotContain("\tat ");
    cli.environment.put("FOLKMOOT_DEBUG", "1");
    cli.run("show", "./no-such.gguf");
    assertThat(cli.err()).contains("\tat org.folkmoot");
  }

  @Test
  void colourIsForTerminalsThatWantIt() {
    cli.run("show", "nothing");
    assertThat(cli.err()).doesNotContain("\u001b");
    cli.terminal = true;
    cli.run("show", "nothing");
    assertThat(cli.err()).startsWith("\u001b[31mfolkmoot:\u001b[0m ");
    cli.environment.put("NO_COLOR", "1");
    cli.run("show", "nothing");
    assertThat(cli.err()).doesNotContain("\u001b");
    cli.run("--help");
    assertThat(cli.out()).doesNotContain("\u001b");
  }

  @Test
  void everyNamedCommandHasAClass() {
    for (String name : Commands.NAMES) {
      assertThat(Commands.create(name, cli.surroundings())).isNotNull();
    }
    assertThat(Commands.create("nonsense", cli.surroundings())).isNull();
  }
}
