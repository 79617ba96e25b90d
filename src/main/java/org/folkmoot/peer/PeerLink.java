package org.folkmoot.peer;

import static org.folkmoot.wire.Message.Reason.DUPLICATE;
import static org.folkmoot.wire.Message.Reason.MALFORMED;
import static org.folkmoot.wire.Message.Reason.SILENT;
import static org.folkmoot.wire.Message.Reason.STOPPING;
import static org.folkmoot.wire.Message.Reason.SWARM;
import static org.folkmoot.wire.Message.Reason.UNREACHABLE;

import java.util.Optional;
import org.folkmoot.base.Loop;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.MessageCodec;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.WireException;
import org.jspecify.annotations.Nullable;

/**
 * One link and what we know of it: introduces us, answers the other side's introduction, measures
 * the round trip, and ends when the other side breaks the rules or is silent for too long. On the
 * loop, but for what the transport calls.
 */
final class PeerLink implements PeerTransport.Receiver {
  private final Links links;
  private final Loop loop;
  private final PeerTransport.Link link;
  private final PeerId peer;

  /** Whether we have taken a link that the other side made. */
  private boolean taken;

  private boolean introduced;
  private Message.@Nullable Hello early;
  private boolean over;
  private long lastHeard;
  private long pingNonce;
  private long pingSent;
  private boolean pingOpen;
  private long roundTrip;
  private Loop.Timer timer = () -> {};

  PeerLink(Links links, PeerTransport.Link link) {
    this.links = links;
    this.loop = links.loop();
    this.link = link;
    this.peer = link.remote();
  }

  PeerId peer() {
    return peer;
  }

  boolean outgoing() {
    return link.outgoing();
  }

  PeerAddress remoteAddress() {
    return link.remoteAddress();
  }

  boolean isOver() {
    return over;
  }

  /** In nanoseconds; 0 as long as none was measured. */
  long roundTrip() {
    return roundTrip;
  }

  /** The first thing that happens to a link. */
  void introduce() {
    if (over) {
      return;
    }
    if (links.isClosed()) {
      end(STOPPING, "the peer stops");
      return;
    }
    lastHeard = loop.nanoTime();
    timer =
        loop.after(
            links.settings().helloWithin().toNanos(),
            () -> {
              if (!introduced) {
                end(SILENT, "no hello came");
              }
            });
    if (link.outgoing() || peer.compareTo(links.self()) < 0) {
      answer();
    } else {
      decide();
    }
  }

  /**
   * Both sides may dial at the same time. Then the smaller key decides which link is kept, by not
   * answering on the other: nothing is ever sent on a link that is given up.
   */
  private void decide() {
    Dial dial = links.dial(peer);
    PeerLink other = links.live(peer);
    if (dial != null && dial.hasMade()) {
      end(DUPLICATE, "there is a link already");
    } else if (dial != null && !dial.hasYielded()) {
      dial.park(this);
    } else if (other != null && other.outgoing()) {
      // The other side dialled before it heard of it; or it has lost it, which shows soon.
      other.ping();
      end(DUPLICATE, "there is a link already");
    } else {
      answer();
      if (dial != null) {
        dial.yieldTo(this);
      }
    }
  }

  /** Introduces ourselves. To a link that the other side made this says that we take it. */
  void answer() {
    if (!link.outgoing()) {
      taken = true;
      links.answered(this);
    }
    send(
        new Message.Hello(
            links.swarm(),
            links.software(),
            Optional.of(link.remoteAddress()),
            links.listenPort(link.remoteAddress().scheme()),
            loop.clockMillis()));
    if (early != null) {
      hello(early);
    }
  }

  void send(Message message) {
    if (!over && !link.send(MessageCodec.encode(message))) {
      loop.execute(() -> gone(UNREACHABLE));
    }
  }

  @Override
  public void frame(PeerTransport.Link from, byte[] frame) {
    Message message;
    try {
      message = MessageCodec.decode(frame);
    } catch (WireException bad) {
      loop.execute(() -> end(bad.reason(), String.valueOf(bad.getMessage())));
      return;
    }
    loop.execute(() -> received(message));
  }

  @Override
  public void closed(PeerTransport.Link from, String why) {
    loop.execute(() -> gone(UNREACHABLE));
  }

  private void received(Message message) {
    if (over) {
      return;
    }
    lastHeard = loop.nanoTime();
    switch (message) {
      case Message.Hello hello -> hello(hello);
      case Message.Goodbye goodbye -> {
        link.close("the other side said goodbye");
        gone(goodbye.reason());
      }
      case Message _ when !introduced -> end(MALFORMED, "no hello came first");
      case Message.Ping ping -> send(new Message.Pong(ping.nonce()));
      case Message.Pong pong -> pong(pong);
      case Message other -> links.tell(peer, other);
    }
  }

  private void hello(Message.Hello hello) {
    if (introduced) {
      end(MALFORMED, "two hellos");
      return;
    }
    if (!hello.swarm().equals(links.swarm())) {
      end(SWARM, "this peer belongs to another swarm: join with an invite of its members");
      return;
    }
    if (!link.outgoing() && !taken) {
      early = hello;
      return;
    }
    introduced = true;
    links.met(peer, hello.clockMillis());
    hello.observed().ifPresent(links::observe);
    links.established(this);
    ping();
  }

  private void pong(Message.Pong pong) {
    if (pingOpen && pong.nonce() == pingNonce) {
      pingOpen = false;
      long sample = Math.max(1, loop.nanoTime() - pingSent);
      // A queue only ever adds to a round trip, so a shorter sample counts at once.
      roundTrip = roundTrip == 0 ? sample : Math.min(sample, (7 * roundTrip + sample) / 8);
    }
  }

  /** Asks whether the other side lives, unless it was asked and may still answer. */
  void ping() {
    if (over || links.live(peer) != this) {
      return;
    }
    timer.cancel();
    LinkSettings settings = links.settings();
    long now = loop.nanoTime();
    if (pingOpen && now - Math.max(lastHeard, pingSent) > settings.silentAfter().toNanos()) {
      end(SILENT, "nothing came for too long");
      return;
    }
    if (!pingOpen) {
      pingOpen = true;
      pingSent = now;
      send(new Message.Ping(++pingNonce));
    }
    long next = (links.isWatched(peer) ? settings.pingEvery() : settings.idlePingEvery()).toNanos();
    timer = loop.after(next, this::ping);
  }

  /** Ends the link, and tells the other side why. */
  void end(Message.Reason reason, String text) {
    if (finish(reason, text)) {
      links.ended(this, introduced, reason);
    }
  }

  /** As {@link #end}, but for {@link Links}, which knows. Gives false if it was over before. */
  boolean finish(Message.Reason reason, String text) {
    if (over) {
      return false;
    }
    send(new Message.Goodbye(reason, text));
    over = true;
    timer.cancel();
    link.close(text);
    return true;
  }

  private void gone(Message.Reason reason) {
    if (!over) {
      over = true;
      timer.cancel();
      links.ended(this, introduced, reason);
    }
  }
}
