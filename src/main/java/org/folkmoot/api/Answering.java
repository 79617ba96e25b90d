package org.folkmoot.api;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.folkmoot.api.Cancellation.CancelledException;
import org.folkmoot.api.Cancellation.Reason;
import org.folkmoot.api.openai.AnswerWriter.FinishReason;
import org.folkmoot.api.openai.Provenance.Proven;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.session.Generation;
import org.folkmoot.session.Generation.Ending;
import org.folkmoot.session.Generation.Piece;
import org.folkmoot.session.GenerationRequest;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.session.Reasoning;
import org.jspecify.annotations.Nullable;

/**
 * Makes the answers of one request: each in its turn, pulled no faster than its sink takes it, and
 * all of them ended when one fails or the client goes.
 */
final class Answering {
  /**
   * One answer to make.
   *
   * @param choice its index in the response
   * @param first whether it is the first answer to its prompt
   * @param request what to generate
   * @param echo the text with which the answer begins, not generated
   * @param chat whether what the model thinks aloud is told apart
   * @param shaping what made the prompt, for the receipt
   * @param salt of the receipt, if the caller drew it
   */
  record Job(
      int choice,
      boolean first,
      GenerationRequest request,
      String echo,
      boolean chat,
      Notary.Shaping shaping,
      Optional<Hash32> salt) {}

  /**
   * What the answers took.
   *
   * @param generated tokens of all
   * @param cached tokens of the prompts that were there from earlier answers, each prompt counted
   *     once
   */
  record Counts(long generated, long cached) {}

  private static final String UNSIGNED = "not everyone who computed this answer signed it";

  private final LanguageModel model;
  private final FairGate gate;
  private final Metrics metrics;
  private final LongSupplier nanos;
  private final Notary notary;
  private final String client;
  private final long arrivedNanos;
  private final Cancellation cancellation;
  private final AnswerSink sink;
  private final LongAdder generated = new LongAdder();
  private final LongAdder cached = new LongAdder();
  private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

  /**
   * Answers to be made.
   *
   * @param policies hashes of those that shaped the request, for receipts
   */
  Answering(
      Service service, Caller caller, LanguageModel model, List<Hash32> policies, AnswerSink sink) {
    this.model = model;
    this.sink = sink;
    gate = service.gate();
    metrics = service.metrics();
    nanos = service.environment().nanos();
    notary = service.environment().notary().under(policies);
    client = caller.client();
    arrivedNanos = caller.arrivedNanos();
    cancellation = caller.cancellation();
  }

  /**
   * Makes all answers.
   *
   * @throws CancelledException if the request was cancelled
   * @throws org.folkmoot.base.FolkmootException what the model throws
   */
  Counts run(List<Job> jobs) {
    if (jobs.size() == 1) {
      run(jobs.getFirst());
    } else {
      runTogether(jobs);
    }
    return new Counts(generated.sum(), cached.sum());
  }

  /** Several choices share the model's passes, so they go side by side. */
  private void runTogether(List<Job> jobs) {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      jobs.forEach(job -> threads.execute(() -> runOrFailAll(job)));
    }
    switch (failure.get()) {
      case null -> {}
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private void runOrFailAll(Job job) {
    try {
      run(job);
    } catch (RuntimeException | Error e) {
      failure.compareAndSet(null, e);
      cancellation.cancel(Reason.FAILED);
    }
  }

  private void run(Job job) {
    Notary.Pending receipt = begin(job);
    try (var turn = enter(receipt.request());
        Generation generation = turn.opened();
        var _ = cancellation.onCancel(generation::close)) {
      try {
        sink.begin(job.choice());
        if (!job.echo().isEmpty()) {
          sink.piece(job.choice(), job.echo(), Optional.empty());
        }
        int[] ids = pull(job, generation);
        sink.end(job.choice(), reason(generation.ending()), prove(receipt, generation, ids));
        metrics.answered(nanos.getAsLong() - arrivedNanos);
      } finally {
        Generation.Usage usage = generation.usage();
        generated.add(usage.generatedTokens());
        cached.add(job.first() ? usage.cachedTokens() : 0);
        metrics.tokens(usage.promptTokens(), usage.generatedTokens());
      }
    }
  }

  private Notary.Pending begin(Job job) {
    return job.salt()
        .map(salt -> notary.begin(model, job.request(), job.shaping(), salt))
        .orElseGet(() -> notary.begin(model, job.request(), job.shaping()));
  }

  /** An answer that was given stays given if it cannot be proved; but that is said. */
  private static Proven prove(Notary.Pending receipt, Generation generation, int[] ids) {
    try {
      return new Proven(receipt.finish(generation, ids), UNSIGNED);
    } catch (FolkmootException otherwise) {
      return new Proven(Optional.empty(), String.valueOf(otherwise.getMessage()));
    }
  }

  private FairGate.Turn<Generation> enter(GenerationRequest request) {
    return gate.enter(client, model.name(), cancellation, () -> model.generate(request));
  }

  /** Sends the answer as it comes, and returns its tokens. */
  private int[] pull(Job job, Generation generation) {
    IntStream.Builder ids = IntStream.builder();
    boolean wanted = job.request().topLogprobs() >= 0;
    LogprobTrail trail = new LogprobTrail(model.tokenizer(), wanted, job.echo().length());
    Reasoning reasoning =
        job.chat() ? Reasoning.after(model, job.request().promptIds()) : Reasoning.none();
    boolean first = true;
    for (Piece piece = next(generation); piece != null; piece = next(generation)) {
      if (first) {
        metrics.firstToken(nanos.getAsLong() - arrivedNanos);
        first = false;
      }
      ids.add(piece.id());
      trail.add(piece);
      if (!piece.text().isEmpty()) {
        send(job.choice(), reasoning.add(piece.text()), trail);
      }
    }
    send(job.choice(), reasoning.finish(), trail);
    if (trail.isHolding() && !generation.ending().equals(Optional.of(Ending.STOP_STRING))) {
      sink.piece(job.choice(), "", trail.release(""));
    }
    return ids.build().toArray();
  }

  private void send(int choice, Reasoning.Part part, LogprobTrail trail) {
    if (!part.thought().isEmpty()) {
      sink.thought(choice, part.thought(), trail.release(part.thought()));
    }
    if (!part.text().isEmpty()) {
      sink.piece(choice, part.text(), trail.release(part.text()));
    }
  }

  private @Nullable Piece next(Generation generation) {
    Piece piece = generation.next().orElse(null);
    if (cancellation.reason() != null) {
      throw new CancelledException();
    }
    return piece;
  }

  private static FinishReason reason(Optional<Ending> ending) {
    return switch (ending.orElse(null)) {
      case END_OF_ANSWER, STOP_STRING -> FinishReason.STOP;
      case LENGTH -> FinishReason.LENGTH;
      // Nobody here did it: the model itself was closed.
      case CANCELLED -> throw ActiveAnswers.stopping();
      case null -> throw new IllegalStateException("a generation ended without saying why");
    };
  }
}
