package org.folkmoot.api;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.folkmoot.api.openai.AnswerWriter;
import org.folkmoot.api.openai.AnswerWriter.FinishReason;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ErrorWriter;
import org.folkmoot.api.openai.Provenance;
import org.folkmoot.api.openai.Provenance.Proven;
import org.folkmoot.api.openai.TokenLogprob;
import org.jspecify.annotations.Nullable;

/**
 * Streams answers as they come. The response begins with the first choice: what fails before it
 * still has a status of its own, what fails later becomes an event.
 */
final class StreamSink implements AnswerSink {
  private final Exchange exchange;
  private final AnswerWriter writer;
  private final boolean includeUsage;
  private final Function<List<Proven>, Provenance> provenance;
  private final @Nullable Proven[] proven;
  private int unended;
  private @Nullable EventStream events;

  StreamSink(Exchange exchange, AnswerWriter writer, AnswerPlan plan) {
    this.exchange = exchange;
    this.writer = writer;
    includeUsage = plan.includeUsage();
    provenance = plan::provenance;
    unended = plan.jobs().size();
    proven = new Proven[unended];
  }

  @Override
  public synchronized void begin(int choice) {
    EventStream stream = events == null ? exchange.openEvents() : events;
    events = stream;
    writer.opening(choice).ifPresent(stream::send);
  }

  @Override
  public void thought(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    open().send(writer.thought(choice, text, logprobs));
  }

  @Override
  public void piece(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    open().send(writer.piece(choice, text, logprobs));
  }

  @Override
  public synchronized void end(int choice, FinishReason reason, Proven how) {
    unended--;
    proven[choice] = how;
    boolean last = unended == 0 && !includeUsage;
    open().send(writer.ending(choice, reason, last ? Optional.of(ofAll()) : Optional.empty()));
  }

  private Provenance ofAll() {
    return provenance.apply(Arrays.stream(proven).map(Objects::requireNonNull).toList());
  }

  /** Ends the stream. */
  synchronized void done(AnswerWriter.Tokens tokens) {
    if (includeUsage) {
      open().send(writer.usage(tokens, ofAll()));
    }
    open().done();
    open().close();
  }

  /** Whether the response has begun. */
  synchronized boolean hasBegun() {
    return events != null;
  }

  /** Ends a stream that cannot go on. */
  void fail(ApiException error) {
    open().send(ErrorWriter.write(error));
    open().close();
  }

  private synchronized EventStream open() {
    if (events == null) {
      throw new IllegalStateException("nothing was begun");
    }
    return events;
  }
}
