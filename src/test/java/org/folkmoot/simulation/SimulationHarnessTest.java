package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/** That the simulated world is one to rely on: same seed same course, links in order, faults. */
class SimulationHarnessTest {
  private static final long SECOND = 1_000_000_000L;

  /** Notes what comes, by number. */
  private static final class Notes implements PeerTransport.Receiver {
    final List<Integer> numbers = new ArrayList<>();
    final List<String> ends = new ArrayList<>();

    @Override
    public void frame(Link link, byte[] frame) {
      numbers.add((frame[0] & 255) << 8 | (frame[1] & 255));
    }

    @Override
    public void closed(Link link, String why) {
      ends.add(why);
    }
  }

  /** Two processes and what they have heard. */
  private static final class Pair {
    final Simulation simulation;
    final SimNetwork network;
    final SimHost left;
    final SimHost right;
    final Notes leftNotes = new Notes();
    final Notes rightNotes = new Notes();
    final List<Link> leftLinks = new ArrayList<>();
    final List<Link> rightLinks = new ArrayList<>();
    final List<String> failures = new ArrayList<>();

    Pair(long seed) {
      simulation = new Simulation(SimulationHarnessTest.class, seed);
      network = new SimNetwork(simulation, SimNetwork.world(simulation, 5));
      left = new SimHost(network, 1, "left", 0, true);
      right = new SimHost(network, 2, "right", 0, true);
      right
          .transport()
          .accept(link -> {
            rightLinks.add(link);
            return rightNotes;
          });
    }

    void dial(PeerId expected) {
      left.transport()
          .dial(
              right.address(),
              expected,
              new PeerTransport.Dialled() {
                @Override
                public PeerTransport.Receiver connected(Link link) {
                  leftLinks.add(link);
                  return leftNotes;
                }

                @Override
                public void failed(String why) {
                  failures.add(why);
                }
              });
    }

    Link link() {
      dial(right.peer());
      assertThat(simulation.runUntil(() -> !rightLinks.isEmpty(), 10 * SECOND)).isTrue();
      return leftLinks.getFirst();
    }

    void send(Link link, int from, int to) {
      for (int i = from; i < to; i++) {
        assertThat(link.send(new byte[] {(byte) (i >> 8), (byte) i, 0})).isTrue();
      }
    }
  }

  private static List<Integer> numbers(int from, int to) {
    return IntStream.range(from, to).boxed().toList();
  }

  /** Traffic, faults and timers, all drawn; what came of it. */
  private static long course(long seed) {
    Pair pair = new Pair(seed);
    Link link = pair.link();
    SplittableRandom random = pair.simulation.random("course");
    for (int i = 0; i < 200; i++) {
      int number = i;
      pair.simulation.schedule(
          random.nextLong(3 * SECOND),
          () -> link.send(new byte[] {(byte) number, (byte) random.nextInt()}));
    }
    FaultPlan.draw(random, new FaultPlan.Rates(5, 20, 0, 0, 0, 0, 20, 10), 2, 5 * SECOND)
        .begin(pair.simulation, fault -> strike(pair, fault));
    pair.simulation.runFor(20 * SECOND);
    return pair.simulation.traceHash();
  }

  private static void strike(Pair pair, Fault fault) {
    switch (fault) {
      case Fault.Crash crash -> pair.right.crash(crash.silently());
      case Fault.Freeze freeze -> {
        pair.right.loop().freeze();
        pair.simulation.schedule(freeze.nanos(), pair.right.loop()::thaw);
      }
      case Fault.Partition partition -> {
        pair.network.separate(List.of(pair.left.transport()), 1);
        pair.simulation.schedule(partition.nanos(), pair.network::heal);
      }
      case Fault.Loss loss -> pair.network.loss(loss.share());
      default -> throw new IllegalStateException("not drawn: " + fault);
    }
  }

