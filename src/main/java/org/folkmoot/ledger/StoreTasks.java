package org.folkmoot.ledger;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.PeerId;

/**
 * Does elsewhere what waits for the disk or checks signatures, one thing at a time, and goes on
 * with the result on the loop. On the loop.
 */
final class StoreTasks {
  /** Tasks that wait: more are dropped, and asked for again. */
  private static final int MAX_WAITING = 512;

  /** Of them for one peer: whoever floods waits for itself. */
  private static final int MAX_OF_PEER = 8;

  private final Loop loop;
  private final Executor background;
  private final PeerId self;
  private final Map<PeerId, Integer> waiting = new HashMap<>();
  private int total;
  private boolean running = true;

  /**
   * No tasks yet.
   *
   * @param background runs one task at a time, in order
   */
  StoreTasks(Loop loop, Executor background, PeerId self) {
    this.loop = loop;
    this.background = background;
    this.self = self;
  }

  /** What is done from now on goes nowhere. */
  void stop() {
    running = false;
  }

  /** As the other, for what may fail without anybody noticing: it will be asked for again. */
  <T> void run(PeerId asker, Supplier<T> task, Consumer<T> then) {
    run(asker, task, then, _ -> {});
  }

  /**
   * Runs a task, unless too many wait already.
   *
   * @param asker for whom
   * @param then goes on, on the loop
   * @param failed goes on, on the loop, if the world is not as it should be
   */
  <T> void run(
      PeerId asker, Supplier<T> task, Consumer<T> then, Consumer<FolkmootException> failed) {
    int most = asker.equals(self) ? MAX_WAITING : MAX_OF_PEER;
    if (!running || total >= 2 * MAX_WAITING || waiting.getOrDefault(asker, 0) >= most) {
      return;
    }
    total++;
    waiting.merge(asker, 1, Integer::sum);
    background.execute(() -> {
      Optional<Runnable> next = Optional.empty();
      try {
        T result = task.get();
        next = Optional.of(() -> then.accept(result));
      } catch (FolkmootException why) {
        next = Optional.of(() -> failed.accept(why));
      } finally {
        Optional<Runnable> come = next;
        loop.execute(() -> {
          total--;
          waiting.computeIfPresent(asker, (_, count) -> count == 1 ? null : count - 1);
          if (running) {
            come.ifPresent(Runnable::run);
          }
        });
      }
    });
  }
}
