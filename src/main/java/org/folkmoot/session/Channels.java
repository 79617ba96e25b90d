package org.folkmoot.session;

/**
 * Tells thoughts from answer in what gpt-oss says: messages on channels ("harmony"), each {@code
 * <|channel|>NAME<|message|>TEXT<|end|>}, with {@code <|start|>ROLE} before those that follow the
 * first. What is said on {@code analysis} is thought; all else is answer. How the text is cut into
 * pieces makes no difference.
 */
final class Channels {
  /** What a template that speaks so contains. */
  static final String CHANNEL = "<|channel|>";

  private static final String MESSAGE = "<|message|>";
  private static final String[] ENDS = {
    "<|end|>", "<|start|>", "<|return|>", "<|call|>", CHANNEL, MESSAGE
  };

  private final StringBuilder held = new StringBuilder();

  /** Whether what is held belongs before a message's text. */
  private boolean header = true;

  private boolean begun;
  private boolean thinking;

  /** Whether the model thinks at the moment. */
  boolean isThinking() {
    return thinking && !header;
  }

  /** Takes more, and gives what is certain. */
  Reasoning.Part add(String text) {
    held.append(text);
    StringBuilder thought = new StringBuilder();
    StringBuilder answer = new StringBuilder();
    while (header ? endHeader() : endText(thinking ? thought : answer)) {
      header = !header;
    }
    return new Reasoning.Part(thought.toString(), answer.toString());
  }

  /** Whether a message's text begins, or has begun without any of this. */
  private boolean endHeader() {
    int end = held.indexOf(MESSAGE);
    if (end >= 0) {
      thinking = held.substring(0, end).contains(CHANNEL + "analysis");
      held.delete(0, end + MESSAGE.length());
      begun = true;
      return true;
    }
    return !begun && !held.isEmpty() && !canBegin();
  }

  private boolean canBegin() {
    String said = held.toString().stripLeading();
    if (said.isEmpty() || said.startsWith("to=") || "to=".startsWith(said)) {
      return true;
    }
    for (String mark : ENDS) {
      if (said.startsWith(mark) || mark.startsWith(said)) {
        return true;
      }
    }
    return false;
  }

  /** Gives a message's text as far as it is certain; whether it ends. */
  private boolean endText(StringBuilder to) {
    begun = true;
    int end = held.length();
    boolean ends = false;
    for (String mark : ENDS) {
      int at = held.indexOf(mark);
      if (at >= 0 && at <= end) {
        end = at;
        ends = true;
      }
    }
    int certain = ends ? end : held.length() - openEnd();
    to.append(held, 0, certain);
    held.delete(0, certain);
    return ends;
  }

  /** How much at the end could still become a mark. */
  private int openEnd() {
    int open = held.lastIndexOf("<");
    if (open < 0) {
      return 0;
    }
    String last = held.substring(open);
    for (String mark : ENDS) {
      if (mark.startsWith(last)) {
        return last.length();
      }
    }
    return 0;
  }

  /** What was held back, at the end of the answer; of a header nothing. */
  Reasoning.Part finish() {
    String rest = header && begun ? "" : held.toString();
    held.setLength(0);
    return isThinking() ? new Reasoning.Part(rest, "") : new Reasoning.Part("", rest);
  }

  /** The answer alone, of all that was said: what a template wants to be told of earlier turns. */
  static String answerOf(String said) {
    if (!said.contains(CHANNEL)) {
      return said;
    }
    Channels channels = new Channels();
    return channels.add(said).text() + channels.finish().text();
  }
}
