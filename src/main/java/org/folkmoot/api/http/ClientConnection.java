package org.folkmoot.api.http;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.webserver.CloseConnectionException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The connection that the current thread serves: its deadlines, and whether the client is still
 * there.
 *
 * <p>Bytes come from the socket in two ways. While a request is read, the thread that serves the
 * connection reads them itself. While an answer is made, that thread is busy elsewhere, so a second
 * one waits in the socket's read: its end is the news that the client has gone, and bytes that come
 * (a pipelined request) are kept for later. Nothing polls.
 *
 * <p>A client that shuts down only its sending half counts as gone, as in Go's net/http: on the
 * wire that is the same as a closed connection.
 */
public final class ClientConnection {
  /** How much of further requests is kept while an answer is made; then reading waits. */
  private static final int MAX_AHEAD_BYTES = 64 << 10;

  /** The longest body that is read only to be thrown away, so that its sender sees the refusal. */
  public static final int MAX_DISCARDED_BYTES = 64 << 20;

  private static final long NO_DEADLINE = Long.MAX_VALUE;

  static final ScopedValue<ClientConnection> CURRENT = ScopedValue.newInstance();

  private enum Phase {
    /** Between requests: silent. */
    IDLE,
    /** A request's first byte has come, not yet its last. */
    REQUEST,
    /** The request is there, the answer is being made. */
    ANSWER
  }

  private final HelidonSocket socket;
  private final ConnectionLimits limits;
  private final LongSupplier nanos;
  private volatile long deadlineNanos;

  // Of the connection's own thread only.
  private Runnable closeAfterAnswer = () -> {};
  private Phase phase = Phase.IDLE;
  private long requestBytes;
  private long maxRequestBytes;

  // Shared with the watching thread, guarded by this object's monitor.
  private final ArrayDeque<byte[]> ahead = new ArrayDeque<>();
  private int aheadBytes;
  private boolean watching;
  private boolean ended;
  private @Nullable Runnable whenGone;

  ClientConnection(HelidonSocket socket, ConnectionLimits limits, LongSupplier nanos) {
    this.socket = socket;
    this.limits = limits;
    this.nanos = nanos;
    deadlineNanos = in(limits.idle());
  }

  /** The connection whose request the current thread handles. */
  public static ClientConnection current() {
    return CURRENT.get();
  }

  /** The request has been read: from now on the client may take its time. */
  public void requestRead() {
    phase = Phase.ANSWER;
    deadlineNanos = NO_DEADLINE;
  }

  /** No further request is read from this connection. */
  public void closeAfterAnswer() {
    closeAfterAnswer.run();
  }

  void closesBy(Runnable close) {
    closeAfterAnswer = close;
  }

  /** The request's body is unwanted and its length is known: it may pass by, unstored. */
  public void discarding() {
    maxRequestBytes = limits.requestBytes() + MAX_DISCARDED_BYTES;
  }

  /** A watch over a client; closing it ends the watch. */
  public interface Watch extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Calls {@code whenGone} once, from another thread, if the client goes away before the watch is
   * closed; at once if it has gone already. Only one watch at a time, after {@link #requestRead}.
   */
  public Watch watch(Runnable whenGone) {
    boolean gone;
    synchronized (this) {
      gone = ended;
      if (!gone) {
        this.whenGone = whenGone;
        if (!watching && aheadBytes < MAX_AHEAD_BYTES) {
          watching = true;
          Thread.ofVirtual().name("folkmoot-client-watch").start(this::readAhead);
        }
      }
    }
    if (gone) {
      whenGone.run();
    }
    return this::unwatch;
  }

  private synchronized void unwatch() {
    whenGone = null;
  }

  private void readAhead() {
    boolean more = true;
    while (more) {
      byte @Nullable [] bytes = readOrEnd();
      Runnable gone = null;
      synchronized (this) {
        if (bytes == null) {
          ended = true;
          gone = whenGone;
          whenGone = null;
          more = false;
        } else {
          ahead.add(bytes);
          aheadBytes += bytes.length;
          more = whenGone != null && aheadBytes < MAX_AHEAD_BYTES;
        }
        watching = more;
        notifyAll();
      }
      if (gone != null) {
        gone.run();
      }
    }
  }

  /** The next bytes, or null when there are no more: an error ends a connection like a close. */
  private byte @Nullable [] readOrEnd() {
    try {
      return socket.get();
    } catch (UncheckedIOException e) {
      return null;
    }
  }

  /** The bytes that the HTTP parser asks for; null at the end of the connection. */
  byte @Nullable [] next() {
    if (phase == Phase.ANSWER) {
      phase = Phase.IDLE;
      deadlineNanos = in(limits.idle());
    }
    byte @Nullable [] bytes = takeAhead();
    if (bytes == null && !hasEnded()) {
      bytes = readOrEnd();
    }
    if (bytes == null) {
      return null;
    }
    if (phase == Phase.IDLE) {
      phase = Phase.REQUEST;
      requestBytes = 0;
      maxRequestBytes = limits.requestBytes();
      deadlineNanos = in(limits.request());
    }
    requestBytes += bytes.length;
    if (requestBytes > maxRequestBytes) {
      throw new CloseConnectionException("a request is longer than any may be");
    }
    return bytes;
  }

  private synchronized byte @Nullable [] takeAhead() {
    while (ahead.isEmpty() && watching) {
      try {
        wait();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new CloseConnectionException("the server stops", e);
      }
    }
    byte @Nullable [] bytes = ahead.poll();
    if (bytes != null) {
      aheadBytes -= bytes.length;
    }
    return bytes;
  }

  private synchronized boolean hasEnded() {
    return ended;
  }

  /** Runs a write that may not wait longer than a write may. */
  void writing(Runnable write) {
    long before = deadlineNanos;
    deadlineNanos = in(limits.write());
    try {
      write.run();
    } finally {
      deadlineNanos = before;
    }
  }

  boolean isOverdue() {
    return nanos.getAsLong() >= deadlineNanos;
  }

  /** Closes the socket under whoever waits in it. */
  void cut() {
    try {
      socket.close();
    } catch (UncheckedIOException e) {
      // Already closed, which is what was wanted.
    }
  }

  private long in(Duration time) {
    return nanos.getAsLong() + time.toNanos();
  }
}
