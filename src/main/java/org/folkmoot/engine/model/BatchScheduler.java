package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.folkmoot.base.FolkmootException;

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

  /**
   * How long callers of the latest pass are waited for: longer than a draw takes, and a wake-up.
   */
  private static final long LEAST_PATIENCE = 1_000_000;

  private static final long MOST_PATIENCE = 5_000_000;

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

  /** Sequences of the latest pass whose callers are expected with their next step at once. */
  private final Set<Sequence> expected = new HashSet<>();

  /** When the latest pass was over, and whether those of it are waited for. */
  private long passOver;

  private boolean gathering;

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
    Sequence sequence = new Sequence(this, part, new KvCache(pool), bytes);
    open.add(sequence);
    return sequence;
  }

  /**
   * Bytes of cache for so many positions.
   *
   * @throws FolkmootException BAD_REQUEST if there never will be room
   */
  long bytesFor(int positions) {
    long bytes = pool.plan().bytes(positions);
    if (bytes > pool.budgetBytes()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "a context of %d tokens needs %d MiB, but only %d are set aside: ask for fewer tokens or raise --kv-memory"
              .formatted(positions, bytes >> 20, pool.budgetBytes() >> 20));
    }
    return bytes;
  }

  /** Promises a sequence memory instead of that promised before. With the lock. */
  void promise(long bytes, long before) {
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

  /** Sequences that are open now. */
  public synchronized int openSequences() {
    return open.size();
  }

  /** Bytes of cache that are in use now. */
  public long usedKvBytes() {
    return pool.usedBytes();
  }

  // ---- for sequences, with the lock

  SpanModel model() {
    return model;
  }

  boolean isClosed() {
    return closed;
  }

  /** A sequence has a step to do. */
  void begin(Sequence sequence) {
    waiting.add(sequence);
    expected.remove(sequence);
    callDriver();
  }

  /** A sequence has its result, and its caller will soon want the next. */
  void expect(Sequence sequence) {
    expected.add(sequence);
  }

  long now() {
    return nanoTime.getAsLong();
  }

  /** Whether a step that is over since then is over for so short a time that others can wait. */
  boolean isSoon(long since) {
    return now() - since <= patience();
  }

  /** An eighth of a pass: to go on without somebody costs a good part of another. */
  private long patience() {
    return Math.clamp(smallPass / 8, LEAST_PATIENCE, MOST_PATIENCE);
  }

  /** A sequence that shared a pass has more to do: it stands at the end of the line. */
  void waitAgain(Sequence sequence) {
    waiting.add(sequence);
  }

  /** A sequence wants no more of its step than is under way. */
  void leave(Sequence sequence) {
    waiting.remove(sequence);
    expected.remove(sequence);
  }

  /** A sequence needs its memory no more. */
  void released(Sequence sequence, long bytes) {
    promisedBytes -= bytes;
    open.remove(sequence);
  }

  // ---- passes

  /** Somebody waits for a pass: has it made. Called with the lock. */
  private void callDriver() {
    if (volunteered || driving) {
      return; // whoever makes that pass looks again
    }
    if (gathering || !expected.isEmpty()) {
      if (!gathering || expected.isEmpty()) {
        notifyAll();
      }
      return;
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
    try {
      Optional<BatchPass> pass = volunteered();
      if (pass.isEmpty()) {
        return;
      }
      make(pass.get(), model::rest);
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

  /** The pass of a volunteer; empty if it is not needed any more. */
  private synchronized Optional<BatchPass> volunteered() {
    volunteered = false;
    if (driving || closed || waiting.isEmpty()) {
      return Optional.empty();
    }
    if (!isSmall()) {
      notifyAll(); // a long prompt came meanwhile: that is for the driver
      return Optional.empty();
    }
    driving = true;
    return Optional.of(nextPass());
  }

  private void drive() {
    try {
      for (Optional<BatchPass> pass = await(); pass.isPresent(); pass = await()) {
        BatchPass next = pass.get();
        // Callers that were waited for have something to do now, on the processors of the workers.
        make(next, next.sequences() > 1 ? model::rest : () -> {});
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
    List<Runnable> tellings;
    synchronized (this) {
      closed = true;
      driving = false;
      tellings = open.stream().map(sequence -> sequence.abandon(why)).toList();
      notifyAll();
    }
    tellings.forEach(Runnable::run);
  }

  /** Waits for somebody who wants a pass; empty when the scheduler is closed. */
  private synchronized Optional<BatchPass> await() throws InterruptedException {
    do {
      while (driving || (!closed && (volunteered || waiting.isEmpty()))) {
        wait();
      }
      gather();
    } while (driving || (!closed && (volunteered || waiting.isEmpty())));
    if (closed) {
      return Optional.empty();
    }
    driving = true;
    return Optional.of(nextPass());
  }

  /**
   * Waits for the callers of the latest pass, who come with their next step one after the other: a
   * pass for all of them takes little longer than one for the first. Who was late once is not
   * waited for until it comes in time again.
   */
  private void gather() throws InterruptedException {
    gathering = true;
    long until = passOver + patience();
    for (long left = until - now(); !closed && !expected.isEmpty() && left > 0; ) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - now();
    }
    gathering = false;
    if (!expected.isEmpty()) {
      expected.forEach(Sequence::isLate);
      expected.clear();
    }
  }

  /** Takes those in line who share the next pass. */
  private BatchPass nextPass() {
    // One pass is for one part of the span; usually all sequences have the same.
    Span part = waiting.element().part();
    List<Sequence> inLine = waiting.stream().filter(one -> one.part().equals(part)).toList();
    int[] shares = PassPlan.shares(inLine.stream().mapToInt(Sequence::left).toArray());
    List<BatchPass.Turn> turns = new ArrayList<>();
    for (int i = 0; i < shares.length; i++) {
      Sequence sequence = inLine.get(i);
      if (shares[i] > 0) {
        turns.add(new BatchPass.Turn(sequence, sequence.enter(shares[i])));
        waiting.remove(sequence);
      }
    }
    return new BatchPass(model, turns);
  }

  /**
   * Makes a pass and tells its sequences.
   *
   * @param computed run as soon as nothing is left to compute
   */
  private void make(BatchPass pass, Runnable computed) {
    long start = nanoTime.getAsLong();
    pass.compute();
    if (pass.failed() && pass.sequences() > 1) {
      pass.each().forEach(alone -> make(alone, computed));
      return;
    }
    computed.run();
    List<Runnable> tellings;
    synchronized (this) {
      if (pass.tokens() <= MOST_VOLUNTEERED) {
        smallPass = (3 * smallPass + nanoTime.getAsLong() - start) / 4;
      }
      tellings = pass.settle();
      passOver = now();
      notifyAll();
    }
    if (tellings.size() == 1) {
      tellings.getFirst().run();
    } else {
      volunteer.tell(() -> tellings.forEach(Runnable::run));
    }
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
