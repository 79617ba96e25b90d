package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerBook;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.DialBack;
import org.folkmoot.wire.Message.DialedBack;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A peer tries for others whether they can be dialled, and dials nobody else for them. */
class DialBackTest {
  private static final long SECOND = 1_000_000_000L;

  private final Simulation simulation = new Simulation(DialBackTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final SimPeer hub =
      new SimPeer(
          new SimHost(network, 0, "hub", 0, true),
          new FakeModel(3, 12, 64, 2),
          0,
          2000,
          new PeerBook());

  @BeforeEach
  void start() {
    hub.start(List.of());
  }

  /** A peer that asks. */
  private final class Asker implements PeerNetwork.Listener {
    final SimHost host;
    final Links links;
    final List<Boolean> answers = new ArrayList<>();

    Asker(int number, boolean reachable) {
      host = new SimHost(network, number, "asker " + number, 0, reachable);
      links = new Links(host.loop(), host.peer(), SimNode.SWARM, "test", LinkSettings.USUAL);
      links.add(host.transport());
      host.transport().accept(links.acceptor());
      links.listen(this);
      links.know(hub.host().peer(), List.of(hub.host().address()));
    }

    void ask(PeerAddress... addresses) {
      host.loop().execute(() -> links.send(hub.host().peer(), new DialBack(List.of(addresses))));
      simulation.runFor(20 * SECOND);
    }

    @Override
    public void received(PeerId from, Message message) {
      if (message instanceof DialedBack(boolean reached)) {
        answers.add(reached);
      }
    }
  }

  @Test
  void whoCanBeDialledIsToldSoAndKeepsItsLink() {
    Asker asker = new Asker(500, true);
    asker.ask(asker.host.address());
    assertThat(asker.answers).containsExactly(true);
    assertThat(asker.links.connected()).containsExactly(hub.host().peer());
    assertThat(asker.host.transport().links()).hasSize(1);
  }

  @Test
  void whoCannotIsToldSo() {
    Asker asker = new Asker(500, false);
    asker.ask(asker.host.address());
    asker.ask();
    assertThat(asker.answers).containsExactly(false, false);
  }

  @Test
  void nobodyElseIsDialled() {
    Asker asker = new Asker(500, true);
    Asker other = new Asker(501, true);
    asker.ask(other.host.address(), new PeerAddress(PeerAddress.Scheme.TLS, "192.0.2.1", 25));
    assertThat(asker.answers).containsExactly(false);
    assertThat(other.host.transport().links()).isEmpty();
  }
}