  @Test
  void oneSeedIsOneCourse() {
    assertThat(course(7)).isEqualTo(course(7)).isNotEqualTo(course(8));
  }

  @Test
  void tasksOfOneInstantComeInOrderAndTimersAtTheirTime() {
    Simulation simulation = new Simulation(SimulationHarnessTest.class, 1);
    SimLoop loop = new SimLoop(simulation, 1, "node", 250);
    List<String> seen = new ArrayList<>();
    loop.after(5, () -> seen.add("timer at " + simulation.now()));
    Loop.Timer cancelled = loop.after(4, () -> seen.add("cancelled"));
    loop.execute(() -> {
      seen.add("first");
      loop.execute(() -> seen.add("third"));
      cancelled.cancel();
    });
    loop.execute(() -> seen.add("second"));
    simulation.runFor(2_000_000);
    assertThat(seen).containsExactly("first", "second", "third", "timer at 5");
    assertThat(loop.clockMillis()).isEqualTo(Simulation.EPOCH_MILLIS + 252);
  }

  @Test
  void aFrozenProcessMissesNothingAndADeadOneAll() {
    Simulation simulation = new Simulation(SimulationHarnessTest.class, 1);
    SimLoop loop = new SimLoop(simulation, 1, "node", 0);
    List<Integer> seen = new ArrayList<>();
    loop.after(10, () -> seen.add(1));
    loop.after(20, () -> seen.add(2));
    loop.freeze();
    simulation.schedule(30, () -> loop.execute(() -> seen.add(3)));
    simulation.runFor(40);
    assertThat(seen).isEmpty();
    loop.thaw();
    simulation.runFor(0);
    assertThat(seen).containsExactly(1, 2, 3);
    loop.execute(() -> seen.add(4));
    loop.kill();
    simulation.runFor(100);
    assertThat(seen).containsExactly(1, 2, 3);
  }

  @Test
  void aLinkKeepsOrderThroughLossPartitionAndFreezing() {
    for (long seed = 1; seed <= 30; seed++) {
      Pair pair = new Pair(seed);
      Link link = pair.link();
      pair.network.loss(0.2);
      pair.send(link, 0, 100);
      pair.simulation.runFor(30_000_000);
      pair.network.separate(List.of(pair.right.transport()), 1);
      pair.send(link, 100, 200);
      pair.simulation.runFor(SECOND);
      assertThat(pair.rightNotes.numbers.size()).isLessThan(200);
      pair.network.heal();
      pair.send(link, 200, 300);
      pair.simulation.runFor(40_000_000);
      pair.right.loop().freeze();
      pair.send(link, 300, 400);
      pair.simulation.runFor(5 * SECOND);
      pair.right.loop().thaw();
      pair.send(link, 400, 500);
      pair.simulation.runFor(60 * SECOND);
      assertThat(pair.rightNotes.numbers).as("seed %d", seed).isEqualTo(numbers(0, 500));
    }
  }

  @Test
  void closingDeliversWhatWasSentBefore() {
    Pair pair = new Pair(3);
    Link link = pair.link();
    pair.send(link, 0, 50);
    link.close("enough");
    link.close("twice");
    assertThat(link.send(new byte[2])).isFalse();
    pair.simulation.runFor(SECOND);
    assertThat(pair.rightNotes.numbers).isEqualTo(numbers(0, 50));
    assertThat(pair.rightNotes.ends).containsExactly("enough");
    assertThat(pair.leftNotes.ends).containsExactly("enough");
    assertThat(pair.rightLinks.getFirst().send(new byte[2])).isFalse();
  }

