package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a person sees of a download. */
class ProgressBarTest {
  private static final long MB = 1_000_000;

  private final TestConsole cli = new TestConsole();

  private ProgressBar bar() {
    return new ProgressBar(cli.console(), () -> cli.now, "downloading");
  }

  /** What a terminal shows: the text after the last return to the start of the line. */
  private String shown() {
    String all = cli.err();
    return all.substring(all.lastIndexOf('\r') + 1).replace("\u001b[K", "");
  }

  @Test
  void aTerminalSeesOneLineRedrawn() {
    cli.terminal = true;
    ProgressBar bar = bar();
    bar.update(0, 100 * MB);
    for (int i = 1; i <= 5; i++) {
      cli.pass(Duration.ofSeconds(1));
      bar.update(10L * i * MB, 100 * MB);
    }
    assertThat(shown())
        .matches("downloading  ▕█+.? +▏   50%   50\\.0 MB / 100 MB  10\\.0 MB/s  5 s left")
        .hasSizeLessThan(80);
    assertThat(cli.err()).doesNotContain("\n");
    cli.pass(Duration.ofSeconds(5));
    bar.update(100 * MB, 100 * MB);
    bar.close();
    bar.close();
    assertThat(shown()).contains("100%").contains("10.0 MB/s").doesNotContain("left");
    assertThat(cli.err()).endsWith("\n").containsOnlyOnce("\n");
  }

  @Test
  void itIsNotRedrawnMoreOftenThanEyesSee() {
    cli.terminal = true;
    ProgressBar bar = bar();
    for (int i = 0; i < 1000; i++) {
      bar.update(i * 1000L, MB);
      cli.pass(Duration.ofMillis(1));
    }
    assertThat(cli.err().chars().filter(c -> c == '\r').count()).isEqualTo(10);
  }

  @ParameterizedTest
  @ValueSource(ints = {20, 30, 40, 50, 60, 80, 100, 200})
  void itFitsTheTerminal(int columns) {
    cli.terminal = true;
    cli.columns = columns;
    ProgressBar bar = bar();
    bar.update(1, 98_362_432);
    cli.pass(Duration.ofSeconds(2));
    bar.update(50 * MB, 98_362_432);
    assertThat(shown().length()).isLessThan(columns);
    assertThat(shown()).contains("50%");
    if (columns >= 80) {
      assertThat(shown()).contains("▕");
    }
  }

  @Test
  void itFollowsAResizedTerminal() {
    cli.terminal = true;
    ProgressBar bar = bar();
    bar.update(0, MB);
    cli.columns = 40;
    cli.pass(Duration.ofSeconds(2));
    bar.update(MB / 2, MB);
    assertThat(shown().length()).isLessThan(40);
  }

  @Test
  void aPipeSeesAPlainLineNowAndThen() {
    ProgressBar bar = bar();
    for (int i = 0; i < 120; i++) {
      bar.update(i * MB, 120 * MB);
      cli.pass(Duration.ofMillis(100));
    }
    bar.update(120 * MB, 120 * MB);
    bar.close();
    assertThat(cli.err()).doesNotContain("\r", "\u001b", "▕").hasLineCount(4);
    assertThat(cli.err().lines().toList().getLast())
        .isEqualTo("downloading  100%  120 MB / 120 MB  10.0 MB/s");
  }

  @Test
  void anUnknownTotalShowsWhatIsKnown() {
    cli.terminal = true;
    ProgressBar bar = bar();
    bar.update(0, ProgressBar.UNKNOWN);
    cli.pass(Duration.ofSeconds(1));
    bar.update(3 * MB, ProgressBar.UNKNOWN);
    assertThat(shown()).isEqualTo("downloading  3.00 MB  3.00 MB/s");
  }

  @Test
  void whatWasThereBeforeCountsForNoSpeed() {
    cli.terminal = true;
    ProgressBar bar = bar();
    bar.update(90 * MB, 100 * MB);
    cli.pass(Duration.ofSeconds(1));
    bar.update(91 * MB, 100 * MB);
    assertThat(shown()).contains("1.00 MB/s").contains("9 s left");
  }

  @Test
  void aPullShowsItsSourceItsStagesAndItsNotes() {
    try (PullProgress pull = new PullProgress(cli.surroundings())) {
      pull.progressed(new Progress(Stage.WAITING, "m:1", 0, -1));
      pull.progressed(new Progress(Stage.DOWNLOADING, "https://x.test/m", 0, 10));
      pull.progressed(new Progress(Stage.DOWNLOADING, "https://x.test/m", 10, 10));
      pull.note("that was wrong");
      pull.progressed(new Progress(Stage.COPYING, "./m.gguf", 10, 10));
    }
    assertThat(cli.err().lines())
        .containsExactly(
            "another folkmoot is pulling m:1: waiting for it",
            "from https://x.test/m",
            "downloading  0%  0 B / 10 B",
            "downloading  100%  10 B / 10 B",
            "that was wrong",
            "from ./m.gguf",
            "copying      100%  10 B / 10 B",
            "copying      100%  10 B / 10 B");
  }
}
