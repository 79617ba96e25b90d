package org.folkmoot.simulation;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.simulation.SimNetwork.Path;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** The transport of one simulated process: {@link PeerTransport} in memory and virtual time. */
final class SimTransport implements PeerTransport {
  private final SimNetwork network;
  private final SimLoop loop;
  private final PeerId self;
  private final PeerAddress address;
  private final boolean reachable;
  private final Set<SimLink> links = new LinkedHashSet<>();
  private @Nullable Acceptor acceptor;
  private boolean closed;
  private boolean silent;
  private int dials;

  /**
   * A transport that dials, and listens once there is an acceptor.
   *
   * @param reachable whether others can dial it; false behind a router that lets nothing in
   */
  SimTransport(
      SimNetwork network, SimLoop loop, PeerId self, PeerAddress address, boolean reachable) {
    this.network = network;
    this.loop = loop;
    this.self = self;
    this.address = address;
    this.reachable = reachable;
  }

  /** Takes links from now on. */
  void accept(Acceptor taker) {
    acceptor = taker;
    network.listen(this);
  }

  int number() {
    return loop.number();
  }

  SimLoop loop() {
    return loop;
  }

  SimNetwork network() {
    return network;
  }

  PeerId self() {
    return self;
  }

  /** Where it listens. */
  PeerAddress address() {
    return address;
  }

  /** The links that are open, in the order in which they came to be. */
  List<SimLink> links() {
    return List.copyOf(links);
  }

  /** How many of them there are. */
  int openLinks() {
    return links.size();
  }

  void forget(SimLink link) {
    links.remove(link);
  }

  @Override
  public PeerAddress.Scheme scheme() {
    return address.scheme();
  }

  @Override
  public int listenPort() {
    return acceptor == null ? 0 : address.port();
  }

  /**
   * Two ways there and back, as a TCP connection with TLS 1.3 takes. A machine that is gone or cut
   * off does not answer; one whose process has died refuses.
   */
  @Override
  public void dial(PeerAddress to, PeerId expected, Dialled result) {
    dials++;
    Simulation simulation = network.simulation();
    boolean[] over = new boolean[1];
    Simulation.Event timeout =
        simulation.schedule(
            SimNetwork.DIAL_NANOS,
            loop,
            () -> {
              over[0] = true;
              result.failed("no answer");
            });
    SimTransport target = network.at(to);
    if (closed
        || target == null
        || !target.reachable
        || network.separated(this, target)
        || (target.closed && target.silent)) {
      return;
    }
    Path path = network.path(this, target);
    long roundTrip = path.draw(network.random()) + path.draw(network.random());
    if (target.closed) {
      timeout.cancel();
      simulation.schedule(roundTrip, loop, () -> result.failed("connection refused"));
      return;
    }
    // The other process has to take part: if it is frozen, this waits for it to thaw.
    simulation.schedule(
        roundTrip,
        target.loop,
        () -> {
          if (!over[0]) {
            timeout.cancel();
            simulation.schedule(roundTrip / 2, loop, () -> shakeHands(target, expected, result));
          }
        });
  }

  private void shakeHands(SimTransport target, PeerId expected, Dialled result) {
    if (closed || target.closed) {
      result.failed("connection reset");
    } else if (!target.self.equals(expected)) {
      result.failed("another peer answers there");
    } else {
      SimLink here = SimLink.connect(this, target);
      loop.simulation().trace(loop, "has dialled " + target.loop.name());
      here.taker(result.connected(here));
    }
  }

  /** The other side has finished its handshake. */
  void accepted(SimLink link) {
    Acceptor taker = acceptor;
    if (closed || taker == null) {
      link.close("not listening");
    } else {
      link.taker(taker.accepted(link));
    }
  }

  /** How often it dialled. */
  int dials() {
    return dials;
  }

  void add(SimLink link) {
    links.add(link);
  }

  /**
   * The process dies.
   *
   * @param silently the whole machine with it, so that nobody is told
   */
  void crash(boolean silently) {
    loop.kill();
    silent = silently;
    closed = true;
    for (SimLink link : new ArrayList<>(links)) {
      link.crash(silently);
    }
    links.clear();
  }

  @Override
  public void close() {
    closed = true;
    for (SimLink link : new ArrayList<>(links)) {
      link.close("the transport is closed");
    }
  }
}
