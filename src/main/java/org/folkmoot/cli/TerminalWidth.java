package org.folkmoot.cli;

import java.io.File;
import java.io.IOException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;

/**
 * How many columns the terminal has: {@code COLUMNS} where a person set it, else what {@code stty}
 * says of the controlling terminal, else 80. Asking takes a process, so a person who draws often
 * asks seldom.
 */
final class TerminalWidth implements IntSupplier {
  private static final int USUAL = 80;

  /** Below this nothing useful fits on a line; above, a wrong answer would draw absurd bars. */
  private static final int LEAST = 20;

  private static final int MOST = 1000;

  private final Map<String, String> environment;

  TerminalWidth(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public int getAsInt() {
    String wished = environment.get("COLUMNS");
    return bounded(wished != null ? wished : askTerminal());
  }

  private static int bounded(String columns) {
    try {
      int count = Integer.parseInt(columns.trim());
      return count <= 0 ? USUAL : Math.clamp(count, LEAST, MOST);
    } catch (NumberFormatException notANumber) {
      return USUAL;
    }
  }

  /** {@code stty size} prints "rows columns". */
  private static String askTerminal() {
    try {
      Process stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!stty.waitFor(1, TimeUnit.SECONDS)) {
        stty.destroyForcibly();
        return "";
      }
      String answer = stty.inputReader().readLine();
      return answer == null ? "" : answer.substring(answer.indexOf(' ') + 1);
    } catch (IOException noTerminal) {
      return "";
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return "";
    }
  }
}
