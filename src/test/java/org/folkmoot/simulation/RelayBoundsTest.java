package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.relay.Relay;
import org.folkmoot.peer.relay.RelayLimits;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.Reason;
import org.folkmoot.wire.Message.RelayClose;
import org.folkmoot.wire.Message.RelayCredit;
import org.folkmoot.wire.Message.RelayData;
import org.folkmoot.wire.Message.RelayOffer;
import org.folkmoot.wire.Message.RelayOpen;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What peers may take of a relay: they say whatever they like to it. */
class RelayBoundsTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int PART = Limits.MAX_RELAYED;
  private static final int PARTS = Limits.RELAY_WINDOW / PART;

  private final Simulation simulation = new Simulation(RelayBoundsTest.class, 1);
  private final SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 1));
  private final List<Peer> peers = new ArrayList<>();
  private Peer hub;
  private Peer one;
  private Peer two;

  /** A peer that keeps what it hears about circuits. */
  private final class Peer implements PeerNetwork.Listener {
    final SimHost host = new SimHost(network, peers.size(), "peer " + peers.size(), 0, true);
    final Links links =
        new Links(host.loop(), host.peer(), SimNode.SWARM, "test", LinkSettings.USUAL);
    final List<RelayOffer> offers = new ArrayList<>();
    final List<RelayClose> closes = new ArrayList<>();
    long data;
    long credit;

    Peer() {
      links.add(host.transport());
      host.transport().accept(links.acceptor());
      links.listen(this);
      peers.add(this);
    }

    PeerId id() {
      return host.peer();
    }

    void say(Message message) {
      host.loop().execute(() -> links.send(hub.id(), message));
    }

    /** A number that this peer may give on its link to the hub. */
    long number(int count) {
      return 2L * count + (id().compareTo(hub.id()) < 0 ? 0 : 1);
    }

    Reason refused() {
      return closes.getLast().reason();
    }

    @Override
    public void received(PeerId from, Message message) {
      switch (message) {
        case RelayOffer offer -> offers.add(offer);
        case RelayClose end -> closes.add(end);
        case RelayData part -> data += part.bytes().length;
        case RelayCredit more -> credit += more.bytes();
        default -> {}
      }
    }
  }

  private void begin(RelayLimits limits) {
    hub.host
        .loop()
        .execute(() -> hub.links.listen(new Relay(hub.links, limits, new SplittableRandom(1))));
  }

  @BeforeEach
  void meet() {
    hub = new Peer();
    one = new Peer();
    two = new Peer();
    for (Peer peer : List.of(one, two)) {
      peer.links.know(hub.id(), List.of(hub.host.address()));
      peer.host.loop().execute(() -> peer.links.connect(hub.id()));
    }
    simulation.runFor(SECOND);
  }

  private static RelayLimits limits(int circuits, long bytesPerSecond, long circuitBytes) {
    return new RelayLimits(
        circuits, 4, 4, bytesPerSecond, bytesPerSecond, circuitBytes, Duration.ofSeconds(30));
  }

  private long open() {
    one.say(new RelayOpen(one.number(1), two.id()));
    simulation.runFor(SECOND);
    assertThat(one.offers).hasSize(1);
    assertThat(one.offers.getFirst().from()).isEqualTo(two.id());
    assertThat(two.offers.getFirst().from()).isEqualTo(one.id());
    return two.offers.getFirst().circuit();
  }

  @Test
  void noMoreThanAWindowIsUnderWay() {
    begin(limits(8, 1 << 30, 1L << 40));
    open();
    for (int i = 0; i <= PARTS; i++) {
      one.say(new RelayData(one.number(1), new byte[PART]));
    }
    simulation.runFor(SECOND);
    assertThat(two.data).isEqualTo(Limits.RELAY_WINDOW);
    assertThat(one.refused()).isEqualTo(Reason.MALFORMED);
    assertThat(two.refused()).isEqualTo(Reason.MALFORMED);
  }

  @Test
  void creditIsPassedOnAtThePaceOfTheRelay() {
    begin(limits(8, 4 * PART, 1L << 40));
    long there = open();
    for (int i = 0; i < PARTS; i++) {
      one.say(new RelayData(one.number(1), new byte[PART]));
    }
    simulation.runFor(SECOND);
    for (int i = 0; i < PARTS; i++) {
      two.say(new RelayCredit(there, PART));
    }
    simulation.runFor(SECOND / 5);
    assertThat(one.credit).as("the first at once").isEqualTo(PART);
    simulation.runFor(2 * SECOND);
    assertThat(one.credit).isBetween(4L * PART, 14L * PART);
    simulation.runFor(5 * SECOND);
    assertThat(one.credit).as("all in the end").isEqualTo(Limits.RELAY_WINDOW);
    two.say(new RelayCredit(there, 1));
    simulation.runFor(SECOND);
    assertThat(two.refused()).as("for nothing that was sent").isEqualTo(Reason.MALFORMED);
  }

  @Test
  void aCircuitEndsAfterItsBytesAndWhenItIsIdle() {
    begin(limits(8, 1 << 30, 3L * PART));
    open();
    for (int i = 0; i < 4; i++) {
      one.say(new RelayData(one.number(1), new byte[PART]));
    }
    simulation.runFor(SECOND);
    assertThat(one.refused()).isEqualTo(Reason.LIMIT);
    one.say(new RelayOpen(one.number(2), two.id()));
    simulation.runFor(60 * SECOND);
    assertThat(one.refused()).isEqualTo(Reason.SILENT);
    assertThat(two.refused()).isEqualTo(Reason.SILENT);
  }

  @Test
  void circuitsAndTheirOpeningAreCounted() {
    begin(limits(3, 1 << 30, 1L << 40));
    for (int i = 0; i < 4; i++) {
      one.say(new RelayOpen(one.number(i), two.id()));
    }
    simulation.runFor(SECOND);
    assertThat(two.offers).hasSize(3);
    assertThat(one.refused()).isEqualTo(Reason.BUSY);
    for (int i = 0; i < 3; i++) {
      one.say(new RelayClose(one.number(i), Reason.STOPPING));
    }
    simulation.runFor(SECOND);
    assertThat(two.closes).hasSize(3);
    for (int i = 10; i < 30; i++) {
      one.say(new RelayOpen(one.number(i), two.id()));
      one.say(new RelayClose(one.number(i), Reason.STOPPING));
    }
    simulation.runFor(SECOND);
    assertThat(two.offers).as("not so many so soon").hasSizeBetween(4, 12);
  }

  @Test
  void nonsenseIsRefused() {
    begin(limits(8, 1 << 30, 1L << 40));
    one.say(new RelayOpen(one.number(1) + 1, two.id()));
    simulation.runFor(SECOND);
    assertThat(one.refused()).as("a number of the other side").isEqualTo(Reason.MALFORMED);
    one.say(new RelayOpen(one.number(2), one.id()));
    simulation.runFor(SECOND);
    assertThat(one.refused()).as("to itself").isEqualTo(Reason.MALFORMED);
    one.say(new RelayOpen(one.number(3), SimHost.peer(77)));
    simulation.runFor(SECOND);
    assertThat(one.refused()).as("nobody there").isEqualTo(Reason.UNREACHABLE);
    one.say(new RelayData(one.number(4), new byte[5]));
    one.say(new RelayCredit(one.number(4), 5));
    one.say(new RelayClose(one.number(4), Reason.STOPPING));
    simulation.runFor(SECOND);
    assertThat(one.closes).hasSize(3);
    assertThat(two.offers).isEmpty();
  }

  @Test
  void whoeverIsLostTakesTheCircuitsAlong() {
    begin(limits(8, 1 << 30, 1L << 40));
    open();
    two.host.crash(false);
    simulation.runFor(10 * SECOND);
    assertThat(one.refused()).isEqualTo(Reason.UNREACHABLE);
  }
}
