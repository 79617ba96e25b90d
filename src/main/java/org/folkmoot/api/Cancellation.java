package org.folkmoot.api;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Ends everything that one request has under way, at once and from any thread. */
final class Cancellation {
  /** Why. */
  enum Reason {
    /** The client went away. */
    CLIENT_GONE,
    /** The server stops. */
    STOPPING,
    /** Another part of the same request failed. */
    FAILED
  }

  /** Thrown where work was under way. */
  static final class CancelledException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CancelledException() {
      super("cancelled", null, false, false);
    }
  }

  /** Takes back an action; closing it does not wait for one that runs. */
  interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  private final List<Runnable> actions = new ArrayList<>();
  private @Nullable Reason reason;

  /** Cancels. Only the first reason counts. */
  void cancel(Reason why) {
    List<Runnable> due;
    synchronized (this) {
      if (reason != null) {
        return;
      }
      reason = why;
      due = List.copyOf(actions);
      actions.clear();
    }
    due.forEach(Runnable::run);
  }

  /** Why it was cancelled; null if it was not. */
  synchronized @Nullable Reason reason() {
    return reason;
  }

  /** Runs {@code action} when cancelled: at once if that has happened already. */
  Registration onCancel(Runnable action) {
    synchronized (this) {
      if (reason == null) {
        actions.add(action);
        return () -> remove(action);
      }
    }
    action.run();
    return () -> {};
  }

  private synchronized void remove(Runnable action) {
    actions.remove(action);
  }
}
