package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * Continuous batching (Yu et al. 2022, "Orca"): one thread makes pass after pass, each with the
 * next tokens of every sequence that waits. Long prompts are cut into chunks and take turns, so
 * that nobody's next token waits for somebody's novel. What shares a pass cannot be seen in the
 * bits.
 *
 * <p>Admission: a sequence is let in only if the cache memory for its greatest length is left, so
 * that none starves half-way.
 *
 * <p>A thread that brings a step may make the pass itself (see {@link Volunteer}): waking another
 * takes as long as a layer of a small model.
 */
public final class BatchScheduler implements AutoCloseable {
  /** Lends the calling thread for passes that are over soon. */
  @FunctionalInterface
  public interface Volunteer {
    /** Has the calling thread run a task once it has nothing else at hand; false if it will not. */
    boolean accepts(Runnable task);

    /** Has all sequences told what came of a pass that they shared; on any thread. */
    default void tell(Runnable all) {
      all.run();
    }
  }

  /** Where counting positions ends; no context is longer. */
  private static final int MOST_POSITIONS = 1 << 24;

  /** Tokens of a pass that a volunteer makes: a few sessions' next ones, and drafts. */
  private static final int MOST_VOLUNTEERED = 32;

  /** How long a volunteer may be kept: no sooner than this does anyone miss a sign of life. */
  private static final long LONGEST_VOLUNTEERED = 20_000_000;

  private final SpanModel model;
  private final KvPool pool;
  private final int maxSequences;
  private final Thread driver;
  private final Deque<Sequence> waiting = new ArrayDeque<>();
  private final Set<Sequence> open = new HashSet<>();
  private final Volunteer volunteer;
  private final LongSupplier nanoTime;
  private long promisedBytes;
  private boolean closed;

  /** Whether a volunteer is about to make a pass. */
  private boolean volunteered;

  /** Whether somebody makes a pass: only one at a time does. */
  private boolean driving;

  /**
   * What a pass of few tokens takes, in nanoseconds, by the latest ones. Long until it is known:
   * the first passes of a process are.
   */
  private long smallPass = 20 * LONGEST_VOLUNTEERED;

  /** A scheduler whose own thread makes all passes. */
  public BatchScheduler(SpanModel model, long kvBytes, int maxSequences) {
    this(model, kvBytes, maxSequences, _ -> false);
  }

  /**
   * Starts the thread.
   *
   * @param model not closed by the scheduler
   * @param kvBytes the most memory that all caches together may take
   * @param maxSequences the most sequences at a time
   * @param volunteer asked on the threads that submit steps
   */
  public BatchScheduler(SpanModel model, long kvBytes, int maxSequences, Volunteer volunteer) {
    this(model, kvBytes, maxSequences, volunteer, System::nanoTime);
  }

  /** The same by another clock. */
  BatchScheduler(
      SpanModel model, long kvBytes, int maxSequences, Volunteer volunteer, LongSupplier nanoTime) {
    this.model = model;
    this.nanoTime = nanoTime;
    this.volunteer = volunteer;
    this.pool = model.newKvPool(kvBytes);
    this.maxSequences = maxSequences;
    this.driver = Thread.ofPlatform().daemon().name("folkmoot-passes").start(this::drive);
  }

  /**
   * Admits a sequence.
   *
   * @param maxPositions its greatest length
   * @throws FolkmootException BUSY if there is no room now, BAD_REQUEST if there never will be
   */
  public Sequence open(int maxPositions) {
    return open(model.span(), maxPositions);
  }

  /**
   * Admits a sequence that goes through a part of the span only; otherwise as {@link #open(int)}.
   */
  public synchronized Sequence open(Span part, int maxPositions) {
    if (!model.span().covers(part)) {
      throw new IllegalArgumentException(part + " is not in " + model.span());
    }
    long bytes = bytesFor(maxPositions);
    if (open.size() >= maxSequences) {
      throw busy();
    }
    promise(bytes, 0);
    Sequence sequence = new Sequence(part, new KvCache(pool), bytes);
    open.add(sequence);
    return sequence;
  }

