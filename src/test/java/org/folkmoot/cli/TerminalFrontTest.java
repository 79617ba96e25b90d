package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.cli.ChatInput.Command;
import org.folkmoot.cli.ChatInput.Message;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A terminal made of two streams: what is typed is all there from the beginning. */
@Timeout(60)
class TerminalFrontTest {
  private static final String ENTER = "\r";
  private static final String ALT_ENTER = "\u001b\r";
  private static final String CTRL_D = "\u0004";
  private static final String UP = "\u001b[A";

  @TempDir Path folder;
  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();

  private Terminal terminal(String typed) throws IOException {
    PipedOutputStream keys = new PipedOutputStream();
    Terminal terminal =
        new ExternalTerminal(
            "test", "ansi", new PipedInputStream(keys, 1 << 16), screen, StandardCharsets.UTF_8);
    terminal.setSize(Size.of(80, 24));
    // What is typed before anybody reads must come through as it is.
    terminal.enterRawMode();
    keys.write(typed.getBytes(StandardCharsets.UTF_8));
    keys.flush();
    return terminal;
  }

  private static TestConsole console() {
    TestConsole console = new TestConsole();
    console.terminal = true;
    return console;
  }

  private List<ChatInput> inputs(String typed) throws IOException {
    List<ChatInput> inputs = new ArrayList<>();
    try (TerminalFront front =
        new TerminalFront(
            console().surroundings(), terminal(typed), folder.resolve("home/history"))) {
      Optional<ChatInput> input = front.read();
      while (input.isPresent()) {
        inputs.add(input.get());
        input = front.read();
      }
    }
    return inputs;
  }

  @Test
  void readsLinesUntilCtrlD() throws IOException {
    assertThat(inputs("hello" + ENTER + ENTER + "/bye" + ENTER + CTRL_D))
        .containsExactly(new Message("hello"), new Command("bye", ""));
    assertThat(screen.toString(StandardCharsets.UTF_8)).contains(">>> ");
  }

  @Test
  void readsMessagesOfSeveralLines() throws IOException {
    String typed =
        ("one" + ALT_ENTER + "two" + ENTER)
            + ("three\\" + ENTER + "four" + ENTER)
            + ("\"\"\"five" + ENTER + "six\"\"\"" + ENTER);
    assertThat(inputs(typed + CTRL_D))
        .containsExactly(
            new Message("one\ntwo"), new Message("three\nfour"), new Message("five\nsix"));
  }

  @Test
  void exclamationMarksAreNoHistory() throws IOException {
    assertThat(inputs("hi!" + ENTER + "!! !1 yes" + ENTER + CTRL_D))
        .containsExactly(new Message("hi!"), new Message("!! !1 yes"));
  }

  @Test
  void remembersLinesForTheNextTimeAndForNobodyElse() throws IOException {
    inputs("first" + ENTER + "one\\" + ENTER + "two" + ENTER + CTRL_D);
    assertThat(inputs(UP + ENTER + UP + UP + UP + ENTER + CTRL_D))
        .containsExactly(new Message("one\ntwo"), new Message("first"));
    Path file = folder.resolve("home/history");
    assertThat(Files.getPosixFilePermissions(file)).hasSize(2);
    assertThat(Files.getPosixFilePermissions(folder.resolve("home"))).hasSize(3);
  }

  @Test
  void doesWithoutAHistoryThatCannotBeRead() throws IOException {
    Path file = folder.resolve("home/history");
    PrivateFile.create(file);
    for (String damaged : List.of("\u00ff\u00fe\n", "no time\n", ":\n", "-1:x\\")) {
      Files.write(file, damaged.getBytes(StandardCharsets.ISO_8859_1));
      assertThat(inputs("hello" + ENTER + CTRL_D)).containsExactly(new Message("hello"));
    }
    Files.delete(file);
    Files.createDirectory(file);
    assertThat(inputs("hello" + ENTER + CTRL_D)).containsExactly(new Message("hello"));
  }

  @Test
  void ctrlCEndsAnAnswerOnlyWhileThereIsOne() throws IOException {
    AtomicInteger before = new AtomicInteger();
    AtomicInteger answer = new AtomicInteger();
    Terminal terminal = terminal("");
    terminal.handle(Terminal.Signal.INT, _ -> before.incrementAndGet());
    try (TerminalFront front =
        new TerminalFront(console().surroundings(), terminal, folder.resolve("history"))) {
      terminal.echo(true);
      try (Interrupts.Watch _ = front.interrupts().watch(answer::incrementAndGet)) {
        assertThat(terminal.echo()).as("what is typed shows in an answer").isFalse();
        terminal.raise(Terminal.Signal.INT);
      }
      assertThat(terminal.echo()).isTrue();
      terminal.raise(Terminal.Signal.INT);
    }
    assertThat(answer).hasValue(1);
    assertThat(before).hasValue(1);
  }
}
