package org.folkmoot.cli;

import org.folkmoot.session.Generation;
import org.jspecify.annotations.Nullable;

/** Ends an answer when it is run, also one that begins only afterwards. */
final class Stopper implements Runnable {
  private @Nullable Generation generation;
  private boolean stopped;

  /** The answer to end. */
  synchronized void follow(Generation answer) {
    generation = answer;
    if (stopped) {
      answer.close();
    }
  }

  @Override
  public synchronized void run() {
    stopped = true;
    if (generation != null) {
      generation.close();
    }
  }

  /** Whether it was run. */
  synchronized boolean hasStopped() {
    return stopped;
  }
}
