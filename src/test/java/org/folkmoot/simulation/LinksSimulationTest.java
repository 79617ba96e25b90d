package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;

/**
 * Links between a few peers that all talk to each other, through all that networks do. Messages
 * come once and in order; of one that does not come the sender hears that the peer was lost.
 */
class LinksSimulationTest {
  private static final long SECOND = 1_000_000_000L;
  private static final int PEERS = 6;
  private static final SwarmId SWARM = new SwarmId(Hash32.of(new byte[Hash32.BYTES]));

  /** One peer, what it sent and what it heard. */
  private static final class Talker implements PeerNetwork.Listener {
    final SimHost host;
    final Links links;
    final Map<PeerId, List<Long>> sentAt = new HashMap<>();
    final Map<PeerId, List<Long>> received = new HashMap<>();
    final Map<PeerId, Long> lostAt = new HashMap<>();

    Talker(SimHost host) {
      this.host = host;
      links = new Links(host.loop(), host.peer(), SWARM, "test", LinkSettings.USUAL);
      links.add(host.transport());
      links.listen(this);
      host.transport().accept(links.acceptor());
    }

    void send(PeerId to) {
      List<Long> sent = sentAt.computeIfAbsent(to, _ -> new ArrayList<>());
      sent.add(now());
      links.send(to, new Message.Renew(new SessionId(0, sent.size() - 1L)));
    }

    private long now() {
      return host.loop().simulation().now();
    }

    @Override
    public void received(PeerId from, Message message) {
      if (message instanceof Message.Renew(SessionId number)) {
        List<Long> all = received.computeIfAbsent(from, _ -> new ArrayList<>());
        if (!all.isEmpty()) {
          assertThat(number.low()).as("in order, from %s", from).isGreaterThan(all.getLast());
        }
        all.add(number.low());
      }
    }

    @Override
    public void lost(PeerId peer, Message.Reason reason) {
      host.loop().simulation().trace(host.loop(), "is told that it lost " + peer + " " + reason);
      lostAt.put(peer, now());
    }
  }

  private static List<Talker> talkers(SimNetwork network) {
    List<Talker> talkers = new ArrayList<>();
    for (int i = 0; i < PEERS; i++) {
      talkers.add(new Talker(new SimHost(network, i, "peer " + i, 1000L * i, true)));
    }
    for (Talker talker : talkers) {
      talkers.forEach(other -> talker.links.know(other.host.peer(), List.of(other.host.address())));
    }
    return talkers;
  }

  /** Everybody talks to everybody, from the first moment on: both sides dial at once. */
  private static void talk(
      Simulation simulation, List<Talker> talkers, long nanos, int messagesOfEach) {
    SplittableRandom random = simulation.random("talk");
    for (Talker talker : talkers) {
      for (int i = 0; i < messagesOfEach; i++) {
        PeerId to = talkers.get(random.nextInt(talkers.size())).host.peer();
        simulation.schedule(random.nextLong(nanos), talker.host.loop(), () -> talker.send(to));
      }
    }
  }

  private static void strike(
      Simulation simulation, SimNetwork network, List<Talker> talkers, Fault fault) {
    switch (fault) {
      case Fault.Crash crash -> pick(talkers, crash.which()).host.crash(crash.silently());
      case Fault.Freeze freeze -> {
        SimLoop loop = pick(talkers, freeze.which()).host.loop();
        loop.freeze();
        simulation.schedule(freeze.nanos(), loop::thaw);
      }
      case Fault.Cut cut -> pick(talkers, cut.which()).host.cut();
      case Fault.Partition partition -> {
        network.separate(List.of(pick(talkers, partition.which()).host.transport()), 1);
        simulation.schedule(partition.nanos(), network::heal);
      }
      case Fault.Loss loss -> {
        network.loss(loss.share());
        simulation.schedule(loss.nanos(), () -> network.loss(0));
      }
      case Fault.Leave _, Fault.Join _, Fault.Slow _ ->
          throw new IllegalStateException("not drawn");
    }
  }

