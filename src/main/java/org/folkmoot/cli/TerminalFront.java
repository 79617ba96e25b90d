package org.folkmoot.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.folkmoot.base.PrivateFile;
import org.jline.reader.Candidate;
import org.jline.reader.CompletingParsedLine;
import org.jline.reader.EOFError;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.ParsedLine;
import org.jline.reader.Parser;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/**
 * A chat with a person at a terminal: lines are edited, remembered and completed, and Ctrl-C ends
 * an answer. Alt-Enter, a backslash at the end, and {@code """} make a message of several lines.
 */
final class TerminalFront implements ChatFront {
  private static final String PROMPT = ">>> ";
  private static final String FURTHER_PROMPT = "... ";

  /** Some weeks of chatting; JLine reads the file whole at each start. */
  private static final int REMEMBERED_LINES = 2000;

  /** What JLine logs is for those who develop it; held, or its level would be forgotten. */
  private static final Logger JLINE = Logger.getLogger("org.jline");

  private final Console console;
  private final Terminal terminal;
  private final LineReader reader;

  /**
   * Takes over a terminal.
   *
   * @param history the file that keeps the lines entered
   */
  TerminalFront(Surroundings surroundings, Terminal terminal, Path history) {
    this.console = surroundings.console();
    this.terminal = terminal;
    this.reader =
        LineReaderBuilder.builder()
            .terminal(terminal)
            .parser(new Lines())
            .completer((_, line, found) -> complete(line.line(), found))
            .variable(LineReader.SECONDARY_PROMPT_PATTERN, FURTHER_PROMPT)
            .variable(LineReader.HISTORY_SIZE, REMEMBERED_LINES)
            .variable(LineReader.HISTORY_FILE_SIZE, REMEMBERED_LINES)
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true)
            .build();
    remember(history);
  }

  /** The terminal that this process runs in. */
  static TerminalFront ofProcess(Surroundings surroundings) {
    JLINE.setLevel(Level.OFF);
    try {
      Terminal terminal =
          TerminalBuilder.builder().system(true).encoding(StandardCharsets.UTF_8).build();
      // Outside of answers Ctrl-C ends the program, in order: the terminal is given back.
      terminal.handle(Terminal.Signal.INT, _ -> Runtime.getRuntime().exit(ExitStatus.INTERRUPTED));
      return new TerminalFront(surroundings, terminal, surroundings.home().resolve("history"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private void remember(Path file) {
    try {
      PrivateFile.create(file);
      reader.setVariable(LineReader.HISTORY_FILE, file);
      reader.getHistory().attach(reader);
    } catch (IOException | RuntimeException unusable) {
      // JLine meets a damaged file with whatever exception comes.
      reader.getVariables().remove(LineReader.HISTORY_FILE);
      say("what you enter is not remembered: " + file + " cannot be used; delete it");
    }
  }

  @Override
  public Optional<ChatInput> read() {
    while (true) {
      try {
        String input = reader.readLine(PROMPT);
        if (!input.isBlank()) {
          return Optional.of(ChatInput.of(input));
        }
      } catch (UserInterruptException interrupted) {
        if (interrupted.getPartialLine().isEmpty()) {
          say(console.outStyle().faint("Ctrl-D or /bye leaves the chat."));
        }
      } catch (EndOfFileException end) {
        return Optional.empty();
      }
    }
  }

  @Override
  public void say(String line) {
    console.out().println(line);
  }

  @Override
  public AnswerWriter answer() {
    return AnswerWriter.wrapped(console.out(), this::columns);
  }

  /** A terminal that does not say how wide it is says 0. */
  private int columns() {
    int columns = terminal.getColumns();
    return columns > 0 ? columns : console.columns().getAsInt();
  }

  @Override
  public void endAnswer() {
    console.out().println();
  }

  /** While a model speaks, what is typed must not appear in the middle of it. */
  @Override
  public Interrupts interrupts() {
    return action -> {
      Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, _ -> action.run());
      boolean echo = terminal.echo(false);
      return () -> {
        terminal.echo(echo);
        terminal.handle(Terminal.Signal.INT, before);
      };
    };
  }

  @Override
  public boolean isUnattended() {
    return false;
  }

  private static void complete(String line, List<Candidate> found) {
    if (line.startsWith("/") && line.indexOf(' ') < 0) {
      ChatCommands.NAMES.forEach(name -> found.add(new Candidate("/" + name)));
    }
  }

  @Override
  public void close() {
    try {
      terminal.close();
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Lets Enter end an input only where it is whole; an input is one word to complete. */
  private static final class Lines implements Parser {
    @Override
    public ParsedLine parse(String line, int cursor, ParseContext context) {
      if (context == ParseContext.ACCEPT_LINE && ChatInput.isOpen(line)) {
        throw new EOFError(-1, cursor, "more lines belong to this");
      }
      return new Line(line, cursor);
    }
  }

  private record Line(String line, int cursor) implements CompletingParsedLine {
    @Override
    public String word() {
      return line;
    }

    @Override
    public int wordCursor() {
      return cursor;
    }

    @Override
    public int wordIndex() {
      return 0;
    }

    @Override
    public List<String> words() {
      return List.of(line);
    }

    @Override
    public CharSequence escape(CharSequence candidate, boolean complete) {
      return candidate;
    }

    @Override
    public int rawWordCursor() {
      return cursor;
    }

    @Override
    public int rawWordLength() {
      return line.length();
    }
  }
}