  private long bytesFor(int positions) {
    long bytes = pool.plan().bytes(positions);
    if (bytes > pool.budgetBytes()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "a context of %d tokens needs %d MiB, but only %d are set aside: ask for fewer tokens or raise --kv-memory"
              .formatted(positions, bytes >> 20, pool.budgetBytes() >> 20));
    }
    return bytes;
  }

  /** Promises a sequence memory instead of that promised before. */
  private void promise(long bytes, long before) {
    if (closed || promisedBytes - before + bytes > pool.budgetBytes()) {
      throw busy();
    }
    promisedBytes += bytes - before;
  }

  private static FolkmootException busy() {
    return new FolkmootException(
        BUSY, "busy: all room for answers is taken; try again in a moment");
  }

  /** The greatest length that a sequence can have in the memory for caches. */
  public int maxPositions() {
    return pool.plan().positions(pool.budgetBytes(), MOST_POSITIONS);
  }

  /** Positions that are left for new sequences. */
  public synchronized int freePositions() {
    if (closed || open.size() >= maxSequences) {
      return 0;
    }
    return pool.plan().positions(pool.budgetBytes() - promisedBytes, MOST_POSITIONS);
  }

  /** Takes the results of {@link Sequence#submit}, on the thread that makes passes. */
  public interface Sink {
    /**
     * Some of the tokens went through.
     *
     * @param tokens how many
     * @param states their hidden states {@code [token][dim]} behind the last layer
     * @param outputs those of the wanted outputs that belong to them
     * @param done whether these were the last
     */
    void computed(int tokens, float[] states, float[] outputs, boolean done);

    /** It cannot be done; the cache is as before the part that failed. */
    void failed(RuntimeException why);
  }

  /** Sequences that are open now. */
  public synchronized int openSequences() {
    return open.size();
  }

  /** Bytes of cache that are in use now. */
  public long usedKvBytes() {
    return pool.usedBytes();
  }

  /**
   * A sequence of tokens with its cache. Used by one thread, but {@link #interrupt} and {@link
   * #close} may come from any.
   */
  public final class Sequence implements AutoCloseable {
    private final Span part;
    private final KvCache cache;
    private long bytes;
    private int[] ids = new int[0];
    private float[] hidden = new float[0];
    private int tokens;
    private int done;
    private int wanted;
    private @Nullable Sink sink;
    private boolean keeping;
    private final List<float[]> kept = new ArrayList<>();
    private float @Nullable [] outputs;
    private int outputCount;
    private @Nullable Throwable failure;
    private boolean finished = true;
    private boolean inPass;
    private boolean interrupted;
    private boolean released;
    private boolean cancelled;

    private Sequence(Span part, KvCache cache, long bytes) {
      this.part = part;
      this.cache = cache;
      this.bytes = bytes;
    }

    /** Positions that its cache holds. */
    public int length() {
      return cache.length();
    }

    /**
     * Begins with keys and values that other sequences have computed for the same tokens, as many
     * as are known. Only of an empty sequence at rest. What it computes then is the same, bit for
     * bit, as if it had computed all.
     *
     * @param prompt of which at least one token is left to compute
     * @return what was noted of the positions that its cache holds now, in order
     */
    public List<byte[]> adopt(int[] prompt) {
      synchronized (BatchScheduler.this) {
        return sharesBeginnings()
            ? cache.adopt(Arrays.copyOf(prompt, prompt.length - 1))
            : List.of();
      }
    }

    /**
     * Lets others begin with what this sequence has computed. Only of a sequence at rest.
     *
     * @param tokens the first ones of those that its cache holds
     * @param notes something of each of them, all alike long
     */
    public void publish(int[] tokens, byte[] notes) {
      synchronized (BatchScheduler.this) {
        if (sharesBeginnings()) {
          cache.publish(tokens, notes);
        }
      }
    }

    /** Whether it is at rest, and its keys and values are told by its tokens alone. */
    private boolean sharesBeginnings() {
      return !released && finished && part.equals(model.span()) && part.embeds();
    }

    /**
     * Computes the next tokens and waits for them.
     *
     * @return outputs {@code [output][outputLength]}, or empty if the sequence was closed or
     *     interrupted meanwhile
     * @throws FolkmootException as {@link SpanModel#forward}; NO_ROOM if memory does not suffice
     */
    public Optional<float[]> step(int[] next, Step.Wanted which) {
      keeping = false;
      return compute(next, which);
    }

    /**
     * The same, showing the hidden states behind the last layer.
     *
     * @param states given {@code [token][dim]} of the tokens in order, in parts, when they all went
     *     through
     */
    public Optional<float[]> step(int[] next, Step.Wanted which, Consumer<float[]> states) {
      keeping = true;
      kept.clear();
      Optional<float[]> computed = compute(next, which);
      if (computed.isPresent()) {
        kept.forEach(states);
      }
      kept.clear();
      return computed;
    }

    private Optional<float[]> compute(int[] next, Step.Wanted which) {
      if (next.length == 0) {
        throw new IllegalArgumentException("a step of no tokens");
      }
      synchronized (BatchScheduler.this) {
        if (cancelled || interrupted) {
          return Optional.empty();
        }
        if (!finished) {
          throw new IllegalStateException("a sequence takes one step at a time");
        }
        int count = Step.outputs(which, next.length);
        outputCount = 0;
        outputs = new float[count * model.outputLength(part)];
        begin(next.length, next.clone(), new float[0], count, null);
        while (!finished && !cancelled && !interrupted) {
          await();
        }
        if (cancelled || interrupted) {
          return Optional.empty();
        }
        rethrow();
        return Optional.ofNullable(outputs);
      }
    }

    /**
     * Computes the next tokens without waiting for them. Exactly one of {@code ids} and {@code
     * hidden} has the input; what is in it must not change until the end.
     *
     * @param count number of tokens
     * @param lastOutputs of how many of the last tokens outputs are wanted
     * @param taker told the results; not if the sequence is closed meanwhile
     */
    public void submit(int count, int[] ids, float[] hidden, int lastOutputs, Sink taker) {
      if (count == 0) {
        throw new IllegalArgumentException("a step of no tokens");
      }
      synchronized (BatchScheduler.this) {
        if (cancelled || closed) {
          return;
        }
        if (!finished) {
          throw new IllegalStateException("a sequence takes one step at a time");
        }
        begin(count, ids, hidden, lastOutputs, taker);
      }
    }

    private void begin(
        int count, int[] nextIds, float[] nextHidden, int lastOutputs, @Nullable Sink taker) {
      tokens = count;
      ids = nextIds;
      hidden = nextHidden;
      done = 0;
      wanted = lastOutputs;
      sink = taker;
      failure = null;
      finished = false;
      waiting.add(this);
      callDriver();
    }

    private void await() {
      try {
        BatchScheduler.this.wait();
      } catch (InterruptedException interrupted) {
        cancelled = true;
        Thread.currentThread().interrupt();
      }
    }

    private void rethrow() {
      if (failure != null) {
        throw fault(failure);
      }
    }

    /**
     * Makes a step that waits return empty, and any further one, until {@link #restart}. The cache
     * stays.
     */
    public void interrupt() {
      synchronized (BatchScheduler.this) {
        interrupted = true;
        waiting.remove(this);
        finished |= !inPass;
        BatchScheduler.this.notifyAll();
      }
    }

    /**
     * Keeps the first positions and forgets the rest, to go on from there with other tokens.
     *
     * @param keep how many positions to keep; after an interruption there may be fewer, and none if
     *     a sliding window has passed what the next one would see
     * @param maxPositions its greatest length from now on
     * @return positions kept
     * @throws FolkmootException as {@link BatchScheduler#open}; then all is as before
     */
    public int restart(int keep, int maxPositions) {
      synchronized (BatchScheduler.this) {
        awaitEndOfPass();
        if (released || !finished) {
          throw new IllegalStateException("only an open sequence at rest can restart");
        }
        long wished = bytesFor(maxPositions);
        promise(wished, bytes);
        bytes = wished;
        cache.truncate(cache.reachable(Math.min(keep, cache.length())));
        interrupted = false;
        return cache.length();
      }
    }

    /**
     * Forgets the positions from here on. Only of a sequence at rest.
     *
     * @throws FolkmootException BUSY if a sliding window has passed what the next one would see
     */
    public void truncate(int positions) {
      synchronized (BatchScheduler.this) {
        if (released || !finished) {
          throw new IllegalStateException("only an open sequence at rest can be truncated");
        }
        if (cache.reachable(positions) != positions) {
          throw new FolkmootException(
              BUSY,
              "the sliding window has gone on: position %d cannot be taken up again, begin anew"
                  .formatted(positions));
        }
        cache.truncate(positions);
      }
    }

    /** A pass is over before anyone gets impatient, so an interrupt of the thread can wait. */
    private void awaitEndOfPass() {
      boolean threadInterrupted = false;
      while (inPass) {
        try {
          BatchScheduler.this.wait();
        } catch (InterruptedException later) {
          threadInterrupted = true;
        }
      }
      if (threadInterrupted) {
        Thread.currentThread().interrupt();
      }
    }

    private int left() {
      return tokens - done;
    }

    private Step chunk(int budget) {
      int count = Math.min(budget, left());
      int end = done + count;
      int outputsNow = Math.clamp((long) end - (tokens - wanted), 0, count);
      if (ids.length > 0) {
        return new Step(cache, count, Arrays.copyOfRange(ids, done, end), new float[0], outputsNow);
      }
      int dim = model.config().dim();
      return new Step(
          cache, count, new int[0], Arrays.copyOfRange(hidden, done * dim, end * dim), outputsNow);
    }

    /** Frees its memory at once; if a pass with it is under way, when that pass ends. */
    @Override
    public void close() {
      synchronized (BatchScheduler.this) {
        cancelled = true;
        waiting.remove(this);
        if (!inPass) {
          release();
        }
        BatchScheduler.this.notifyAll();
      }
    }

    private void release() {
      if (!released) {
        released = true;
        cache.close();
        promisedBytes -= bytes;
        open.remove(this);
      }
    }
  }

  /** What a caller is told of a pass that failed. */
  private static RuntimeException fault(@Nullable Throwable failure) {
    return switch (failure) {
      case FolkmootException fault ->
          new FolkmootException(fault.code(), String.valueOf(fault.getMessage()), fault);
      case OutOfMemoryError none ->
          new FolkmootException(
              NO_ROOM,
              "memory does not suffice to go on: lower --kv-memory or use a smaller model",
              none);
      case null -> new FolkmootException(BUSY, "the answer was interrupted");
      case Throwable other -> new IllegalStateException("a pass failed", other);
    };
  }

  private record Turn(Sequence sequence, Step step) {}

  /** Somebody waits for a pass: has it made. Called with the lock. */
  private void callDriver() {
    if (volunteered || driving) {
      return; // whoever makes that pass looks again
    }
    model.rouse();
    volunteered =
        smallPass < LONGEST_VOLUNTEERED && isSmall() && volunteer.accepts(this::volunteer);
    if (!volunteered) {
      notifyAll();
    }
  }

  /** Whether all that wait have few tokens together. */
  private boolean isSmall() {
    return waiting.stream().mapToInt(Sequence::left).sum() <= MOST_VOLUNTEERED;
  }

  /** One pass on the thread of a volunteer. */
  private void volunteer() {
    List<Turn> turns;
    synchronized (this) {
      volunteered = false;
      if (driving || closed || waiting.isEmpty()) {
        return;
      }
      if (!isSmall()) {
        notifyAll(); // a long prompt came meanwhile: that is for the driver
        return;
      }
      driving = true;
      turns = turns();
    }
    try {
      pass(turns, model::rest);
    } catch (RuntimeException | Error broken) {
      abandon(broken);
      throw broken;
    }
    synchronized (this) {
      driving = false;
      if (closed) {
        notifyAll();
      } else if (!waiting.isEmpty()) {
        callDriver();
      }
    }
  }

  private void drive() {
    try {
      for (List<Turn> turns = nextTurns(); !turns.isEmpty(); turns = nextTurns()) {
        pass(turns, () -> {});
        synchronized (this) {
          driving = false;
        }
      }
    } catch (InterruptedException | RuntimeException | Error broken) {
      abandon(broken);
      throw new IllegalStateException("the thread that makes passes ended", broken);
    }
  }

  /** Nobody must wait for a thread that is no more. */
  private void abandon(Throwable why) {
    List<Sink> told = new ArrayList<>();
    synchronized (this) {
      closed = true;
      driving = false;
      for (Sequence sequence : open) {
        if (!sequence.finished && sequence.sink != null) {
          told.add(sequence.sink);
        }
        sequence.failure = why;
        sequence.finished = true;
        sequence.inPass = false;
      }
      notifyAll();
    }
    told.forEach(sink -> sink.failed(fault(why)));
  }

  /** Waits for somebody who wants a pass; empty when the scheduler is closed. */
  private synchronized List<Turn> nextTurns() throws InterruptedException {
    while (driving || (!closed && (volunteered || waiting.isEmpty()))) {
      wait();
    }
    if (closed) {
      return List.of();
    }
    driving = true;
    return turns();
  }

  /** Takes those in line who share the next pass. */
  private List<Turn> turns() {
    // One pass is for one part of the span; usually all sequences have the same.
    Span part = waiting.element().part;
    List<Sequence> inLine = waiting.stream().filter(one -> one.part.equals(part)).toList();
    int[] shares = PassPlan.shares(inLine.stream().mapToInt(Sequence::left).toArray());
    List<Turn> turns = new ArrayList<>();
    for (int i = 0; i < shares.length; i++) {
      Sequence sequence = inLine.get(i);
      if (shares[i] > 0) {
        turns.add(new Turn(sequence, sequence.chunk(shares[i])));
        waiting.remove(sequence);
        sequence.inPass = true;
      }
    }
    return turns;
  }

  private void pass(List<Turn> turns, Runnable computed) {
    Span part = turns.getFirst().sequence.part;
    boolean states =
        turns.stream().anyMatch(turn -> turn.sequence.sink != null || turn.sequence.keeping);
    SpanModel.Pass result = new SpanModel.Pass(new float[0], new float[0]);
    Throwable failure = null;
    long start = nanoTime.getAsLong();
    try {
      result = model.forward(part, turns.stream().map(Turn::step).toList(), states);
    } catch (RuntimeException | Error failed) {
      failure = failed;
    }
    if (failure != null && turns.size() > 1) {
      // One bad sequence must not take the others with it: everyone again, alone.
      turns.forEach(turn -> pass(List.of(turn), computed));
      return;
    }
    computed.run();
    List<Runnable> tellings = new ArrayList<>();
    synchronized (this) {
      if (turns.stream().mapToInt(turn -> turn.step.tokens()).sum() <= MOST_VOLUNTEERED) {
        smallPass = (3 * smallPass + nanoTime.getAsLong() - start) / 4;
      }
      int output = 0;
      int token = 0;
      for (Turn turn : turns) {
        int length = turn.step.outputs() * model.outputLength(part);
        tellings.add(deliver(turn, new Results(result, output, length, token, failure)));
        output += length;
        token += turn.step.tokens();
      }
      notifyAll();
    }
    if (tellings.size() == 1) {
      tellings.getFirst().run();
    } else {
      volunteer.tell(() -> tellings.forEach(Runnable::run));
    }
  }

  /** What a pass gave for one of its turns. */
  private record Results(
      SpanModel.Pass pass, int outputAt, int outputLength, int token, @Nullable Throwable failure) {
    float[] outputs() {
      return slice(pass.outputs(), outputAt, outputLength);
    }

    float[] states(int tokens, int dim) {
      return slice(pass.states(), token * dim, tokens * dim);
    }

    /** A part of what a pass gave; all of it, for a single turn, is not copied. */
    private static float[] slice(float[] all, int at, int length) {
      return length == all.length ? all : Arrays.copyOfRange(all, at, at + length);
    }
  }

  /** Notes what came of a turn. Gives what to tell its sink once the lock is free. */
  private Runnable deliver(Turn turn, Results results) {
    Sequence sequence = turn.sequence;
    sequence.inPass = false;
    if (sequence.cancelled) {
      sequence.release();
      return () -> {};
    }
    Sink sink = sequence.sink;
    if (results.failure != null || sequence.interrupted) {
      sequence.failure = results.failure;
      sequence.finished = true;
      return sink == null ? () -> {} : () -> sink.failed(fault(results.failure));
    }
    sequence.done += turn.step.tokens();
    sequence.finished = sequence.left() == 0;
    if (!sequence.finished) {
      waiting.add(sequence);
    }
    if (sink != null) {
      boolean done = sequence.finished;
      return () ->
          sink.computed(
              turn.step.tokens(),
              results.states(turn.step.tokens(), model.config().dim()),
              results.outputs(),
              done);
    }
    if (sequence.keeping) {
      sequence.kept.add(results.states(turn.step.tokens(), model.config().dim()));
    }
    if (results.outputLength > 0 && sequence.outputs != null) {
      System.arraycopy(
          results.pass.outputs(),
          results.outputAt,
          sequence.outputs,
          sequence.outputCount * model.outputLength(sequence.part),
          results.outputLength);
      sequence.outputCount += turn.step.outputs();
    }
    return () -> {};
  }

  /** Cancels all sequences and frees all caches. Closing twice is harmless. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    try {
      driver.join();
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return; // the memory stays until the process ends, which it is about to
    }
    synchronized (this) {
      List.copyOf(open).forEach(Sequence::close);
      notifyAll();
    }
    pool.close();
  }
}
