package org.folkmoot.peer.relay;

import static org.folkmoot.wire.Message.Reason.STOPPING;

import java.util.ArrayDeque;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerTransport.Acceptor;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.wire.Message.RelayClose;
import org.folkmoot.wire.Message.RelayCredit;
import org.folkmoot.wire.Message.RelayData;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** One end of a circuit. */
final class Circuit implements Link, CircuitGuard.End {
  /** Time to prove a key: three round trips through the relay, and a dial to it before. */
  private static final long HANDSHAKE_NANOS = 8_000_000_000L;

  /** A link that is closed has so long to send what it has. */
  private static final long CLOSING_NANOS = 1_000_000_000L;

  /** Frames that come while the dialler still hopes for the shortcut: a hello and some gossip. */
  private static final int MAX_EARLY = 16;

  /** How the two ends call a circuit. */
  record Key(PeerId relay, long number) {}

  private final Links links;
  private final Loop loop;
  private final Consumer<Circuit> gone;
  private final @Nullable Acceptor acceptor;
  private final Key key;
  private final PeerId other;
  private final @Nullable RelayDial dial;
  private final Outflow outflow;
  private final Inflow inflow;
  private final ArrayDeque<byte[]> early = new ArrayDeque<>();
  private CircuitGuard.@Nullable Session session;
  private @Nullable Receiver receiver;
  private boolean proved;
  private boolean over;
  private boolean closing;
  private volatile boolean usable = true;
  private Loop.Timer deadline = () -> {};

  /**
   * One that is being made.
   *
   * @param other who is at the other end, as far as the relay says
   * @param dial what it is made for; null if the other end opens it
   * @param acceptor takes one that the other end opens
   * @param gone told when it is over
   */
  Circuit(
      Links links,
      Key key,
      PeerId other,
      @Nullable RelayDial dial,
      @Nullable Acceptor acceptor,
      Consumer<Circuit> gone) {
    this.links = links;
    loop = links.loop();
    this.key = key;
    this.other = other;
    this.dial = dial;
    this.acceptor = acceptor;
    this.gone = gone;
    outflow =
        new Outflow(
            bytes -> links.send(key.relay, new RelayData(key.number, bytes)), this::flushed);
    inflow = new Inflow(bytes -> links.send(key.relay, new RelayCredit(key.number, bytes)));
  }

  void begin(CircuitGuard.Session guarding) {
    session = guarding;
    deadline =
        loop.after(
            HANDSHAKE_NANOS,
            () -> {
              if (!proved) {
                hangUp("the other end did not prove its key in time");
              }
            });
  }

  Key key() {
    return key;
  }

  /** The relay has connected us, and says where it sees the other end. */
  void stands(@Nullable Shortcut way, Optional<PeerAddress> observed) {
    if (dial != null && way != null && observed.isPresent() && !proved) {
      dial.tryShortcut(way, observed.get());
    }
  }

  void credit(int bytes) {
    outflow.credit(bytes);
  }

  void arrived(byte[] bytes) {
    if (session != null && !over) {
      session.received(bytes);
      if (!over) {
        inflow.took(bytes.length);
      }
    }
  }

  // ---- what the guard says

  @Override
  public void transmit(byte[] bytes) {
    if (!outflow.add(bytes)) {
      hangUp("the other side takes frames more slowly than they come");
    }
  }

  @Override
  public void proved(PeerId peer) {
    proved = true;
    deadline.cancel();
    if (!peer.equals(other)) {
      hangUp("the relay has connected us with another peer than it says");
    } else if (dial != null) {
      dial.circuitStands(this);
    } else if (acceptor != null) {
      taken(acceptor.accepted(this));
    }
  }

  void taken(Receiver taker) {
    receiver = taker;
    for (byte[] frame = early.poll(); frame != null; frame = early.poll()) {
      taker.frame(this, frame);
    }
    if (over) {
      taker.closed(this, "the circuit is over");
    }
  }

  @Override
  public void frame(byte[] frame) {
    if (receiver != null && !closing) {
      receiver.frame(this, frame);
    } else if (receiver == null && early.size() < MAX_EARLY) {
      early.add(frame);
    } else if (receiver == null) {
      hangUp("the other end says more than hello before it is answered");
    }
  }

  @Override
  public void broken(String why) {
    hangUp(why);
  }

  // ---- the end

  private void flushed() {
    if (closing) {
      hangUp("closed");
    }
  }

  /** Ends the circuit and tells the relay. */
  private void hangUp(String why) {
    if (!over && links.connected().contains(key.relay)) {
      links.send(key.relay, new RelayClose(key.number, STOPPING));
    }
    over(why);
  }

  /** The circuit is no more. */
  void over(String why) {
    if (over) {
      return;
    }
    over = true;
    usable = false;
    deadline.cancel();
    gone.accept(this);
    // Later, for it may be the session itself that brings the end.
    loop.execute(() -> {
      if (session != null) {
        session.close();
      }
    });
    if (receiver != null) {
      receiver.closed(this, why);
    } else if (dial != null) {
      dial.circuitFailed(why);
    }
  }

  // ---- the link

  @Override
  public PeerId remote() {
    return other;
  }

  @Override
  public PeerAddress remoteAddress() {
    return RelayTransport.through(key.relay);
  }

  @Override
  public boolean outgoing() {
    return dial != null;
  }

  @Override
  public boolean send(byte[] frame) {
    if (usable) {
      loop.execute(() -> {
        if (session != null && !over) {
          session.send(frame);
        }
      });
    }
    return usable;
  }

  @Override
  public void close(String why) {
    usable = false;
    loop.execute(() -> {
      if (over || closing) {
        return;
      }
      closing = true;
      if (outflow.isEmpty()) {
        hangUp(why);
      } else {
        loop.after(CLOSING_NANOS, () -> hangUp(why));
      }
    });
  }
}
