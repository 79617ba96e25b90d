package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

/** Peers that answer and are of no use all the same: people are told why. */
class MisfitsSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final long MINUTE_MILLIS = 60_000;

  private final Simulation simulation = new Simulation(MisfitsSimulationTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));

  private SimHost host(int number, long skewMillis) {
    return new SimHost(network, number, "peer " + number, skewMillis, true);
  }

  private static Links links(SimHost host, SwarmId swarm) {
    Links links = new Links(host.loop(), host.peer(), swarm, "test", LinkSettings.USUAL);
    links.add(host.transport());
    host.transport().accept(links.acceptor());
    return links;
  }

  private void connect(SimHost from, Links by, SimHost... others) {
    for (SimHost to : others) {
      by.know(to.peer(), List.of(to.address()));
      from.loop().execute(() -> by.connect(to.peer()));
    }
    simulation.runFor(5 * SECOND);
  }

  @Test
  void twoClocksThatDifferAreToldOnBothSides() {
    SimHost right = host(0, 0);
    SimHost wrong = host(1, 14 * MINUTE_MILLIS);
    Links ours = links(right, SimNode.SWARM);
    Links theirs = links(wrong, SimNode.SWARM);
    connect(right, ours, wrong);
    for (Links each : List.of(ours, theirs)) {
      assertThat(each.misfits())
          .singleElement()
          .asString()
          .contains("this machine's clock and that of 1 peer differ by 14 minutes");
    }
  }

  @Test
  void ofOneWrongClockAmongManyItsOwnMachineIsTold() {
    SimHost one = host(0, 0);
    SimHost two = host(1, 20_000);
    SimHost wrong = host(2, -90 * MINUTE_MILLIS);
    Links first = links(one, SimNode.SWARM);
    Links second = links(two, SimNode.SWARM);
    Links late = links(wrong, SimNode.SWARM);
    connect(wrong, late, one, two);
    connect(one, first, two);
    assertThat(late.misfits())
        .singleElement()
        .asString()
        .contains("this machine's clock and that of 2 peers differ by 90 minutes");
    assertThat(first.misfits()).isEmpty();
    assertThat(second.misfits()).isEmpty();
  }

  /** What {@link org.folkmoot.peer.Membership} puts up with is nobody's concern. */
  @Test
  void aClockThatIsOffByMinutesIsNoTrouble() {
    SimHost one = host(0, 0);
    SimHost two = host(1, 4 * MINUTE_MILLIS);
    Links first = links(one, SimNode.SWARM);
    links(two, SimNode.SWARM);
    connect(one, first, two);
    assertThat(first.connected()).hasSize(1);
    assertThat(first.misfits()).isEmpty();
  }

  @Test
  void aPeerOfAnotherSwarmIsNamedAsThat() {
    SimHost one = host(0, 0);
    SimHost two = host(1, 0);
    Links first = links(one, SimNode.SWARM);
    Links second = links(two, new SwarmId(Hash32.sha256(new byte[] {9})));
    connect(one, first, two);
    assertThat(first.misfits()).singleElement().asString().contains("of another swarm");
    assertThat(second.misfits()).as("whoever knocks at the wrong door").isEmpty();
  }

  @Test
  void aPeerOfAnotherVersionIsNamedAsThat() {
    assertOfAnotherVersion(new byte[] {Limits.VERSION + 1, 0, 0, 0});
  }

  @Test
  void soIsOneThatSendsWhatThisVersionDoesNotHave() {
    assertOfAnotherVersion(new byte[] {Limits.VERSION, (byte) 200, 1});
  }

  private void assertOfAnotherVersion(byte[] frame) {
    SimHost one = host(0, 0);
    SimHost two = host(1, 0);
    Links first = links(one, SimNode.SWARM);
    two.transport()
        .accept(link -> {
          link.send(frame);
          return new Deaf();
        });
    connect(one, first, two);
    assertThat(first.misfits()).singleElement().asString().contains("another version of Folkmoot");
  }

  /** Understands nothing. */
  private static final class Deaf implements PeerTransport.Receiver {
    @Override
    public void frame(PeerTransport.Link from, byte[] frame) {}

    @Override
    public void closed(PeerTransport.Link from, String why) {}
  }
}
