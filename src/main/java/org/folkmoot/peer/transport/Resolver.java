package org.folkmoot.peer.transport;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Looks names up without holding up whoever asks: the system's own look-up waits for the DNS. */
final class Resolver implements AutoCloseable {
  /** A look-up of a dead name server takes some ten seconds; few names are dialled at a time. */
  private static final int THREADS = 4;

  /** Waiting look-ups, far more than dials that may run at once. */
  private static final int WAITING = 256;

  private final ThreadPoolExecutor threads;

  Resolver() {
    threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            10,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(WAITING),
            task -> Thread.ofPlatform().daemon().name("folkmoot-names").unstarted(task));
    threads.allowCoreThreadTimeOut(true);
  }

  /**
   * Finds the address of a name or of a literal; of a literal at once.
   *
   * @param attempt fails if there is none, or if it cannot be used
   */
  void resolve(String host, Attempt attempt, Consumer<InetAddress> found) {
    InetAddress literal;
    try {
      literal = InetAddress.ofLiteral(host);
    } catch (IllegalArgumentException aName) {
      try {
        threads.execute(() -> lookUp(host, attempt, found));
      } catch (RejectedExecutionException full) {
        attempt.failed(new UnknownHostException(host));
      }
      return;
    }
    use(literal, attempt, found);
  }

  private static void lookUp(String host, Attempt attempt, Consumer<InetAddress> found) {
    try {
      use(InetAddress.getByName(host), attempt, found);
    } catch (UnknownHostException unknown) {
      attempt.failed(unknown);
    }
  }

  private static void use(InetAddress address, Attempt attempt, Consumer<InetAddress> found) {
    try {
      found.accept(address);
    } catch (RejectedExecutionException stopped) {
      attempt.failed("this node stops");
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
