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
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.KvLayout;
import org.jspecify.annotations.Nullable;

/**
 * Continuous batching (Yu et al. 2022, "Orca"): one thread makes pass after pass, each with the
 * next tokens of every sequence that waits. Long prompts are cut into chunks and take turns, so
 * that nobody's next token waits for somebody's novel. What shares a pass cannot be seen in the
 * bits.
 *
 * <p>Admission: a sequence is let in only if the cache memory for its greatest length is left, so
 * that none starves half-way.
 */
public final class BatchScheduler implements AutoCloseable {
  private final SpanModel model;
  private final KvPool pool;
  private final int maxSequences;
  private final Thread driver;
  private final Deque<Sequence> waiting = new ArrayDeque<>();
  private final Set<Sequence> open = new HashSet<>();
  private long promisedPages;
  private boolean closed;

  /**
   * Starts the thread.
   *
   * @param model not closed by the scheduler
   * @param kvBytes the most memory that all caches together may take
   * @param maxSequences the most sequences at a time
   */
  public BatchScheduler(SpanModel model, long kvBytes, int maxSequences) {
    this.model = model;
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
  public synchronized Sequence open(int maxPositions) {
    long pages = pagesFor(maxPositions);
    if (open.size() >= maxSequences) {
      throw busy();
    }
    promise(pages, 0);
    Sequence sequence = new Sequence(new KvCache(pool), pages);
    open.add(sequence);
    return sequence;
  }

  private long pagesFor(int positions) {
    long pages = (positions + KvLayout.POSITIONS - 1L) / KvLayout.POSITIONS;
    if (pages > pool.maxPages()) {
      throw new FolkmootException(
          BAD_REQUEST,
          "a context of %d tokens needs %d MiB, but only %d are set aside: ask for fewer tokens or raise --kv-memory"
              .formatted(
                  positions,
                  (pages * pool.layout().pageBytes()) >> 20,
                  (pool.maxPages() * pool.layout().pageBytes()) >> 20));
    }
    return pages;
  }

  /** Promises a sequence pages instead of those promised before. */
  private void promise(long pages, long before) {
    if (closed || promisedPages - before + pages > pool.maxPages()) {
      throw busy();
    }
    promisedPages += pages - before;
  }

  private static FolkmootException busy() {
    return new FolkmootException(
        BUSY, "busy: all room for answers is taken; try again in a moment");
  }

  /** The greatest length that a sequence can have in the memory for caches. */
  public int maxPositions() {
    return (int) Math.min(Integer.MAX_VALUE, (long) pool.maxPages() * KvLayout.POSITIONS);
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
    private final KvCache cache;
    private long pages;
    private int[] ids = new int[0];
    private int done;
    private Step.Wanted wanted = Step.Wanted.NOTHING;
    private float @Nullable [] outputs;
    private int outputCount;
    private @Nullable Throwable failure;
    private boolean finished = true;
    private boolean inPass;
    private boolean interrupted;
    private boolean released;
    private boolean cancelled;

    private Sequence(KvCache cache, long pages) {
      this.cache = cache;
      this.pages = pages;
    }

    /** Positions that its cache holds. */
    public int length() {
      return cache.length();
    }

    /**
     * Computes the next tokens and waits for them.
     *
     * @return outputs {@code [output][outputLength]}, or empty if the sequence was closed or
     *     interrupted meanwhile
     * @throws FolkmootException as {@link SpanModel#forward}; NO_ROOM if memory does not suffice
     */
    public Optional<float[]> step(int[] next, Step.Wanted which) {
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
        ids = next.clone();
        done = 0;
        wanted = which;
        outputCount = 0;
        outputs = new float[Step.ofIds(cache, ids, which).outputs() * model.outputLength()];
        failure = null;
        finished = false;
        waiting.add(this);
        BatchScheduler.this.notifyAll();
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

    private void await() {
      try {
        BatchScheduler.this.wait();
      } catch (InterruptedException interrupted) {
        cancelled = true;
        Thread.currentThread().interrupt();
      }
    }

    private void rethrow() {
      switch (failure) {
        case null -> {}
        case FolkmootException fault ->
            throw new FolkmootException(fault.code(), String.valueOf(fault.getMessage()), fault);
        case OutOfMemoryError none ->
            throw new FolkmootException(
                NO_ROOM,
                "memory does not suffice to go on: lower --kv-memory or use a smaller model",
                none);
        case Throwable other -> throw new IllegalStateException("a pass failed", other);
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
     * @param keep how many positions to keep; after an interruption there may be fewer
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
        long wished = pagesFor(maxPositions);
        promise(wished, pages);
        pages = wished;
        cache.truncate(Math.min(keep, cache.length()));
        interrupted = false;
        return cache.length();
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

    private Step chunk(int budget) {
      int count = Math.min(budget, ids.length - done);
      boolean last = done + count == ids.length;
      Step.Wanted now =
          switch (wanted) {
            case NOTHING -> Step.Wanted.NOTHING;
            case LAST -> last ? Step.Wanted.LAST : Step.Wanted.NOTHING;
            case ALL -> Step.Wanted.ALL;
          };
      return Step.ofIds(cache, Arrays.copyOfRange(ids, done, done + count), now);
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
        promisedPages -= pages;
        open.remove(this);
      }
    }
  }

  private record Turn(Sequence sequence, Step step) {}

  private void drive() {
    try {
      for (List<Turn> turns = nextTurns(); !turns.isEmpty(); turns = nextTurns()) {
        pass(turns);
      }
    } catch (InterruptedException | RuntimeException | Error broken) {
      abandon(broken);
      throw new IllegalStateException("the thread that makes passes ended", broken);
    }
  }

  /** Nobody must wait for a thread that is no more. */
  private synchronized void abandon(Throwable why) {
    closed = true;
    for (Sequence sequence : open) {
      sequence.failure = why;
      sequence.finished = true;
      sequence.inPass = false;
    }
    notifyAll();
  }

  /** Waits for somebody who wants a pass; empty when the scheduler is closed. */
  private synchronized List<Turn> nextTurns() throws InterruptedException {
    while (waiting.isEmpty() && !closed) {
      wait();
    }
    if (closed) {
      return List.of();
    }
    List<Sequence> inLine = List.copyOf(waiting);
    int[] shares =
        PassPlan.shares(inLine.stream().mapToInt(one -> one.ids.length - one.done).toArray());
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

  private void pass(List<Turn> turns) {
    float[] outputs = new float[0];
    Throwable failure = null;
    try {
      outputs = model.forward(turns.stream().map(Turn::step).toList());
    } catch (RuntimeException | Error failed) {
      failure = failed;
    }
    if (failure != null && turns.size() > 1) {
      // One bad sequence must not take the others with it: everyone again, alone.
      turns.forEach(turn -> pass(List.of(turn)));
      return;
    }
    synchronized (this) {
      int at = 0;
      for (Turn turn : turns) {
        int length = turn.step.outputs() * model.outputLength();
        deliver(turn, outputs, at, length, failure);
        at += length;
      }
      notifyAll();
    }
  }

  private void deliver(
      Turn turn, float[] outputs, int at, int length, @Nullable Throwable failure) {
    Sequence sequence = turn.sequence;
    sequence.inPass = false;
    if (sequence.cancelled) {
      sequence.release();
      return;
    }
    if (failure != null || sequence.interrupted) {
      sequence.failure = failure;
      sequence.finished = true;
      return;
    }
    if (length > 0 && sequence.outputs != null) {
      System.arraycopy(
          outputs, at, sequence.outputs, sequence.outputCount * model.outputLength(), length);
      sequence.outputCount += turn.step.outputs();
    }
    sequence.done += turn.step.tokens();
    if (sequence.done == sequence.ids.length) {
      sequence.finished = true;
    } else {
      waiting.add(sequence);
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