  @Test
  void aDeathIsHeardOfUnlessTheMachineGoesToo() {
    Pair pair = new Pair(4);
    pair.link();
    pair.right.crash(false);
    pair.simulation.runFor(SECOND);
    assertThat(pair.leftNotes.ends).containsExactly("connection reset");
    pair.dial(pair.right.peer());
    pair.simulation.runFor(SECOND);
    assertThat(pair.failures).containsExactly("connection refused");

    Pair silent = new Pair(4);
    Link link = silent.link();
    silent.right.crash(true);
    silent.simulation.runFor(SECOND);
    silent.send(link, 0, 10);
    silent.dial(silent.right.peer());
    silent.simulation.runFor(SECOND);
    assertThat(silent.leftNotes.ends).isEmpty();
    assertThat(silent.failures).isEmpty();
    silent.simulation.runFor(SimNetwork.DIAL_NANOS);
    assertThat(silent.failures).containsExactly("no answer");
  }

  @Test
  void aDialNeedsTheRightKeyAndSomebodyWhoTakesPart() {
    Pair pair = new Pair(5);
    pair.dial(SimHost.peer(99));
    pair.simulation.runFor(SECOND);
    assertThat(pair.failures).containsExactly("another peer answers there");
    pair.right.loop().freeze();
    pair.dial(pair.right.peer());
    pair.simulation.runFor(SimNetwork.DIAL_NANOS + 1);
    assertThat(pair.failures).hasSize(2).last().isEqualTo("no answer");
    pair.right.loop().thaw();
    pair.simulation.runFor(SECOND);
    assertThat(pair.rightLinks).isEmpty();
    pair.network.separate(List.of(pair.left.transport()), 1);
    pair.dial(pair.right.peer());
    pair.simulation.runFor(SimNetwork.DIAL_NANOS + 1);
    assertThat(pair.failures).hasSize(3).last().isEqualTo("no answer");
    assertThat(pair.leftLinks).isEmpty();
  }

  @Test
  void aCutEndsBothSides() {
    Pair pair = new Pair(6);
    pair.link();
    pair.left.cut();
    pair.simulation.runFor(SECOND);
    assertThat(pair.leftNotes.ends).hasSize(1);
    assertThat(pair.rightNotes.ends).hasSize(1);
    assertThat(pair.left.transport().links()).isEmpty();
    assertThat(pair.right.transport().links()).isEmpty();
  }

  @Test
  void aLinkQueuesOnlySoMuchForOneWhoDoesNotRead() {
    Pair pair = new Pair(7);
    Link link = pair.link();
    pair.right.loop().freeze();
    byte[] frame = new byte[8 << 20];
    for (int i = 0; i < 8; i++) {
      assertThat(link.send(frame)).isTrue();
    }
    assertThat(link.send(frame)).isFalse();
    pair.simulation.runFor(SECOND);
    assertThat(pair.leftNotes.ends).hasSize(1);
  }

  @Test
  void bandwidthTakesItsTime() {
    Pair pair = new Pair(8);
    Link link = pair.link();
    pair.network.geography((from, to) -> new SimNetwork.Path(1_000_000, 0, 1e6, 0));
    long before = pair.simulation.now();
    link.send(new byte[500_000]);
    link.send(new byte[500_000]);
    pair.simulation.runUntil(() -> pair.rightNotes.numbers.size() == 2, 10 * SECOND);
    assertThat(pair.simulation.now() - before).isEqualTo(SECOND + 1_000_000);
  }

  @Test
  void aFailureNamesTheSeedAndHowToRepeatIt() {
    Simulation simulation = new Simulation(SimulationHarnessTest.class, 4711);
    SimLoop loop = new SimLoop(simulation, 1, "node", 0);
    simulation.invariant(touched -> assertThat(simulation.now()).isLessThan(100));
    loop.after(50, () -> simulation.trace(loop, "something harmless"));
    loop.after(100, () -> simulation.trace(loop, "the culprit"));
    assertThatThrownBy(() -> simulation.runFor(SECOND))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("-Dtest=SimulationHarnessTest -Dfolkmoot.sim.seed=4711")
        .hasMessageContaining("at node")
        .hasMessageContaining("the culprit");
  }
}
