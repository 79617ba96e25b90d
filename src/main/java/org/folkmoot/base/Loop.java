package org.folkmoot.base;

/**
 * One node's sequence of events: tasks run one at a time in the order in which they came, so that
 * what only tasks touch needs no locks. The clock is part of it, so that a simulation can own both.
 *
 * <p>Not promised: a thread. A task may run on the thread that hands it in, before {@link #execute}
 * returns; hence nobody hands in a task while holding a lock, and no task waits for anything.
 */
public interface Loop {
  /** Runs a task after those handed in before. */
  void execute(Runnable task);

  /** Runs a task after a delay in nanoseconds. */
  Timer after(long nanos, Runnable task);

  /** A clock for durations, in nanoseconds from any origin. */
  long nanoTime();

  /** The date, in milliseconds since 1970. */
  long clockMillis();

  /** A task that waits for its time. */
  interface Timer {
    /** Forgets the task unless it has begun. */
    void cancel();
  }
}
