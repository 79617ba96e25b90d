package org.folkmoot.base;

import org.jspecify.annotations.Nullable;

/**
 * A deadline that is moved again and again and hardly ever passes. Moving it later costs nothing:
 * the timer that is set rings in vain and is set anew for what is left. On a loop.
 */
public final class Deadline {
  private final Loop loop;
  private Loop.@Nullable Timer timer;
  private long timerAt;
  private @Nullable Runnable late;
  private long at;

  /** None yet. */
  public Deadline(Loop loop) {
    this.loop = loop;
  }

  /** Sets it anew. */
  public void set(long nanos, Runnable whenPassed) {
    at = loop.nanoTime() + nanos;
    late = whenPassed;
    if (timer == null || timerAt - at > 0) {
      arm(nanos);
    }
  }

  /** It does not hold any more. */
  public void clear() {
    late = null;
  }

  private void arm(long nanos) {
    if (timer != null) {
      timer.cancel();
    }
    timerAt = at;
    timer = loop.after(nanos, this::rang);
  }

  private void rang() {
    timer = null;
    Runnable task = late;
    if (task == null) {
      return;
    }
    long left = at - loop.nanoTime();
    if (left > 0) {
      arm(left);
    } else {
      late = null;
      task.run();
    }
  }

  /** Forgets it for good. */
  public void cancel() {
    late = null;
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }
}
