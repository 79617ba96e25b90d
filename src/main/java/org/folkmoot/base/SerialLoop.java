package org.folkmoot.base;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A loop without a thread of its own: whoever brings a task while nobody works does it, and
 * whatever comes meanwhile. A message is thus handled on the thread that read it, which saves the
 * tens of microseconds that waking another one takes. Only timers have a thread.
 */
public final class SerialLoop implements Loop, AutoCloseable {
  private static final Logger LOG = System.getLogger(SerialLoop.class.getName());

  private final LongSupplier nanos;
  private final InstantSource clock;
  private final Consumer<Throwable> crash;
  private final ScheduledThreadPoolExecutor timers;
  private final Deque<Runnable> tasks = new ArrayDeque<>();
  private boolean running;
  private boolean closed;

  /**
   * A loop.
   *
   * @param crash told what a task threw: a defect of ours, which must be heard
   */
  public SerialLoop(
      String name, LongSupplier nanos, InstantSource clock, Consumer<Throwable> crash) {
    this.nanos = nanos;
    this.clock = clock;
    this.crash = crash;
    timers =
        new ScheduledThreadPoolExecutor(
            1, task -> Thread.ofPlatform().daemon().name(name + "-timers").unstarted(task));
    timers.setRemoveOnCancelPolicy(true);
    timers.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  @Override
  public void execute(Runnable task) {
    synchronized (tasks) {
      if (closed) {
        return;
      }
      tasks.add(task);
      if (running) {
        return;
      }
      running = true;
    }
    for (Runnable next = take(); next != null; next = take()) {
      try {
        next.run();
      } catch (RuntimeException | Error defect) {
        tell(defect);
      }
    }
  }

  /** Whoever hears of it must not end the loop: all that waits for it would wait for ever. */
  private void tell(Throwable defect) {
    try {
      crash.accept(defect);
    } catch (RuntimeException | Error another) {
      defect.addSuppressed(another);
      LOG.log(Level.ERROR, "a defect of this program, which could not be told", defect);
    }
  }

  private @Nullable Runnable take() {
    synchronized (tasks) {
      Runnable next = tasks.poll();
      running = next != null;
      return next;
    }
  }

  @Override
  public Timer after(long delay, Runnable task) {
    synchronized (tasks) {
      if (closed) {
        return () -> {};
      }
      ScheduledFuture<?> future =
          timers.schedule(() -> execute(task), Math.max(0, delay), TimeUnit.NANOSECONDS);
      return () -> future.cancel(false);
    }
  }

  @Override
  public long nanoTime() {
    return nanos.getAsLong();
  }

  @Override
  public long clockMillis() {
    return clock.millis();
  }

  /** Drops what has not begun; later tasks are dropped, too. */
  @Override
  public void close() {
    synchronized (tasks) {
      closed = true;
      tasks.clear();
    }
    timers.shutdownNow();
  }
}
