package org.folkmoot.cli.swarm;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Optional;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.OpenDiscovery;
import org.folkmoot.peer.Rendezvous;
import org.folkmoot.peer.discovery.MulticastDns;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;

/**
 * A node's search on the local network. One that others can reach shows itself; one that only asks
 * looks around if nobody whom it knows answers. On the node's loop only, but for its end.
 */
final class LocalSearch implements AutoCloseable {
  /** Peers that are known and there answer within this time. */
  private static final long PATIENCE_NANOS = 1_500_000_000;

  private final Links links;
  private final SwarmId swarm;
  private final Rendezvous rendezvous;
  private Loop.Timer later = () -> {};
  private @Nullable OpenDiscovery discovery;

  LocalSearch(Links links, SwarmId swarm, Rendezvous rendezvous) {
    this.links = links;
    this.swarm = swarm;
    this.rendezvous = rendezvous;
  }

  /**
   * Begins.
   *
   * @param listen where the node accepts links; empty if it only asks
   */
  void begin(Optional<InetSocketAddress> listen, int port, boolean hasQuic) {
    if (listen.isEmpty()) {
      later =
          links
              .loop()
              .after(
                  PATIENCE_NANOS,
                  () -> {
                    if (links.connected().isEmpty()) {
                      begin(new InetSocketAddress(0).getAddress(), 0, false);
                    }
                  });
      return;
    }
    InetAddress at = listen.get().getAddress();
    // Who listens on loopback only is for this machine, and says so in the home's folder.
    if (at.isAnyLocalAddress() || (at instanceof Inet4Address && !at.isLoopbackAddress())) {
      begin(at, port, hasQuic);
    }
  }

  private void begin(InetAddress at, int port, boolean hasQuic) {
    discovery = new OpenDiscovery(links, swarm, MulticastDns.at(at), rendezvous::introduce);
    discovery.begin(port, hasQuic);
  }

  /** Ends it, after the loop. */
  @Override
  public void close() {
    later.cancel();
    if (discovery != null) {
      discovery.close();
    }
  }
}
