package org.folkmoot.peer.transport;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Ticker;
import java.net.InetSocketAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.peer.PeerTransport.Acceptor;
import org.folkmoot.peer.PeerTransport.Dialled;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** The links of a transport and the dials under way, in their bounds. */
final class LinkTable {
  private final Scheme scheme;
  private final TransportLimits limits;
  private final Acceptor acceptor;
  private final Gate gate;
  private final Set<ChannelLink> links = ConcurrentHashMap.newKeySet();
  private final AtomicInteger outgoing = new AtomicInteger();
  private volatile boolean closed;

  LinkTable(Scheme scheme, TransportLimits limits, Acceptor acceptor, Ticker ticker) {
    this.scheme = scheme;
    this.limits = limits;
    this.acceptor = acceptor;
    gate = new Gate(limits, ticker);
  }

  TransportLimits limits() {
    return limits;
  }

  Gate gate() {
    return gate;
  }

  /** Begins a dial, which fails by itself in time. Null, and told so, if it cannot be. */
  @Nullable Attempt begin(EventLoop timer, PeerAddress address, PeerId expected, Dialled result) {
    if (address.scheme() != scheme) {
      throw new IllegalArgumentException(scheme + " cannot dial " + address);
    }
    Attempt attempt = new Attempt(address, expected, result, outgoing::decrementAndGet);
    int most = limits.links().all();
    if (outgoing.incrementAndGet() > most) {
      attempt.failed("this node has dialled " + most + " peers, as many as it may");
      return null;
    }
    if (closed) {
      attempt.failed("this node stops");
      return null;
    }
    long nanos = limits.connect().plus(limits.handshake()).toNanos();
    var _ =
        timer.schedule(
            () -> attempt.failed(address + " does not answer"), nanos, TimeUnit.NANOSECONDS);
    return attempt;
  }

  /**
   * Makes a link of a connection whose other end has proved its key. On the connection's thread.
   *
   * @param attempt null if the other side dialled
   * @return null if the dial was given up meanwhile
   */
  @Nullable ChannelLink open(
      ChannelLink.Carrier carrier,
      PeerId remote,
      InetSocketAddress address,
      @Nullable Attempt attempt) {
    PeerAddress seen =
        new PeerAddress(scheme, address.getAddress().getHostAddress(), address.getPort());
    ChannelLink link =
        new ChannelLink(carrier, remote, seen, attempt != null, limits.closing().toNanos());
    Receiver receiver = attempt != null ? attempt.connected(link) : acceptor.accepted(link);
    if (receiver == null) {
      return null;
    }
    links.add(link);
    link.start(receiver, () -> ended(link));
    if (closed) {
      link.close("this node stops");
    }
    return link;
  }

  private void ended(ChannelLink link) {
    links.remove(link);
    if (link.outgoing()) {
      outgoing.decrementAndGet();
    }
  }

  /** Ends all links and takes no more. */
  void close() {
    closed = true;
    links.forEach(link -> link.close("this node stops"));
  }

  /** Links there are now. */
  int size() {
    return links.size();
  }
}
