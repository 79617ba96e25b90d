package org.folkmoot.peer.relay;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.function.Consumer;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.wire.Limits;

/** What one end of a circuit has to send: in parts, and no more than was credited. */
final class Outflow {
  private final Consumer<byte[]> send;
  private final Runnable flushed;
  private final Deque<byte[]> queue = new ArrayDeque<>();
  private long queued;
  private int credit = Limits.RELAY_WINDOW;

  /**
   * Nothing to send yet.
   *
   * @param send gets each part
   * @param flushed run whenever nothing is left
   */
  Outflow(Consumer<byte[]> send, Runnable flushed) {
    this.send = send;
    this.flushed = flushed;
  }

  /** Adds some bytes; says whether there was room for them. */
  boolean add(byte[] bytes) {
    if (queued + bytes.length > PeerTransport.MAX_QUEUED) {
      return false;
    }
    if (bytes.length > 0) {
      queue.add(bytes);
      queued += bytes.length;
      pump();
    }
    return true;
  }

  /** So many bytes more may be sent. Who credits more than was sent gains nothing by it. */
  void credit(int bytes) {
    credit = Math.min(Limits.RELAY_WINDOW, credit + bytes);
    pump();
  }

  boolean isEmpty() {
    return queue.isEmpty();
  }

  private void pump() {
    while (credit > 0 && !queue.isEmpty()) {
      byte[] next = queue.remove();
      int most = Math.min(credit, Limits.MAX_RELAYED);
      if (next.length > most) {
        queue.addFirst(Arrays.copyOfRange(next, most, next.length));
        next = Arrays.copyOf(next, most);
      }
      credit -= next.length;
      queued -= next.length;
      send.accept(next);
    }
    if (queue.isEmpty()) {
      flushed.run();
    }
  }
}
