package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.relay.Relay;
import org.folkmoot.peer.relay.RelayLimits;
import org.folkmoot.peer.relay.RelayTransport;
import org.folkmoot.peer.relay.Shortcut;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.Test;

/** Two peers that both have a link to a third try to do without it. */
class ShortcutTest {
  private static final long SECOND = 1_000_000_000L;

  private final Simulation simulation = new Simulation(ShortcutTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
  private final List<Peer> peers = new ArrayList<>();

  /** A peer whose router lets in who is dialled, or not. */
  private final class Peer implements PeerNetwork.Listener, Shortcut {
    final SimHost host;
    final Links links;
    final List<PeerAddress> knocked = new ArrayList<>();
    int received;

    Peer(boolean reachable) {
      host = new SimHost(network, peers.size(), "peer " + peers.size(), 0, reachable);
      links = new Links(host.loop(), host.peer(), SimNode.SWARM, "test", LinkSettings.USUAL);
      RelayTransport relayed =
          new RelayTransport(
              links, new SimGuard(host.peer()), links.acceptor(), new SplittableRandom(1));
      relayed.shortcut(this);
      links.add(host.transport());
      links.add(relayed);
      links.listen(relayed);
      links.listen(this);
      host.transport().accept(links.acceptor());
      peers.add(this);
    }

    @Override
    public void dial(PeerAddress observed, PeerId expected, PeerTransport.Dialled result) {
      host.transport().dial(observed, expected, result);
    }

    @Override
    public void knock(PeerAddress observed) {
      knocked.add(observed);
    }

    @Override
    public void received(PeerId from, Message message) {
      received += message instanceof Message.Renew ? 1 : 0;
    }
  }

  private PeerAddress linkedAt(boolean reachable) {
    Peer relay = new Peer(true);
    Peer asking = new Peer(true);
    Peer hidden = new Peer(reachable);
    relay
        .host
        .loop()
        .execute(() ->
            relay.links.listen(new Relay(relay.links, RelayLimits.USUAL, new SplittableRandom(2))));
    for (Peer peer : List.of(asking, hidden)) {
      peer.links.know(relay.host.peer(), List.of(relay.host.address()));
      peer.host.loop().execute(() -> peer.links.connect(relay.host.peer()));
    }
    asking.links.know(hidden.host.peer(), List.of(RelayTransport.through(relay.host.peer())));
    simulation.runFor(SECOND);
    asking
        .host
        .loop()
        .execute(
            () -> asking.links.send(hidden.host.peer(), new Message.Renew(new SessionId(0, 0))));
    simulation.runFor(5 * SECOND);
    assertThat(hidden.received).isEqualTo(1);
    assertThat(hidden.knocked).containsExactly(asking.host.address());
    return asking.links.remoteAddress(hidden.host.peer()).orElseThrow();
  }

  @Test
  void whoGetsThroughNeedsNoRelay() {
    assertThat(linkedAt(true)).isEqualTo(peers.get(2).host.address());
  }

  @Test
  void whoDoesNotIsRelayedWithoutMuchDelay() {
    assertThat(linkedAt(false)).isEqualTo(RelayTransport.through(peers.get(0).host.peer()));
  }
}
