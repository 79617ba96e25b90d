package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.folkmoot.peer.transport.Gate.Pass;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GateTest {
  private final MockTicker ticker = Ticker.newMockTicker();
  private final Gate gate =
      new Gate(
          new TransportLimits(
              TransportLimits.DEFAULT.connect(),
              TransportLimits.DEFAULT.handshake(),
              TransportLimits.DEFAULT.frame(),
              TransportLimits.DEFAULT.closing(),
              new Share(8, 2, 4),
              new Share(10, 3, 5)),
          ticker);

  @Test
  void oneAddressTakesItsShareAndNoMore() {
    assertThat(admitted("192.0.2.1", 100)).hasSize(2);
    assertThat(admitted("192.0.2.2", 100)).hasSize(2);
    assertThat(admitted("127.0.0.1", 100)).hasSize(4);
    assertThat(admitted("192.0.2.3", 100)).as("all places are taken").isEmpty();
  }

  @Test
  void aHomeWithIpv6IsOneAddress() {
    assertThat(admitted("2001:db8:0:1::1", 1)).hasSize(1);
    assertThat(admitted("2001:db8:0:1:ffff::2", 1)).hasSize(1);
    assertThat(admitted("2001:db8:0:1::3", 1)).isEmpty();
    assertThat(admitted("2001:db8:0:2::1", 1)).hasSize(1);
  }

  @Test
  void whoHasProvedItsKeyMakesRoomForStrangers() {
    for (int i = 0; i < 3; i++) {
      assertThat(admitted("192.0.2.1", 1).getFirst().authenticated()).isTrue();
    }
    assertThat(admitted("192.0.2.1", 1)).as("three links from there").isEmpty();
    assertThat(gate.hasRoom(InetAddress.ofLiteral("192.0.2.1"))).isFalse();
    assertThat(gate.hasRoom(InetAddress.ofLiteral("192.0.2.2"))).isTrue();
  }

  @Test
  void strangersWhoCameTogetherDoNotExceedTheLinks() {
    List<Pass> passes = admitted("192.0.2.1", 2);
    Pass third = admitted("127.0.0.1", 1).getFirst();
    assertThat(passes.get(0).authenticated()).isTrue();
    assertThat(passes.get(1).authenticated()).isTrue();
    assertThat(passes.get(1).authenticated()).as("twice").isFalse();
    Pass fourth = admitted("192.0.2.1", 1).getFirst();
    Pass fifth = admitted("192.0.2.1", 1).getFirst();
    assertThat(fourth.authenticated()).isTrue();
    assertThat(fifth.authenticated()).isFalse();
    assertThat(third.authenticated()).isTrue();
  }

  @Test
  void aPlaceIsGivenBackOnce() {
    List<Pass> passes = admitted("192.0.2.1", 2);
    passes.getFirst().release();
    passes.getFirst().release();
    assertThat(admitted("192.0.2.1", 5)).hasSize(1);
    assertThat(passes.getFirst().authenticated()).as("after the end").isFalse();
  }

  /** Handshakes that are begun and broken off hold no place, and cost time all the same. */
  @Test
  void whoComesAndGoesIsPaced() {
    int most = 0;
    for (Pass pass = come("192.0.2.1"); pass != null; pass = come("192.0.2.1")) {
      pass.release();
      assertThat(most++).isLessThan(1000);
    }
    assertThat(most).isEqualTo(64);
    assertThat(gate.hasRoom(InetAddress.ofLiteral("192.0.2.1"))).isFalse();
    assertThat(admitted("192.0.2.2", 1)).as("others are not").hasSize(1);
    ticker.advance(10, TimeUnit.SECONDS);
    int later = 0;
    for (Pass pass = come("192.0.2.1"); pass != null; pass = come("192.0.2.1")) {
      pass.release();
      later++;
    }
    assertThat(later).isEqualTo(64);
    ticker.advance(1, TimeUnit.SECONDS);
    assertThat(admitted("192.0.2.1", 1)).hasSize(1);
  }

  private @Nullable Pass come(String address) {
    return gate.admit(InetAddress.ofLiteral(address));
  }

  @Test
  void itIsQuietAsLongAsFewStrangersAreThere() {
    assertThat(gate.isQuiet()).isTrue();
    List<Pass> passes = admitted("192.0.2.1", 2);
    assertThat(gate.isQuiet()).isFalse();
    passes.getFirst().release();
    assertThat(gate.isQuiet()).isTrue();
  }

  private List<Pass> admitted(String address, int attempts) {
    List<Pass> passes = new ArrayList<>();
    for (int i = 0; i < attempts; i++) {
      Pass pass = gate.admit(InetAddress.ofLiteral(address));
      if (pass != null) {
        passes.add(pass);
      }
    }
    return passes;
  }
}
