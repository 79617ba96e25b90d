package org.folkmoot.cli.swarm;

import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Loop;

/** Does things on a node's loop for other threads, which wait for them. */
record LoopCalls(Loop loop) {
  /** What is done on the loop takes moments; one that takes longer hangs. */
  private static final long STUCK_SECONDS = 30;

  /** How often it is looked whether something has come to hold. */
  private static final Duration LOOK_EVERY = Duration.ofMillis(20);

  /** Does something on the loop and waits for it. Not to be called on the loop. */
  <T> T call(Supplier<T> action) {
    CompletableFuture<T> result = new CompletableFuture<>();
    loop.execute(() -> {
      try {
        result.complete(action.get());
      } catch (RuntimeException | Error failed) {
        result.completeExceptionally(failed);
      }
    });
    try {
      return result.get(STUCK_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new FolkmootException(UNREACHABLE, "interrupted", interrupted);
    } catch (TimeoutException late) {
      throw new IllegalStateException("the loop is stuck", late);
    } catch (ExecutionException failed) {
      switch (failed.getCause()) {
        case FolkmootException coded -> throw coded;
        case null, default -> throw new IllegalStateException("on the loop", failed.getCause());
      }
    }
  }

  /** As {@link #call}, where nothing comes back. */
  void run(Runnable action) {
    boolean _ =
        call(() -> {
          action.run();
          return true;
        });
  }

  /**
   * Waits until something holds, looking now and then.
   *
   * @return whether it came to hold in time
   */
  boolean await(Duration most, BooleanSupplier holds) {
    CompletableFuture<Boolean> held = new CompletableFuture<>();
    look(held, holds);
    try {
      return held.get(most.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException late) {
      held.complete(false);
      return false;
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      return false;
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private void look(CompletableFuture<Boolean> held, BooleanSupplier holds) {
    loop.execute(() -> {
      if (held.isDone()) {
        return;
      }
      if (holds.getAsBoolean()) {
        held.complete(true);
      } else {
        loop.after(LOOK_EVERY.toNanos(), () -> look(held, holds));
      }
    });
  }
}
