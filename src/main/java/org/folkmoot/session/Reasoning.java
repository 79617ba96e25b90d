package org.folkmoot.session;

import org.folkmoot.engine.tokenizer.Tokenizer;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a model thinks aloud from what it answers: models that reason put their thoughts
 * between {@code <think>} and {@code </think>} before the answer, or their template opens the first
 * of these in the prompt. How the text is cut into pieces makes no difference.
 */
public final class Reasoning {
  private static final String OPENS = "<think>";
  private static final String CLOSES = "</think>";

  /** Tokens at a prompt's end that can spell an opened thought, with the lines after it. */
  private static final int TAIL = 16;

  /**
   * Part of an answer.
   *
   * @param thought what the model thinks; empty if it does not
   * @param text what it says; empty if it does not
   */
  public record Part(String thought, String text) {}

  private enum State {
    BEGINNING,
    THINKING,
    ANSWERING
  }

  private final StringBuilder held = new StringBuilder();
  private State state;

  /** Whether the white space between two parts is still to be left out. */
  private boolean between;

  /** Who tells the parts apart where they are messages on channels. */
  private final @Nullable Channels channels;

  private Reasoning(State state, @Nullable Channels channels) {
    this.state = state;
    this.channels = channels;
    between = state != State.ANSWERING;
  }

  /** For a model whose template knows of no thoughts: all is answer. */
  public static Reasoning none() {
    return new Reasoning(State.ANSWERING, null);
  }

  /** For a model that speaks in messages on channels, as gpt-oss does. */
  static Reasoning channels() {
    return new Reasoning(State.ANSWERING, new Channels());
  }

  /** For the answer to a prompt. */
  public static Reasoning after(LanguageModel model, int[] prompt) {
    if (model.chatTemplate().contains(Channels.CHANNEL)) {
      return channels();
    }
    if (!model.chatTemplate().contains(CLOSES)) {
      return none();
    }
    Tokenizer tokenizer = model.tokenizer();
    int from = Math.max(0, prompt.length - TAIL);
    String tail = tokenizer.decode(java.util.Arrays.copyOfRange(prompt, from, prompt.length));
    return after(tail);
  }

  /** For the answer to a prompt that ends so. */
  static Reasoning after(String tail) {
    return new Reasoning(
        tail.stripTrailing().endsWith(OPENS) ? State.THINKING : State.BEGINNING, null);
  }

  /** Whether the model thinks at the moment. */
  public boolean isThinking() {
    return channels != null ? channels.isThinking() : state == State.THINKING;
  }

  /** Takes more of the answer, and gives what is certain. */
  public Part add(String text) {
    if (channels != null) {
      return channels.add(text);
    }
    held.append(text);
    StringBuilder thought = new StringBuilder();
    if (state == State.BEGINNING) {
      begin();
    }
    if (state == State.THINKING) {
      think(thought);
    }
    return new Part(thought.toString(), state == State.ANSWERING ? rest() : "");
  }

  private void begin() {
    String said = held.toString().stripLeading();
    if (said.startsWith(OPENS)) {
      held.setLength(0);
      held.append(said, OPENS.length(), said.length());
      state = State.THINKING;
    } else if (!OPENS.startsWith(said)) {
      state = State.ANSWERING;
      between = false;
    }
  }

  private void think(StringBuilder thought) {
    skipWhiteSpace();
    int end = held.indexOf(CLOSES);
    int certain = end >= 0 ? end : held.length() - openEnd();
    thought.append(held, 0, certain);
    held.delete(0, certain);
    if (end >= 0) {
      held.delete(0, CLOSES.length());
      state = State.ANSWERING;
      between = true;
    }
  }

  /** How much at the end could still become the closing mark. */
  private int openEnd() {
    for (int length = Math.min(CLOSES.length() - 1, held.length()); length > 0; length--) {
      if (CLOSES.startsWith(held.substring(held.length() - length))) {
        return length;
      }
    }
    return 0;
  }

  private String rest() {
    skipWhiteSpace();
    String rest = held.toString();
    held.setLength(0);
    return rest;
  }

  private void skipWhiteSpace() {
    if (between) {
      int from = 0;
      while (from < held.length() && Character.isWhitespace(held.charAt(from))) {
        from++;
      }
      held.delete(0, from);
      between = held.isEmpty();
    }
  }

  /** What was held back, at the end of the answer. */
  public Part finish() {
    if (channels != null) {
      return channels.finish();
    }
    String rest = held.toString();
    held.setLength(0);
    return state == State.THINKING ? new Part(rest, "") : new Part("", rest);
  }
}
