package org.folkmoot.peer.transport;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

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

  /** The address of a name or of a literal; of a literal at once. */
  CompletableFuture<InetAddress> resolve(String host) {
    try {
      return CompletableFuture.completedFuture(InetAddress.ofLiteral(host));
    } catch (IllegalArgumentException aName) {
      CompletableFuture<InetAddress> found = new CompletableFuture<>();
      try {
        threads.execute(() -> lookUp(host, found));
      } catch (RejectedExecutionException full) {
        found.completeExceptionally(new UnknownHostException(host));
      }
      return found;
    }
  }

  private static void lookUp(String host, CompletableFuture<InetAddress> found) {
    try {
      found.complete(InetAddress.getByName(host));
    } catch (UnknownHostException unknown) {
      found.completeExceptionally(unknown);
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
