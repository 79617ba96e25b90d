package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.SilentNetwork;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.junit.jupiter.api.Test;

/** How much of what hops say of their speed a client believes. */
class ChainHopsTest {
  private static final long MILLI = 1_000_000;

  private final ChainHops hops = new ChainHops();

  ChainHopsTest() {
    hops.replace(List.of(hop(1, 0, 4), hop(2, 4, 8)));
  }

  private static PeerId peer(int number) {
    return new PeerId(Hash32.sha256(new byte[] {(byte) number}));
  }

  private static ChainHop hop(int peer, int from, int to) {
    return new ChainHop(
        new HopPlan(peer(peer), new LayerRange(from == 0, from, to, to == 8), List.of()));
  }

  /** Eight tokens of a step each, which took so long by the hop's word. */
  private static Message.Computed report(int micros) {
    return new Message.Computed(
        new SessionId(1, 2), 0, 0, 4, 16, 8, 8, new byte[8 * 32], 0, micros);
  }

  private double speed(ChainHop hop, Message.Computed report) {
    PeerScores scores = new PeerScores(new SilentNetwork(peer(9)));
    scores.computed(hop.peer(), 4, ChainHop.single(report), hop.nanos(report));
    return scores.measured(hop.peer()).layersPerSecond();
  }

  @Test
  void stepsThatAreToldTogetherAreMeasured() {
    Message.Computed report = report(8000);
    hops.stream().forEach(hop -> hop.computed(report, Integer.MAX_VALUE));
    assertThat(speed(hops.first(), report)).isEqualTo(4000);
  }

  @Test
  void aLongStepTellsNothingOfHowSoonATokenComes() {
    Message.Computed prompt =
        new Message.Computed(new SessionId(1, 2), 0, 0, 4, 0, 8, 1, new byte[8 * 32], 0, 9000);
    assertThat(ChainHop.single(prompt)).isZero();
    assertThat(speed(hops.first(), prompt)).isEqualTo(-1);
  }

  @Test
  void whoIsAsFastAsItSaysIsBelieved() {
    Message.Computed report = report(8 * 5000);
    hops.stream().forEach(hop -> hop.computed(report, Integer.MAX_VALUE));
    for (int i = 0; i < 20; i++) {
      hops.charge((2 * 5 + 4) * MILLI, ChainHopsTest::near);
    }
    assertThat(hops.first().nanos(report)).isEqualTo(8 * 5 * MILLI);
  }

  @Test
  void whoSaysNothingYetIsChargedWithNothing() {
    hops.charge(1000 * MILLI, ChainHopsTest::near);
    assertThat(hops.first().nanos(report(1))).isEqualTo(1000);
  }

  /** A hop holds back each step for a second, and says that it took a microsecond. */
  @Test
  void aBoastDoesNotOutweighTheTimeThatTokensTake() {
    Message.Computed report = report(8);
    hops.stream().forEach(hop -> hop.computed(report, Integer.MAX_VALUE));
    assertThat(speed(hops.last(), report)).isGreaterThan(1_000_000);
    for (int i = 0; i < 20; i++) {
      hops.charge(1000 * MILLI, ChainHopsTest::near);
    }
    assertThat(speed(hops.last(), report)).isBetween(8.0, 9.0);
  }

  private static long near(PeerId peer) {
    return MILLI;
  }
}
