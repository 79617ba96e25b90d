package org.folkmoot.cli.swarm;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;

/** How what a node does beside its loop comes to an end. */
final class Endings {
  private Endings() {}

  /** Takes no more tasks, and waits for those that were given. An interrupt ends the wait. */
  static void finish(ExecutorService tasks, Duration most) {
    tasks.shutdown();
    try {
      boolean _ = tasks.awaitTermination(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
