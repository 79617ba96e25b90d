package org.folkmoot.testing;

import java.util.Comparator;
import java.util.PriorityQueue;
import org.folkmoot.base.Loop;

/** Time that passes when it is told to: one queue of events for all nodes of a test. */
public final class VirtualTime {
  /** In nanoseconds. */
  public static final long SECOND = 1_000_000_000L;

  private static final long START_MILLIS = 1_800_000_000_000L;

  private record Event(long nanos, long order, Runnable task) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::nanos).thenComparingLong(Event::order));
  private long now;
  private long order;

  /** What has passed since the beginning. */
  public long nanos() {
    return now;
  }

  /** Runs a task later. */
  public void after(long nanos, Runnable task) {
    events.add(new Event(now + Math.max(0, nanos), order++, task));
  }

  /** Lets so many seconds pass. */
  public void pass(double seconds) {
    passNanos((long) (seconds * SECOND));
  }

  /** The same in nanoseconds. */
  public void passNanos(long nanos) {
    long until = now + nanos;
    while (!events.isEmpty() && events.peek().nanos <= until) {
      Event next = events.remove();
      now = next.nanos;
      next.task.run();
    }
    now = until;
  }

  /** A node's loop, whose clock is wrong by so much. */
  public Loop loop(long skewMillis) {
    return new Loop() {
      @Override
      public void execute(Runnable task) {
        VirtualTime.this.after(0, task);
      }

      @Override
      public Timer after(long nanos, Runnable task) {
        boolean[] cancelled = {false};
        VirtualTime.this.after(
            nanos,
            () -> {
              if (!cancelled[0]) {
                task.run();
              }
            });
        return () -> cancelled[0] = true;
      }

      @Override
      public long nanoTime() {
        return now;
      }

      @Override
      public long clockMillis() {
        return START_MILLIS + skewMillis + now / 1_000_000;
      }
    };
  }
}
