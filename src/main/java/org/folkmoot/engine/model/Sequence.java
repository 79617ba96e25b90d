package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/**
 * A sequence of tokens with its cache. Used by one thread, but {@link #interrupt} and {@link
 * #close} may come from any.
 */
public final class Sequence implements AutoCloseable {
  private final BatchScheduler scheduler;
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
  private @Nullable Consumer<float[]> early;

  /** Who waits for a step, and whether there is something for it. */
  private @Nullable Thread caller;

  private volatile boolean over = true;

  /** Whether the caller came with its next step soon after the last, and when that was over. */
  private boolean soon = true;

  private long overSince;
  private float[] outputs = new float[0];
  private @Nullable Throwable failure;
  private boolean finished = true;
  private boolean inPass;
  private boolean interrupted;
  private boolean released;
  private boolean cancelled;

  /** A sequence that the scheduler has admitted, and promised so many bytes. */
  Sequence(BatchScheduler scheduler, Span part, KvCache cache, long bytes) {
    this.scheduler = scheduler;
    this.part = part;
    this.cache = cache;
    this.bytes = bytes;
  }

  /** Takes the results of {@link Sequence#submit}, on the thread that makes passes. */
  public interface Sink {
    /**
     * Outputs that {@link #computed} will bring, ahead of it: for work that takes its time and
     * needs nobody else. The threads that compute share it out among the sinks of a pass.
     */
    default void prepare(float[] outputs) {}

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

  /** Positions that its cache holds. */
  public int length() {
    return cache.length();
  }

  /**
   * Begins with keys and values that other sequences have computed for the same tokens, as many as
   * are known. Only of an empty sequence at rest. What it computes then is the same, bit for bit,
   * as if it had computed all.
   *
   * @param prompt of which at least one token is left to compute
   * @return what was noted of the positions that its cache holds now, in order
   */
  public List<byte[]> adopt(int[] prompt) {
    synchronized (scheduler) {
      return sharesBeginnings() ? cache.adopt(Arrays.copyOf(prompt, prompt.length - 1)) : List.of();
    }
  }

  /**
   * Lets others begin with what this sequence has computed. Only of a sequence at rest.
   *
   * @param tokens the first ones of those that its cache holds
   * @param notes something of each of them, all alike long
   */
  public void publish(int[] tokens, byte[] notes) {
    synchronized (scheduler) {
      if (sharesBeginnings()) {
        cache.publish(tokens, notes);
      }
    }
  }

  /** Whether it is at rest, and its keys and values are told by its tokens alone. */
  private boolean sharesBeginnings() {
    return !released && finished && part.equals(scheduler.model().span()) && part.embeds();
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
    early = null;
    return compute(next, which);
  }

