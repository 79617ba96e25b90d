package org.folkmoot.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.function.DoubleConsumer;

/**
 * A line on standard error while a model loads, gone when it is done. Only a person at a terminal
 * sees it, and only where the wait is long enough to wonder.
 */
final class LoadingLine implements DoubleConsumer, AutoCloseable {
  /** Small models are there before anybody wonders; a line that flashes up would only disturb. */
  private static final Duration PATIENCE = Duration.ofMillis(400);

  private static final Duration REDRAW = Duration.ofMillis(100);

  /** So that the line fits 40 columns: one that wraps could not be taken back. */
  private static final int LONGEST_NAME = 24;

  private static final String TO_START_AND_CLEAR = "\r\u001b[K";

  private final Surroundings surroundings;
  private final String name;
  private Instant nextDrawing;
  private boolean drawn;

  LoadingLine(Surroundings surroundings, String name) {
    this.surroundings = surroundings;
    this.name = Models.shortName(name, LONGEST_NAME);
    this.nextDrawing = surroundings.clock().instant().plus(PATIENCE);
  }

  @Override
  public void accept(double share) {
    Console console = surroundings.console();
    Instant now = surroundings.clock().instant();
    if (!console.errIsTerminal() || now.isBefore(nextDrawing)) {
      return;
    }
    nextDrawing = now.plus(REDRAW);
    drawn = true;
    String text = "loading " + name + " … " + (int) (100 * share) + "%";
    console.err().print(TO_START_AND_CLEAR + console.errStyle().faint(text));
    console.err().flush();
  }

  @Override
  public void close() {
    if (drawn) {
      surroundings.console().err().print(TO_START_AND_CLEAR);
      surroundings.console().err().flush();
    }
  }
}
