package org.folkmoot.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.folkmoot.api.openai.ApiException;

/** The requests whose answers are under way, so that a stopping server can end them. */
final class ActiveAnswers {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition none = lock.newCondition();
  private final Set<Cancellation> active = new HashSet<>();
  private boolean stopping;

  /** One request's place; closing it says that its answer has been sent. */
  interface Place extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Takes a place.
   *
   * @throws ApiException 503 if the server stops
   */
  Place enter(Cancellation cancellation) {
    lock.lock();
    try {
      if (stopping) {
        throw stopping();
      }
      active.add(cancellation);
    } finally {
      lock.unlock();
    }
    return () -> leave(cancellation);
  }

  private void leave(Cancellation cancellation) {
    lock.lock();
    try {
      active.remove(cancellation);
      if (active.isEmpty()) {
        none.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  static ApiException stopping() {
    return ApiException.unavailable("stopping", "the server is stopping");
  }

  boolean isStopping() {
    lock.lock();
    try {
      return stopping;
    } finally {
      lock.unlock();
    }
  }

  /** From now on there are no new answers. */
  void stop() {
    lock.lock();
    try {
      stopping = true;
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all have been sent, or the time is over. */
  void awaitNone(Duration time) {
    lock.lock();
    try {
      long left = time.toNanos();
      while (!active.isEmpty() && left > 0) {
        left = none.awaitNanos(left);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  /** Ends those that are left. */
  void cancelAll() {
    List<Cancellation> left;
    lock.lock();
    try {
      left = new ArrayList<>(active);
    } finally {
      lock.unlock();
    }
    left.forEach(cancellation -> cancellation.cancel(Cancellation.Reason.STOPPING));
  }
}
