package org.folkmoot.simulation;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.simulation.SimNetwork.Path;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * One end of a link. What it sends waits in a queue of its own for its time of arrival; only the
 * head of the queue is an event, so that order holds whatever partitions and delays come between.
 */
final class SimLink implements PeerTransport.Link {
  /** Something under way: a frame, or one of the two that have none. */
  private sealed interface Item {
    /** Bytes it takes. */
    default int size() {
      return 0;
    }

    /** A frame. */
    record Frame(byte[] bytes) implements Item {
      @Override
      public int size() {
        return bytes.length;
      }
    }

    /** The end of the dialler's handshake. */
    record Accept() implements Item {}

    /** Nothing more comes. */
    record End(String why) implements Item {}
  }

  private record Sent(long arrival, Item item) {}

  private final SimTransport home;
  private final SimTransport away;
  private final boolean outgoing;
  private final Deque<Sent> queue = new ArrayDeque<>();
  private @Nullable SimLink other;
  private @Nullable Receiver taker;
  private long queuedBytes;
  private long sendingUntil;
  private long lastArrival;
  private boolean pumping;
  private boolean open = true;
  private boolean ended;

  private SimLink(SimTransport home, SimTransport away, boolean outgoing) {
    this.home = home;
    this.away = away;
    this.outgoing = outgoing;
  }

  /**
   * Makes both ends. The acceptor hears of the link when the dialler's last word of the handshake
   * arrives, which is before its first frame.
   */
  static SimLink connect(SimTransport dialler, SimTransport acceptor) {
    SimLink here = new SimLink(dialler, acceptor, true);
    SimLink there = new SimLink(acceptor, dialler, false);
    here.other = there;
    there.other = here;
    dialler.add(here);
    acceptor.add(there);
    here.enqueue(new Item.Accept());
    return here;
  }

  void taker(Receiver receiver) {
    taker = receiver;
  }

  @Override
  public PeerId remote() {
    return away.self();
  }

  @Override
  public PeerAddress remoteAddress() {
    return away.address();
  }

  @Override
  public boolean outgoing() {
    return outgoing;
  }

  /** Bytes that were sent and not yet taken. */
  long queuedBytes() {
    return queuedBytes;
  }

  @Override
  public boolean send(byte[] frame) {
    if (!open) {
      return false;
    }
    if (queuedBytes + frame.length > PeerTransport.MAX_QUEUED) {
      close("the other side does not take what we send");
      return false;
    }
    enqueue(new Item.Frame(frame.clone()));
    return true;
  }

  @Override
  public void close(String why) {
    if (open) {
      open = false;
      enqueue(new Item.End(why));
      home.loop().execute(() -> end(why));
    }
  }

  /** Our process dies: the other side hears of it, or not. What is under way may be lost. */
  void crash(boolean silently) {
    open = false;
    ended = true;
    if (silently || home.network().random().nextBoolean()) {
      queue.clear();
    }
    if (!silently) {
      enqueue(new Item.End("connection reset"));
    }
  }

  /** The network breaks the link: both ends hear of it, and what is under way is lost. */
  void cut() {
    for (SimLink end : new SimLink[] {this, other()}) {
      end.open = false;
      end.queue.clear();
      end.home.loop().execute(() -> end.end("the connection broke"));
    }
  }

  private SimLink other() {
    return Objects.requireNonNull(other);
  }

  private void enqueue(Item item) {
    Path path = home.network().path(home, away);
    long now = home.loop().simulation().now();
    sendingUntil = Math.max(now, sendingUntil) + (long) (item.size() * 1e9 / path.bytesPerSecond());
    lastArrival = Math.max(lastArrival, sendingUntil + path.draw(home.network().random()));
    queuedBytes += item.size();
    home.network().carried(item.size());
    queue.add(new Sent(lastArrival, item));
    pump();
  }

  /** Makes an event of the next arrival. Nothing gets through a partition before its end. */
  void pump() {
    Sent head = queue.peek();
    if (pumping || head == null) {
      return;
    }
    if (home.network().separated(home, away)) {
      home.network().block(this);
      return;
    }
    pumping = true;
    Simulation simulation = home.loop().simulation();
    simulation.schedule(head.arrival - simulation.now(), this::arrive);
  }

  /** The head of the queue is there: hands it to the other process, whenever that takes it. */
  private void arrive() {
    pumping = false;
    Sent head = queue.peek();
    // What this event was for may have been lost meanwhile: what is there now has its own time.
    if (head != null
        && head.arrival <= home.loop().simulation().now()
        && !home.network().separated(home, away)) {
      queue.remove();
      SimLink end = other();
      end.home.loop().execute(() -> end.take(this, head.item));
    }
    pump();
  }

  private void take(SimLink from, Item item) {
    from.queuedBytes -= item.size();
    if (ended) {
      return;
    }
    switch (item) {
      case Item.Accept accept -> home.accepted(this);
      case Item.Frame frame -> {
        if (open && taker != null) {
          home.loop().simulation().trace(home.loop(), away.loop(), frame.bytes);
          taker.frame(this, frame.bytes);
        }
      }
      case Item.End last -> {
        open = false;
        end(last.why);
      }
    }
  }

  private void end(String why) {
    if (!ended) {
      ended = true;
      home.forget(this);
      home.loop().simulation().trace(home.loop(), "loses link to " + away.loop().name());
      if (taker != null) {
        taker.closed(this, why);
      }
    }
  }
}
