package org.folkmoot.cli;

import java.time.InstantSource;
import org.folkmoot.store.ProgressListener;
import org.jspecify.annotations.Nullable;

/** Shows a pull on standard error: a bar for each stage, and the notes between. */
final class PullProgress implements ProgressListener, AutoCloseable {
  private final Console console;
  private final InstantSource clock;
  private @Nullable Progress last;
  private @Nullable ProgressBar bar;
  private @Nullable String announced;

  PullProgress(Surroundings surroundings) {
    this.console = surroundings.console();
    this.clock = surroundings.clock();
  }

  @Override
  public void progressed(Progress progress) {
    boolean sameStage =
        last != null && last.source().equals(progress.source()) && last.stage() == progress.stage();
    last = progress;
    if (progress.stage() == Stage.WAITING) {
      note("another folkmoot is pulling " + progress.source() + ": waiting for it");
      return;
    }
    if (!sameStage || bar == null) {
      close();
      if (progress.stage() != Stage.CHECKING && !progress.source().equals(announced)) {
        announced = progress.source();
        console.note(console.errStyle().faint("from " + progress.source()));
      }
      bar = new ProgressBar(console, clock, word(progress.stage()));
    }
    bar.update(progress.bytes(), progress.total());
  }

  @Override
  public void note(String line) {
    close();
    console.note(line);
  }

  /** Ends the current bar's line. */
  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }

  private static String word(Stage stage) {
    return switch (stage) {
      case DOWNLOADING -> "downloading";
      case COPYING -> "copying    ";
      case UNPACKING -> "unpacking  ";
      case CHECKING -> "checking   ";
      case WAITING -> "waiting    ";
    };
  }
}
