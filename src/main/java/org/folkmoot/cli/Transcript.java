package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.tokenizer.Tokenizer;

/**
 * What was said in a chat: questions and answers in turn, after what the model is told first. Where
 * it outgrows the model's context, the model no longer sees the oldest turns; they stay here.
 */
final class Transcript {
  static final String SYSTEM = "system";
  static final String USER = "user";
  static final String ASSISTANT = "assistant";

  private String system = "";
  private final List<ChatMessage> turns = new ArrayList<>();

  /** How many messages at the beginning the model does not see; always whole turns. */
  private int unseen;

  /** What the model is told before anything else; empty for nothing. */
  String system() {
    return system;
  }

  void setSystem(String text) {
    system = text;
  }

  /** Questions and answers from the beginning. */
  List<ChatMessage> messages() {
    return List.copyOf(turns);
  }

  /** How many answers there are. */
  int answers() {
    return turns.size() / 2;
  }

  /** How many messages at the beginning the model does not see any more. */
  int unseen() {
    return unseen;
  }

  /** Lets the model see all again, as far as it fits. */
  void seeAll() {
    unseen = 0;
  }

  /** Forgets everything but what the model is told first. */
  void clear() {
    turns.clear();
    unseen = 0;
  }

  /** Goes on from other messages, which are questions and answers in turn. */
  void replace(List<ChatMessage> messages) {
    clear();
    turns.addAll(messages);
  }

  void ask(String question) {
    turns.add(new ChatMessage(USER, question));
  }

  void answer(String answer) {
    turns.add(new ChatMessage(ASSISTANT, answer));
  }

  /** Takes back the last question, to which there is no answer. */
  void takeBack() {
    turns.removeLast();
  }

  /**
   * The prompt for the next answer, short enough to leave room for one. If it would be too long,
   * the model loses sight of the oldest turns, and of enough of them that this is not needed again
   * with each turn: every time, the whole prompt must be computed anew. The last question always
   * stays, however long it is.
   *
   * @param encoder gives the ids of messages
   * @param context tokens that prompt and answer can have together
   * @param answer tokens to leave for the answer
   */
  int[] prompt(Function<List<ChatMessage>, int[]> encoder, int context, int answer) {
    if (fits(unseen, encoder, context - answer)) {
      return encoder.apply(from(unseen));
    }
    int few = unseen;
    int many = turns.size() - 1;
    // Between few, which is too many messages to see, and many, halved in whole turns.
    while (many - few > 2) {
      int middle = few + (many - few) / 4 * 2;
      if (fits(middle, encoder, (context - answer) / 2)) {
        many = middle;
      } else {
        few = middle;
      }
    }
    unseen = many;
    return encoder.apply(from(unseen));
  }

  private boolean fits(int from, Function<List<ChatMessage>, int[]> encoder, int tokens) {
    List<ChatMessage> seen = from(from);
    long characters = seen.stream().mapToLong(message -> message.content().length()).sum();
    return characters < Tokenizer.MAX_TEXT_LENGTH / 2 && encoder.apply(seen).length <= tokens;
  }

  private List<ChatMessage> from(int first) {
    List<ChatMessage> seen = new ArrayList<>();
    if (!system.isEmpty()) {
      seen.add(new ChatMessage(SYSTEM, system));
    }
    seen.addAll(turns.subList(first, turns.size()));
    return seen;
  }
}