  private static Talker pick(List<Talker> talkers, int which) {
    return talkers.get(which % talkers.size());
  }

  /** Of what did not come its sender was told. */
  private static void nothingIsLostInSilence(List<Talker> talkers) {
    for (Talker from : talkers) {
      for (Talker to : talkers) {
        if (from.host.alive()) {
          nothingIsLostInSilence(from, to);
        }
      }
    }
  }

  private static void nothingIsLostInSilence(Talker from, Talker to) {
    List<Long> received = to.received.getOrDefault(from.host.peer(), List.of());
    List<Long> sent = from.sentAt.getOrDefault(to.host.peer(), List.of());
    long lostAt = from.lostAt.getOrDefault(to.host.peer(), -1L);
    for (int i = 0; i < sent.size(); i++) {
      if (!received.contains((long) i)) {
        assertThat(lostAt)
            .as("%s was told of the loss of message %d to %s", from.host.loop(), i, to.host.loop())
            .isGreaterThanOrEqualTo(sent.get(i));
      }
    }
  }

  @Test
  void withoutFaultsAllMessagesComeThoughBothSidesDialAtOnce() {
    Seeds.of(40)
        .forEach(seed -> {
          Simulation simulation = new Simulation(LinksSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
          List<Talker> talkers = talkers(network);
          talk(simulation, talkers, SECOND / 2, 60);
          simulation.runFor(30 * SECOND);
          simulation.require(() -> {
            for (Talker talker : talkers) {
              assertThat(talker.lostAt).as("%s", talker.host.loop()).isEmpty();
              talker.sentAt.forEach((to, sent) ->
                  assertThat(received(talkers, to, talker.host.peer()))
                      .as("of %s", talker.host.loop())
                      .hasSameSizeAs(sent));
              assertThat(talker.links.connected()).hasSize(PEERS - 1);
              assertThat(talker.host.transport().links()).hasSize(PEERS - 1);
            }
          });
        });
  }

  private static List<Long> received(List<Talker> talkers, PeerId at, PeerId from) {
    return talkers.stream()
        .filter(talker -> talker.host.peer().equals(at))
        .flatMap(talker -> talker.received.getOrDefault(from, List.of()).stream())
        .toList();
  }

  @Test
  void throughFaultsNothingIsLostInSilence() {
    Seeds.of(60)
        .forEach(seed -> {
          Simulation simulation = new Simulation(LinksSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
          List<Talker> talkers = talkers(network);
          talk(simulation, talkers, 60 * SECOND, 400);
          FaultPlan.draw(
                  simulation.random("faults"),
                  new FaultPlan.Rates(1, 6, 0, 0, 0, 10, 6, 6),
                  PEERS,
                  60 * SECOND)
              .begin(simulation, fault -> strike(simulation, network, talkers, fault));
          simulation.runFor(60 * SECOND);
          network.heal();
          network.loss(0);
          simulation.runFor(60 * SECOND);
          simulation.require(() -> nothingIsLostInSilence(talkers));
        });
  }

  @Test
  void aSilentPeerIsNoticedWithinThreeSecondsByWhoDependsOnIt() {
    Seeds.of(40)
        .forEach(seed -> {
          Simulation simulation = new Simulation(LinksSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
          List<Talker> talkers = talkers(network);
          Talker watcher = talkers.getFirst();
          Talker silent = talkers.getLast();
          PeerId peer = silent.host.peer();
          watcher.links.watch(peer);
          watcher.send(peer);
          simulation.runFor(simulation.random("when").nextLong(2 * SECOND, 12 * SECOND));
          assertThat(watcher.links.connected()).contains(peer);
          if (seed % 2 == 0) {
            silent.host.loop().freeze();
          } else {
            silent.host.crash(true);
          }
          simulation.runFor(3 * SECOND);
          simulation.require(() -> assertThat(watcher.lostAt).containsOnlyKeys(peer));
          // Who does not depend on it notices later, but does.
          watcher.links.unwatch(peer);
        });
  }

  @Test
  void aFrozenPeerThatThawsIsAMemberAgain() {
    Simulation simulation = new Simulation(LinksSimulationTest.class, 1);
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
    List<Talker> talkers = talkers(network);
    Talker first = talkers.get(0);
    Talker second = talkers.get(1);
    first.send(second.host.peer());
    simulation.runFor(3 * SECOND);
    second.host.loop().freeze();
    simulation.runFor(20 * SECOND);
    assertThat(first.links.connected()).isEmpty();
    second.host.loop().thaw();
    simulation.runFor(SECOND);
    first.send(second.host.peer());
    second.send(first.host.peer());
    simulation.runFor(10 * SECOND);
    simulation.require(() -> {
      assertThat(first.links.connected()).contains(second.host.peer());
      assertThat(second.links.connected()).contains(first.host.peer());
      assertThat(received(talkers, second.host.peer(), first.host.peer())).contains(1L);
      assertThat(received(talkers, first.host.peer(), second.host.peer())).contains(0L);
    });
  }

  @Test
  void bytesThatAreNoMessageEndTheLink() {
    Simulation simulation = new Simulation(LinksSimulationTest.class, 1);
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
    List<Talker> talkers = talkers(network);
    talkers.get(0).send(talkers.get(1).host.peer());
    simulation.runFor(SECOND);
    byte[] noise = new byte[20];
    Arrays.fill(noise, (byte) 0x5a);
    talkers.get(0).host.transport().links().getFirst().send(noise);
    simulation.runFor(SECOND);
    assertThat(talkers.get(1).links.connected()).isEmpty();
    assertThat(talkers.get(0).links.connected()).isEmpty();
    assertThat(talkers.get(0).lostAt).hasSize(1);
  }

  /**
   * Of a peer's addresses one may swallow all that is sent there: that costs no more than a moment.
   */
  @Test
  void anAddressThatDoesNotAnswerDoesNotHoldUpTheNext() {
    Seeds.of(20)
        .forEach(seed -> {
          Simulation simulation = new Simulation(LinksSimulationTest.class, seed);
          SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
          List<Talker> talkers = talkers(network);
          for (Talker talker : talkers) {
            PeerId self = talker.host.peer();
            List<PeerAddress> addresses = List.of(SimHost.address(99), talker.host.address());
            talkers.forEach(other -> other.links.know(self, addresses));
          }
          talk(simulation, talkers, SECOND / 2, 60);
          simulation.runFor(3 * SECOND);
          simulation.require(() -> {
            nothingIsLostInSilence(talkers);
            for (Talker talker : talkers) {
              assertThat(talker.lostAt).as("%s", talker.host.loop()).isEmpty();
              assertThat(talker.links.connected()).hasSize(PEERS - 1);
            }
          });
          simulation.runFor(30 * SECOND);
          simulation.require(() -> {
            for (Talker talker : talkers) {
              assertThat(talker.lostAt).as("%s", talker.host.loop()).isEmpty();
              assertThat(talker.host.transport().links()).hasSize(PEERS - 1);
            }
          });
        });
  }

  @Test
  void whoDependsOnAPeerIsToldSoonThatItDoesNotAnswerAndTheDialGoesOn() {
    Simulation simulation = new Simulation(LinksSimulationTest.class, 1);
    SimNetwork network = new SimNetwork(simulation, SimNetwork.world(simulation, 3));
    List<Talker> talkers = talkers(network);
    Talker asking = talkers.get(0);
    Talker frozen = talkers.get(1);
    PeerId peer = frozen.host.peer();
    frozen.host.loop().freeze();
    asking.links.watch(peer);
    asking.send(peer);
    simulation.runFor(3 * SECOND);
    assertThat(asking.lostAt.get(peer)).isBetween(SECOND, 2 * SECOND);
    frozen.host.loop().thaw();
    simulation.runFor(2 * SECOND);
    assertThat(asking.links.connected()).contains(peer);
    assertThat(frozen.received).as("what was given up").isEmpty();
  }
}
