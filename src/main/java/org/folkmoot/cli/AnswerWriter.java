package org.folkmoot.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntSupplier;
import org.folkmoot.session.Reasoning;
import org.jspecify.annotations.Nullable;

/**
 * Shows an answer as it comes. A program that reads gets the text as it is; a person at a terminal
 * gets it wrapped between words, and nothing in it that could steer the terminal.
 */
final class AnswerWriter {
  private final PrintStream out;
  private final @Nullable WordWrap wrap;
  private Reasoning reasoning = Reasoning.none();
  private Style style = new Style(false);

  /** Whether what was shown last is a thought. */
  private boolean thought;

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

  /**
   * Shows a person faintly what the model thinks before it answers. A program gets the text as it
   * is.
   */
  AnswerWriter telling(Reasoning thoughts, Style how) {
    if (wrap != null) {
      reasoning = thoughts;
      style = how;
    }
    return this;
  }

  /** Shows more text. White space before the first word of an answer is left out. */
  void write(String text) {
    write(reasoning.add(text));
  }

  private void write(Reasoning.Part part) {
    if (!part.thought().isEmpty()) {
      thought = true;
      show(wrapped(part.thought()));
    }
    if (!part.text().isEmpty()) {
      if (thought) {
        show((wrap == null ? "" : wrap.finish()) + "\n\n");
        thought = false;
      }
      String fresh = begun ? part.text() : part.text().stripLeading();
      begun |= !fresh.isEmpty();
      show(wrapped(fresh));
    }
  }

  private String wrapped(String text) {
    return wrap == null ? text : wrap.add(PlainText.of(text));
  }

  /** Ends the last line. */
  void finish() {
    write(reasoning.finish());
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
      out.print(thought ? style.faint(text) : text);
      out.flush();
      lineIsOpen = !text.endsWith("\n");
    }
  }

  /** Whether nothing arrives any more: the reader of a pipe has gone, or a disk is full. */
  boolean isCutOff() {
    return out.checkError();
  }
}
