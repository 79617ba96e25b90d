package org.folkmoot.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows an answer as it comes. A program that reads gets the text as it is; a person at a terminal
 * gets it wrapped between words, and nothing in it that could steer the terminal.
 */
final class AnswerWriter {
  private final PrintStream out;
  private final @Nullable WordWrap wrap;
  private boolean begun;
  private boolean lineIsOpen;

  private AnswerWriter(PrintStream out, @Nullable WordWrap wrap) {
    this.out = out;
    this.wrap = wrap;
  }

  /** For a file or a pipe. */
  static AnswerWriter plain(PrintStream out) {
    return new AnswerWriter(out, null);
  }

  /** For nobody: where only the answer itself counts. */
  static AnswerWriter silent() {
    return plain(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8));
  }

  /** For a person at a terminal so wide. */
  static AnswerWriter wrapped(PrintStream out, IntSupplier columns) {
    return new AnswerWriter(out, new WordWrap(columns));
  }

  /** For whoever is at the other end. */
  static AnswerWriter to(Console console) {
    return console.outIsTerminal()
        ? wrapped(console.out(), askedOnce(console.columns()))
        : plain(console.out());
  }

  /**
   * Asks for the width beside the model's work, for that takes a process; and not again during an
   * answer.
   */
  private static IntSupplier askedOnce(IntSupplier columns) {
    CompletableFuture<Integer> width = CompletableFuture.supplyAsync(columns::getAsInt);
    return width::join;
  }

  /** Shows text as a continuation of something: with the white space at its beginning. */
  AnswerWriter continuing() {
    begun = true;
    return this;
  }

  /** Shows more text. White space before the first word of an answer is left out. */
  void write(String text) {
    String fresh = begun ? text : text.stripLeading();
    begun |= !fresh.isEmpty();
    show(wrap == null ? fresh : wrap.add(PlainText.of(fresh)));
  }

  /** Ends the last line. */
  void finish() {
    if (wrap != null) {
      show(wrap.finish());
    }
    if (lineIsOpen) {
      out.println();
      out.flush();
    }
  }

  private void show(String text) {
    if (!text.isEmpty()) {
      out.print(text);
      out.flush();
      lineIsOpen = !text.endsWith("\n");
    }
  }

  /** Whether nothing arrives any more: the reader of a pipe has gone, or a disk is full. */
  boolean isCutOff() {
    return out.checkError();
  }
}