  /**
   * The same, showing the hidden states behind the last layer.
   *
   * @param states given {@code [token][dim]} of the tokens in order, in parts, when they all went
   *     through
   * @param ahead given the outputs before this returns, by a thread that computes: for work that
   *     takes its time, which these threads share out among the sequences of a pass. What it throws
   *     is dropped.
   */
  public Optional<float[]> step(
      int[] next, Step.Wanted which, Consumer<float[]> states, Consumer<float[]> ahead) {
    keeping = true;
    early = ahead;
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
    synchronized (scheduler) {
      cancelled |= Thread.currentThread().isInterrupted();
      if (cancelled || interrupted) {
        return Optional.empty();
      }
      if (scheduler.isClosed()) {
        rethrow();
        return Optional.empty();
      }
      if (!finished) {
        throw new IllegalStateException("a sequence takes one step at a time");
      }
      outputs = new float[0];
      over = false;
      caller = Thread.currentThread();
      soon = scheduler.isSoon(overSince);
      begin(next.length, next.clone(), new float[0], Step.outputs(which, next.length), null);
    }
    await();
    synchronized (scheduler) {
      if (cancelled || interrupted) {
        return Optional.empty();
      }
      rethrow();
      return Optional.of(outputs);
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
    synchronized (scheduler) {
      if (cancelled) {
        return;
      }
      if (!finished) {
        throw new IllegalStateException("a sequence takes one step at a time");
      }
      if (!scheduler.isClosed()) {
        begin(count, ids, hidden, lastOutputs, taker);
        return;
      }
    }
    taker.failed(BatchPass.fault(failure)); // nobody makes passes any more
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
    scheduler.begin(this);
  }

  /** Only the sequences of a pass are woken by it, each on its own. */
  private void await() {
    while (!over) {
      LockSupport.park(this);
      if (Thread.interrupted()) {
        synchronized (scheduler) {
          cancelled = true;
        }
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** With the lock: the caller may go. Gives what wakes it, of no harm if it is gone. */
  private Runnable over() {
    over = true;
    Thread waiting = caller;
    return () -> LockSupport.unpark(waiting);
  }

  private void rethrow() {
    if (failure != null) {
      throw BatchPass.fault(failure);
    }
  }

  /**
   * Makes a step that waits return empty, and any further one, until {@link #restart}. The cache
   * stays.
   */
  public void interrupt() {
    synchronized (scheduler) {
      interrupted = true;
      scheduler.leave(this);
      finished |= !inPass;
      over().run();
      scheduler.notifyAll();
    }
  }

  /**
   * Keeps the first positions and forgets the rest, to go on from there with other tokens.
   *
   * @param keep how many positions to keep; after an interruption there may be fewer, and none if a
   *     sliding window has passed what the next one would see
   * @param maxPositions its greatest length from now on
   * @return positions kept
   * @throws FolkmootException as {@link BatchScheduler#open}; then all is as before
   */
  public int restart(int keep, int maxPositions) {
    synchronized (scheduler) {
      awaitEndOfPass();
      if (released || !finished) {
        throw new IllegalStateException("only an open sequence at rest can restart");
      }
      long wished = scheduler.bytesFor(maxPositions);
      scheduler.promise(wished, bytes);
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
    synchronized (scheduler) {
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
        scheduler.wait();
      } catch (InterruptedException later) {
        threadInterrupted = true;
      }
    }
    if (threadInterrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- with the scheduler's lock

  /** What part of the model it goes through. */
  Span part() {
    return part;
  }

  /** Shows its outputs to who wants to see them early; not with the lock. */
  void prepare(float[] results) {
    Sink taker = sink;
    Consumer<float[]> ahead = early;
    try {
      if (taker != null) {
        taker.prepare(results);
      } else if (ahead != null) {
        ahead.accept(results);
      }
    } catch (RuntimeException | Error dropped) {
      // Whoever needs what it was to find out tries again, and meets the fault then.
    }
  }

  /** Whether it wants hidden states. */
  boolean wantsStates() {
    return sink != null || keeping;
  }

  /** Tokens of its step that have not gone through. */
  int left() {
    return tokens - done;
  }

  /** Takes part in a pass with so many tokens. */
  Step enter(int budget) {
    inPass = true;
    int count = Math.min(budget, left());
    int end = done + count;
    int outputsNow = Math.clamp((long) end - (tokens - wanted), 0, count);
    if (ids.length > 0) {
      return new Step(cache, count, Arrays.copyOfRange(ids, done, end), new float[0], outputsNow);
    }
    int dim = scheduler.model().config().dim();
    return new Step(
        cache, count, new int[0], Arrays.copyOfRange(hidden, done * dim, end * dim), outputsNow);
  }

  /** Frees its memory at once; if a pass with it is under way, when that pass ends. */
  @Override
  public void close() {
    synchronized (scheduler) {
      cancelled = true;
      scheduler.leave(this);
      if (!inPass) {
        release();
      }
      over().run();
      scheduler.notifyAll();
    }
  }

  /**
   * Notes what came of a pass.
   *
   * @param step its own in it
   * @param states its hidden states {@code [token][dim]}, for those who ask
   * @param more its outputs
   * @param failed why nothing came of it
   * @return what to tell once the lock is free
   */
  Runnable settle(Step step, Supplier<float[]> states, float[] more, @Nullable Throwable failed) {
    inPass = false;
    if (cancelled) {
      release();
      return () -> {};
    }
    Sink taker = sink;
    if (failed != null || interrupted) {
      failure = failed;
      finished = true;
      return taker == null ? over() : () -> taker.failed(BatchPass.fault(failed));
    }
    done += step.tokens();
    finished = left() == 0;
    if (!finished) {
      scheduler.waitAgain(this);
    }
    if (taker != null) {
      boolean whole = finished;
      return () -> taker.computed(step.tokens(), states.get(), more, whole);
    }
    if (keeping) {
      kept.add(states.get());
    }
    outputs = joined(outputs, more);
    if (!finished) {
      return () -> {};
    }
    overSince = scheduler.now();
    if (soon) {
      scheduler.expect(this);
    }
    return over();
  }

  /** It was waited for in vain: whoever reads what it writes takes their time. */
  void isLate() {
    soon = false;
  }

  private static float[] joined(float[] before, float[] more) {
    if (before.length == 0 || more.length == 0) {
      return before.length == 0 ? more : before;
    }
    float[] all = Arrays.copyOf(before, before.length + more.length);
    System.arraycopy(more, 0, all, before.length, more.length);
    return all;
  }

  /** No pass comes any more. Gives what to tell. */
  Runnable abandon(Throwable why) {
    Sink taker = finished ? null : sink;
    failure = why;
    finished = true;
    inPass = false;
    return taker == null ? over() : () -> taker.failed(BatchPass.fault(why));
  }

  private void release() {
    if (!released) {
      released = true;
      cache.close();
      scheduler.released(this, bytes);
    }
  }
}
