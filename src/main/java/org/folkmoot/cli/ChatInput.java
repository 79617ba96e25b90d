package org.folkmoot.cli;

import java.util.Locale;

/** What a person enters in a chat. */
sealed interface ChatInput {
  /** Begins and ends text of several lines, as in Ollama. */
  String QUOTES = "\"\"\"";

  /**
   * Something for the program.
   *
   * @param name without its slash, in lower case
   * @param argument what follows, stripped; may be empty
   */
  record Command(String name, String argument) implements ChatInput {}

  /** Something for the model. */
  record Message(String text) implements ChatInput {}

  /**
   * Whether more lines belong to this input: its quotes are not closed, or its last line ends with
   * a backslash. Nothing is copied, for it is asked at each line of what may be long.
   */
  static boolean isOpen(CharSequence input) {
    int from = startOfBody(input);
    int to = endOfText(input);
    if (isQuotes(input, from, to)) {
      return to - from < 2 * QUOTES.length() || !isQuotes(input, to - QUOTES.length(), to);
    }
    int backslashes = input.length();
    while (backslashes > 0 && input.charAt(backslashes - 1) == '\\') {
      backslashes--;
    }
    return (input.length() - backslashes) % 2 == 1;
  }

  /** Reads an input, which may still be open where no more lines come. */
  static ChatInput of(String input) {
    int from = startOfBody(input);
    int to = Math.max(from, endOfText(input));
    String body = unquoted(input.substring(from, to));
    String before = input.substring(0, from).strip();
    return before.isEmpty()
        ? new Message(body)
        : new Command(before.substring(1).toLowerCase(Locale.ROOT), body);
  }

  private static String unquoted(String body) {
    if (!body.startsWith(QUOTES)) {
      return body.replace("\\\n", "\n");
    }
    boolean closed = body.length() >= 2 * QUOTES.length() && body.endsWith(QUOTES);
    int end = closed ? body.length() - QUOTES.length() : body.length();
    return body.substring(QUOTES.length(), end).strip();
  }

  /** Where a message begins, or what a command is given. */
  private static int startOfBody(CharSequence input) {
    int at = skip(input, 0, true);
    return at < input.length() && input.charAt(at) == '/'
        ? skip(input, skip(input, at, false), true)
        : at;
  }

  /** Passes what is, or is not, white space. */
  private static int skip(CharSequence input, int from, boolean space) {
    int at = from;
    while (at < input.length() && Character.isWhitespace(input.charAt(at)) == space) {
      at++;
    }
    return at;
  }

  private static int endOfText(CharSequence input) {
    int at = input.length();
    while (at > 0 && Character.isWhitespace(input.charAt(at - 1))) {
      at--;
    }
    return at;
  }

  private static boolean isQuotes(CharSequence input, int from, int to) {
    return to - from >= QUOTES.length()
        && QUOTES.contentEquals(input.subSequence(from, from + QUOTES.length()));
  }
}
