package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.tokenizer.Tokenizer;

/**
 * A chat with a program: a line is a message, nothing but the answers is on standard output, and
 * notes are on standard error.
 */
final class PipedFront implements ChatFront {
  private final Surroundings surroundings;
  private final BufferedReader in;

  PipedFront(Surroundings surroundings) {
    this.surroundings = surroundings;
    this.in = new BufferedReader(new InputStreamReader(surroundings.in(), StandardCharsets.UTF_8));
  }

  @Override
  public Optional<ChatInput> read() {
    StringBuilder input = new StringBuilder();
    try {
      boolean more = readLine(input);
      while (more && isBlank(input)) {
        input.setLength(0);
        more = readLine(input);
      }
      while (more && ChatInput.isOpen(input)) {
        more = readLine(input.append('\n'));
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return isBlank(input) ? Optional.empty() : Optional.of(ChatInput.of(input.toString()));
  }

  private static boolean isBlank(StringBuilder input) {
    return input.chars().allMatch(Character::isWhitespace);
  }

  /** Appends a line without its end; false at the end of the input. */
  private boolean readLine(StringBuilder input) throws IOException {
    int character = in.read();
    if (character < 0) {
      return false;
    }
    while (character >= 0 && character != '\n') {
      input.append((char) character);
      if (input.length() > Tokenizer.MAX_TEXT_LENGTH) {
        throw new FolkmootException(
            BAD_REQUEST,
            "a message has more than %,d characters: send less"
                .formatted(Tokenizer.MAX_TEXT_LENGTH));
      }
      character = in.read();
    }
    return true;
  }

  @Override
  public void say(String line) {
    surroundings.console().note(line);
  }

  @Override
  public AnswerWriter answer() {
    return AnswerWriter.to(surroundings.console());
  }

  @Override
  public void endAnswer() {}

  @Override
  public Interrupts interrupts() {
    return surroundings.interrupts();
  }

  @Override
  public boolean isUnattended() {
    return true;
  }

  @Override
  public void close() {}
}
