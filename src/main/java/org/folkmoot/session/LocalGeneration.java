package org.folkmoot.session;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.Sequence;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.sampling.LogProbabilities;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.SamplingHash;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;
import org.jspecify.annotations.Nullable;

/** A generation over a scheduler in this process. */
final class LocalGeneration implements Generation {
  /**
   * Where an answer is computed.
   *
   * @param sequence at rest
   * @param cached how many tokens of the prompt its cache holds, fewer than all
   * @param trail digests of the hidden states of what the cache holds, at least
   * @param release called once, when the answer is over; ends a step that waits
   */
  record Seat(Sequence sequence, int cached, StepTrail trail, Runnable release) {}

  /** What answers: for statements. */
  record Source(ModelId model, int layers, int dim) {}

  private static final int NONE = -1;

  private final GenerationRequest request;
  private final Seat seat;
  private final Source source;
  private final Tokenizer tokenizer;
  private final LongSupplier nanoTime;
  private final Sampler sampler;
  private final AnswerText text;
  private final int[] history;
  private final int promptLength;
  private int length;

  /** The next token, as the threads that compute have chosen it. */
  private volatile int chosen = NONE;

  private final long startNanos;
  private long firstNanos;
  private long lastNanos;
  private volatile @Nullable Ending ending;
  private boolean released;

  LocalGeneration(
      GenerationRequest request,
      int maxTokens,
      Seat seat,
      Source source,
      Tokenizer tokenizer,
      LongSupplier nanoTime) {
    this.request = request;
    this.seat = seat;
    this.source = source;
    this.tokenizer = tokenizer;
    this.nanoTime = nanoTime;
    this.sampler = new Sampler(request.sampler());
    this.text = new AnswerText(tokenizer, request.stops());
    int[] prompt = request.promptIds();
    this.promptLength = prompt.length;
    this.length = prompt.length;
    this.history = Arrays.copyOf(prompt, prompt.length + maxTokens);
    seat.trail.truncate(seat.cached);
    this.startNanos = nanoTime.getAsLong();
    this.firstNanos = startNanos;
    this.lastNanos = startNanos;
  }

  @Override
  public Optional<Piece> next() {
    if (ending != null) {
      return Optional.empty();
    }
    boolean first = length == promptLength;
    int[] ids = Arrays.copyOfRange(history, first ? seat.cached : length - 1, length);
    Optional<float[]> logits = step(ids);
    if (logits.isEmpty()) {
      end(Ending.CANCELLED);
      return Optional.empty();
    }
    int id = chosen == NONE ? choose(logits.get()) : chosen;
    history[length++] = id;
    lastNanos = nanoTime.getAsLong();
    if (first) {
      firstNanos = lastNanos;
      share();
    }
    return Optional.of(piece(id, logits.get()));
  }

  /** A head may have more rows than the vocabulary has tokens: padding, which is never chosen. */
  private int choose(float[] logits) {
    return sampler.next(logits, 0, tokenizer.size(), history, length);
  }

  private Optional<float[]> step(int[] ids) {
    chosen = NONE;
    try {
      return seat.sequence.step(
          ids,
          Step.Wanted.LAST,
          states -> seat.trail.addStates(seat.trail.length(), states, states.length / source.dim),
          logits -> chosen = choose(logits));
    } catch (RuntimeException failed) {
      end(Ending.CANCELLED);
      throw failed;
    }
  }

  private Piece piece(int id, float[] logits) {
    AnswerText.Part part = text.add(id, length == history.length);
    part.ending().ifPresent(this::end);
    if (request.topLogprobs() < 0) {
      return new Piece(id, part.text(), Float.NaN, List.of());
    }
    LogProbabilities all = new LogProbabilities(logits, 0, tokenizer.size());
    List<Alternative> top = new ArrayList<>();
    for (int other : all.likeliest(request.topLogprobs())) {
      top.add(new Alternative(other, all.of(other)));
    }
    return new Piece(id, part.text(), all.of(id), top);
  }

  private void end(Ending how) {
    ending = how;
    if (how != Ending.CANCELLED) {
      share();
    }
    release();
  }

  /** Lets other answers begin with what this one has computed. */
  private void share() {
    int known = Math.min(seat.trail.length(), seat.sequence.length());
    seat.sequence.publish(Arrays.copyOf(history, known), seat.trail.digests(known));
  }

  /**
   * When this has returned, no late call of {@link #close} can disturb what the seat serves next.
   */
  private synchronized void release() {
    if (!released) {
      released = true;
      seat.release.run();
    }
  }

  @Override
  public Optional<Evidence> evidence(Signer self) {
    int positions = length - 1;
    if (ending == null
        || ending == Ending.CANCELLED
        || request.trace().isEmpty()
        || seat.trail.length() < positions) {
      return Optional.empty();
    }
    HopStatement statement = statement(request.trace().get(), positions);
    SignedStatement signed =
        new SignedStatement(self.peerId(), statement, self.sign(statement.signedBytes()));
    return Optional.of(new Evidence(List.of(signed), List.of()));
  }

  private HopStatement statement(TraceKey key, int positions) {
    StepTrail inputs = new StepTrail();
    inputs.addIds(0, Arrays.copyOf(history, positions));
    Hash32 sampling = SamplingHash.of(SwarmModel.sampling(request));
    return new HopStatement(
        request.session().orElseThrow(),
        source.model,
        List.of(),
        LayerRange.whole(source.layers),
        positions,
        key.hash(),
        inputs.root(key, positions),
        seat.trail.root(key, positions),
        Optional.of(
            new HopStatement.Sampled(
                sampling,
                promptLength,
                length - promptLength,
                key.tokensRoot(history, 0, promptLength),
                key.tokensRoot(history, promptLength, length))),
        Optional.empty());
  }

  /** Prompt and answer so far; the seat's cache holds a beginning of it. */
  int[] ids() {
    return Arrays.copyOf(history, length);
  }

  @Override
  public Optional<Ending> ending() {
    return Optional.ofNullable(ending);
  }

  @Override
  public Usage usage() {
    return new Usage(
        promptLength,
        length - promptLength,
        seat.cached,
        firstNanos - startNanos,
        lastNanos - firstNanos);
  }

  @Override
  public void close() {
    if (ending == null) {
      ending = Ending.CANCELLED;
    }
    release();
  }
}
