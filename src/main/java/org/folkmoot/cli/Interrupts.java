package org.folkmoot.cli;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** Ctrl-C, for what wants to end in order instead of in the middle of a line. */
@FunctionalInterface
public interface Interrupts {
  /** A place where nobody presses Ctrl-C. */
  Interrupts NEVER = _ -> () -> {};

  /** The time in which an action is in force. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Runs an action, on a thread of its own, at each interrupt until the watch is closed. Watches do
   * not nest.
   */
  Watch watch(Runnable action);

  /**
   * The interrupts of this process (SIGINT, also SIGTERM and SIGHUP). After one it ends: the action
   * can bring its work to an end, and what is watched has a moment to finish. The exit status is
   * then the JVM's, 130 for SIGINT.
   */
  static Interrupts ofProcess() {
    return ofProcess(GRACE);
  }

  /**
   * The same.
   *
   * @param grace the moment that what is watched has
   */
  static Interrupts ofProcess(Duration grace) {
    return action -> watchShutdown(action, grace);
  }

  /** An order to stop that takes longer than this feels like none. */
  Duration GRACE = Duration.ofSeconds(2);

  private static Watch watchShutdown(Runnable action, Duration grace) {
    CountDownLatch finished = new CountDownLatch(1);
    Thread hook =
        new Thread(() -> {
          action.run();
          await(finished, grace);
        });
    try {
      Runtime.getRuntime().addShutdownHook(hook);
    } catch (IllegalStateException alreadyShuttingDown) {
      action.run();
      return () -> {};
    }
    return () -> {
      finished.countDown();
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException alreadyShuttingDown) {
        return;
      }
    };
  }

  private static void await(CountDownLatch finished, Duration grace) {
    try {
      if (!finished.await(grace.toNanos(), TimeUnit.NANOSECONDS)) {
        return; // the process ends all the same
      }
    } catch (InterruptedException ending) {
      Thread.currentThread().interrupt();
    }
  }
}
