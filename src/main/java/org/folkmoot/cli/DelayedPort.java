package org.folkmoot.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A port on this machine that passes bytes on to another after a delay: a long way, for
 * measurements.
 */
final class DelayedPort implements AutoCloseable {
  private static final int BUFFER = 1 << 16;

  private record Late(byte[] bytes, long due) {}

  private static final Late END = new Late(new byte[0], 0);

  private final ServerSocket server;
  private final int target;
  private final long delayNanos;

  /** Listens on a free port of loopback. */
  DelayedPort(int target, long delayNanos) {
    this.target = target;
    this.delayNanos = delayNanos;
    try {
      server = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    Thread.ofPlatform().daemon().name("folkmoot-delay").start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    try {
      while (true) {
        Socket from = server.accept();
        Socket to = new Socket(InetAddress.getLoopbackAddress(), target);
        from.setTcpNoDelay(true);
        to.setTcpNoDelay(true);
        carry(from, to);
        carry(to, from);
      }
    } catch (IOException closed) {
      // That is its end.
    }
  }

  private void carry(Socket from, Socket to) {
    LinkedBlockingQueue<Late> queue = new LinkedBlockingQueue<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (InputStream in = from.getInputStream()) {
            byte[] buffer = new byte[BUFFER];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
              byte[] bytes = Arrays.copyOf(buffer, count);
              queue.add(new Late(bytes, System.nanoTime() + delayNanos));
            }
          } catch (IOException broken) {
            // The other direction breaks, too.
          }
          queue.add(END);
        });
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (OutputStream out = to.getOutputStream()) {
            for (Late next = queue.take(); !next.equals(END); next = queue.take()) {
              TimeUnit.NANOSECONDS.sleep(next.due - System.nanoTime());
              out.write(next.bytes);
              out.flush();
            }
          } catch (IOException broken) {
            // As above.
          } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
          }
        });
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException left) {
      throw new UncheckedIOException(left);
    }
  }
}
