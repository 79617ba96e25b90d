package org.folkmoot.cli;

import java.io.FileDescriptor;
import java.io.PrintStream;
import java.util.Map;
import java.util.function.IntSupplier;

/**
 * Where a command speaks: results on {@link #out}, progress and notes on {@link #err}.
 *
 * @param out standard output, always UTF-8: model text must not depend on the locale
 * @param err standard error, always UTF-8
 * @param outIsTerminal whether a person sees standard output
 * @param errIsTerminal whether a person sees standard error; only then may the cursor move on it
 * @param colourWished whether the environment allows colour at all
 * @param columns how wide the terminal is now; asked anew for each drawing
 */
public record Console(
    PrintStream out,
    PrintStream err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    boolean colourWished,
    IntSupplier columns) {
  /** Set by the launcher, which can ask the shell: file descriptors that are terminals. */
  private static final String TERMINALS_PROPERTY = "folkmoot.terminals";

  /** The console of this process. */
  static Console ofProcess(Map<String, String> environment) {
    String terminals = terminals();
    return new Console(
        new StandardStream(FileDescriptor.out),
        new StandardStream(FileDescriptor.err),
        terminals.contains("1"),
        terminals.contains("2") && !isDumb(environment),
        colourWished(environment),
        new TerminalWidth(environment));
  }

  /** The numbers of this process's standard streams that a person sits at. */
  static String terminals() {
    String terminals = System.getProperty(TERMINALS_PROPERTY);
    if (terminals != null) {
      return terminals;
    }
    // Started without the launcher: Java can only say whether both ends are a terminal.
    return inAndOutAreTerminals() ? "012" : "";
  }

  // Which of the two JDK consoles is in force decides whether the answer is null or not a terminal.
  @SuppressWarnings("SystemConsoleNull")
  private static boolean inAndOutAreTerminals() {
    java.io.Console console = System.console();
    return console != null && console.isTerminal();
  }

  /** Whether results may carry colour. */
  public boolean outColour() {
    return outIsTerminal && colourWished;
  }

  /** Whether notes may carry colour. */
  public boolean errColour() {
    return errIsTerminal && colourWished;
  }

  /** The styles for results. */
  public Style outStyle() {
    return new Style(outColour());
  }

  /** The styles for notes. */
  public Style errStyle() {
    return new Style(errColour());
  }

  /** One line for a person, on standard error: it never mixes with a result. */
  public void note(String line) {
    err.println(line);
  }

  /** https://no-color.org: present and not empty means no colour, whatever its value. */
  private static boolean colourWished(Map<String, String> environment) {
    return environment.getOrDefault("NO_COLOR", "").isEmpty() && !isDumb(environment);
  }

  /** A terminal that cannot move its cursor, as some editors have. */
  private static boolean isDumb(Map<String, String> environment) {
    return environment.getOrDefault("TERM", "").equals("dumb");
  }
}
