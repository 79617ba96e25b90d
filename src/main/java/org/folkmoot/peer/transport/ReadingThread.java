package org.folkmoot.peer.transport;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Work for the thread that reads from links. Waking another thread takes 50 to 100 microseconds on
 * a machine at rest, and its result must be brought back the same way to be sent: what takes
 * milliseconds at most is done sooner where the frame was read.
 */
public final class ReadingThread {
  private static final ThreadLocal<@Nullable EventLoop> CURRENT = new ThreadLocal<>();

  private ReadingThread() {}

  /** The calling thread reads from links. */
  static void reads(EventLoop loop) {
    CURRENT.set(loop);
  }

  /** The calling thread reads from links no more. */
  static void readsNoMore() {
    CURRENT.remove();
  }

  /** What a task sends, on whatever thread, leaves when the task is over, and together. */
  public static void together(Runnable task) {
    Outbox outbox = Outbox.ofThread();
    outbox.open();
    try {
      task.run();
    } finally {
      outbox.close();
    }
  }

  /**
   * Has the calling thread run a task as soon as it has read from all its links what has come, so
   * that the task sees all of it.
   *
   * @return false if the calling thread reads from no links; then nothing happens
   */
  public static boolean afterReading(Runnable task) {
    EventLoop loop = CURRENT.get();
    if (loop == null || !loop.inEventLoop()) {
      return false;
    }
    try {
      loop.execute(task);
      return true;
    } catch (RejectedExecutionException transportIsClosed) {
      return false;
    }
  }
}
