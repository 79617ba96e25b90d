package org.folkmoot.kernel;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A few threads that share out the pieces of one job at a time. Jobs of a forward pass follow each
 * other within microseconds, so idle workers spin for a moment before they sleep. Which thread does
 * which piece is left open: it cannot change a result.
 */
public final class WorkerPool implements AutoCloseable {
  /** A piece of work. */
  @FunctionalInterface
  public interface Piece {
    /**
     * Does pieces {@code from <= i < to}.
     *
     * @param worker the thread's number, for its scratch memory
     */
    void run(int from, int to, int worker);
  }

  /** Longer than the gap between two jobs of a pass, shorter than anyone notices on a battery. */
  private static final long SPIN_NANOS = 100_000;

  private static final int SPINS_BETWEEN_LOOKS = 64;

  private final Thread[] threads;
  private final Scratch[] scratch;
  private final AtomicInteger sleeping = new AtomicInteger();
  private volatile @Nullable Job job;
  private volatile boolean resting;
  private volatile boolean closed;

  /** A pool in which {@code workers} threads work, the caller of {@link #run} among them. */
  public WorkerPool(int workers) {
    if (workers < 1) {
      throw new IllegalArgumentException("at least one worker");
    }
    scratch = new Scratch[workers];
    for (int i = 0; i < workers; i++) {
      scratch[i] = new Scratch();
    }
    threads = new Thread[workers - 1];
    for (int i = 0; i < threads.length; i++) {
      int number = i + 1;
      threads[i] =
          Thread.ofPlatform().daemon().name("folkmoot-worker-" + number).start(() -> work(number));
    }
  }

  /** Width in bits of the vectors that the kernels use on this machine. */
  public static int vectorBits() {
    return Lanes.BITS;
  }

  /** Number of threads that work. */
  public int workers() {
    return scratch.length;
  }

  /** The scratch memory of a worker. */
  public Scratch scratch(int worker) {
    return scratch[worker];
  }

  /**
   * Runs all pieces and returns when they are done. One call at a time: each has the scratch memory
   * of all workers to itself.
   *
   * @param count number of pieces
   * @param grain pieces that a thread takes at once
   * @throws RuntimeException what a piece threw; the others are finished first
   * @throws IllegalStateException if another call is seen to be under way
   */
  public void run(int count, int grain, Piece piece) {
    if (job != null) {
      throw new IllegalStateException("a pool does one job at a time");
    }
    if (count <= grain || threads.length == 0) {
      piece.run(0, count, 0);
      return;
    }
    Job next = new Job(piece, count, grain);
    job = next;
    if (sleeping.get() > 0) {
      rouse();
    }
    next.help(0);
    next.await();
    job = null;
    next.rethrow();
  }

  /**
   * The same, one piece at a time, in such an order that of several jobs of as many pieces each
   * thread does mostly the same ones: what a piece left in a processor's cache is then still there.
   *
   * @param count number of pieces
   */
  public void runNear(int count, Piece piece) {
    int workers = workers();
    AtomicIntegerArray taken = new AtomicIntegerArray(count);
    run(
        Math.min(workers, count),
        1,
        (_, _, worker) -> {
          int first = (int) ((long) worker * count / workers);
          for (int i = 0; i < count; i++) {
            int next = (first + i) % count;
            if (taken.get(next) == 0 && taken.compareAndSet(next, 0, 1)) {
              piece.run(next, next + 1, worker);
            }
          }
        });
  }

  /** Wakes whoever sleeps: a job comes in a moment. Does nothing else, and may come in vain. */
  public void rouse() {
    resting = false;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }

  /** Has the workers sleep at once when they have nothing to do, until {@link #rouse}. */
  public void rest() {
    resting = true;
  }

  private void work(int number) {
    @Nullable Job done = null;
    while (!closed) {
      Job next = await(done);
      if (next != null) {
        next.help(number);
        done = next;
      }
    }
  }

  private @Nullable Job await(@Nullable Job done) {
    long start = System.nanoTime();
    while (true) {
      for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
        Job next = job;
        if (next != null && next != done) {
          return next;
        }
        Thread.onSpinWait();
      }
      if (closed) {
        return null;
      }
      if (resting || System.nanoTime() - start > SPIN_NANOS) {
        sleeping.incrementAndGet();
        Job next = job;
        if (!closed && (next == null || next == done)) {
          LockSupport.park(this);
        }
        sleeping.decrementAndGet();
        start = System.nanoTime();
      }
    }
  }

  /** Ends the threads. */
  @Override
  public void close() {
    closed = true;
    for (Thread thread : threads) {
      LockSupport.unpark(thread);
    }
  }

  private static final class Job {
    private final Piece piece;
    private final int count;
    private final int grain;
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger finished = new AtomicInteger();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Job(Piece piece, int count, int grain) {
      this.piece = piece;
      this.count = count;
      this.grain = grain;
    }

    void help(int worker) {
      while (true) {
        int from = next.getAndAdd(grain);
        if (from >= count) {
          return;
        }
        int to = Math.min(count, from + grain);
        try {
          piece.run(from, to, worker);
        } catch (RuntimeException | Error failed) {
          failure.compareAndSet(null, failed);
        } finally {
          finished.addAndGet(to - from);
        }
      }
    }

    @SuppressWarnings("ThreadPriorityCheck") // only speed depends on it
    void await() {
      int spins = 0;
      while (finished.get() < count) {
        Thread.onSpinWait();
        if (++spins % 4096 == 0) {
          Thread.yield(); // more threads than processors: let the one we wait for run
        }
      }
    }

    void rethrow() {
      switch (failure.get()) {
        case null -> {}
        case RuntimeException exception -> throw exception;
        case Error error -> throw error;
        case Throwable other -> throw new IllegalStateException(other);
      }
    }
  }
}
