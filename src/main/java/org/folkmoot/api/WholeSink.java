package org.folkmoot.api;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.api.openai.AnswerWriter.Answer;
import org.folkmoot.api.openai.AnswerWriter.FinishReason;
import org.folkmoot.api.openai.Provenance.Proven;
import org.folkmoot.api.openai.TokenLogprob;

/** Collects answers for a response that is not a stream. */
final class WholeSink implements AnswerSink {
  private static final class Choice {
    final StringBuilder thought = new StringBuilder();
    final StringBuilder text = new StringBuilder();
    final List<TokenLogprob> logprobs = new ArrayList<>();
    Optional<FinishReason> reason = Optional.empty();
    Optional<Proven> proven = Optional.empty();
  }

  private final boolean logprobs;
  private final List<Choice> choices = new ArrayList<>();

  WholeSink(int count, boolean logprobs) {
    this.logprobs = logprobs;
    for (int i = 0; i < count; i++) {
      choices.add(new Choice());
    }
  }

  @Override
  public void begin(int choice) {}

  @Override
  public void thought(int index, String text, Optional<List<TokenLogprob>> tokens) {
    Choice choice = choices.get(index);
    choice.thought.append(text);
    tokens.ifPresent(choice.logprobs::addAll);
  }

  @Override
  public void piece(int index, String text, Optional<List<TokenLogprob>> tokens) {
    Choice choice = choices.get(index);
    choice.text.append(text);
    tokens.ifPresent(choice.logprobs::addAll);
  }

  @Override
  public void end(int choice, FinishReason reason, Proven proven) {
    choices.get(choice).reason = Optional.of(reason);
    choices.get(choice).proven = Optional.of(proven);
  }

  /** All answers, once they have ended. */
  List<Answer> answers() {
    return choices.stream()
        .map(choice ->
            new Answer(
                choice.thought.toString(),
                choice.text.toString(),
                logprobs ? Optional.of(choice.logprobs) : Optional.empty(),
                choice.reason.orElseThrow()))
        .toList();
  }

  /** How each can be proved, once they have ended. */
  List<Proven> proven() {
    return choices.stream().map(choice -> choice.proven.orElseThrow()).toList();
  }
}
