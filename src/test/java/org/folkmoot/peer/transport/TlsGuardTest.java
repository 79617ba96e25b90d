package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.relay.CircuitGuard;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TlsGuardTest {
  private final TlsGuard here = new TlsGuard(SeededRandom.identity(1));
  private final TlsGuard there = new TlsGuard(SeededRandom.identity(2));

  /** An end that keeps what it is told. */
  private static final class Kept implements CircuitGuard.End {
    final Deque<byte[]> out = new ArrayDeque<>();
    final List<byte[]> frames = new ArrayList<>();
    @Nullable PeerId peer;
    @Nullable String broken;

    @Override
    public void transmit(byte[] bytes) {
      out.add(bytes);
    }

    @Override
    public void proved(PeerId proven) {
      assertThat(peer).isNull();
      peer = proven;
    }

    @Override
    public void frame(byte[] frame) {
      assertThat(peer).isNotNull();
      frames.add(frame);
    }

    @Override
    public void broken(String why) {
      assertThat(broken).isNull();
      broken = why;
    }
  }

  /** Carries bytes until there are none, each changed or not. */
  private static void carry(
      Kept a, CircuitGuard.Session toA, Kept b, CircuitGuard.Session toB, Random damage, int odds) {
    while (!a.out.isEmpty() || !b.out.isEmpty()) {
      for (boolean fromA : new boolean[] {true, false}) {
        byte[] bytes = (fromA ? a : b).out.poll();
        if (bytes != null) {
          if (odds > 0 && damage.nextInt(odds) == 0) {
            bytes[damage.nextInt(bytes.length)] ^= (byte) (1 << damage.nextInt(8));
          }
          (fromA ? toB : toA).received(bytes);
        }
      }
    }
  }

  @Test
  void bothEndsProveTheirKeysAndFramesComeWhole() {
    Kept a = new Kept();
    Kept b = new Kept();
    CircuitGuard.Session one = here.dial(SeededRandom.identity(2).peerId(), a);
    CircuitGuard.Session two = there.accept(b);
    carry(a, one, b, two, new Random(1), 0);
    assertThat(a.peer).isEqualTo(SeededRandom.identity(2).peerId());
    assertThat(b.peer).isEqualTo(SeededRandom.identity(1).peerId());
    one.send(new byte[] {1, 2, 3});
    one.send(new byte[300_000]);
    two.send(new byte[] {4});
    carry(a, one, b, two, new Random(1), 0);
    assertThat(b.frames.get(0)).containsExactly(1, 2, 3);
    assertThat(b.frames.get(1)).hasSize(300_000);
    assertThat(a.frames.get(0)).containsExactly(4);
    one.close();
    two.close();
    assertThat(a.broken).isNull();
  }

  @Test
  void anotherKeyThanExpectedIsRefused() {
    Kept a = new Kept();
    Kept b = new Kept();
    CircuitGuard.Session one = here.dial(SeededRandom.identity(3).peerId(), a);
    carry(a, one, b, there.accept(b), new Random(1), 0);
    assertThat(a.peer).isNull();
    assertThat(a.broken).isNotNull();
  }

  /** A relay that changes bytes breaks the link, and nothing that was not sent is taken. */
  @Test
  void changedBytesBreakTheLinkAndNothingElse() {
    Random random = new Random(11);
    for (int run = 0; run < 60; run++) {
      Kept a = new Kept();
      Kept b = new Kept();
      CircuitGuard.Session one = here.dial(SeededRandom.identity(2).peerId(), a);
      CircuitGuard.Session two = there.accept(b);
      carry(a, one, b, two, random, 1 + random.nextInt(8));
      if (a.peer != null && b.peer != null) {
        one.send(new byte[] {7, 7});
        carry(a, one, b, two, random, 2);
      }
      assertThat(b.frames).allMatch(frame -> frame.length == 2 && frame[0] == 7);
      one.close();
      two.close();
    }
  }

  @Test
  void noiseIsNoPeer() {
    Random random = new Random(12);
    for (int run = 0; run < 200; run++) {
      Kept end = new Kept();
      CircuitGuard.Session session = there.accept(end);
      for (int i = 0; i < 5; i++) {
        byte[] noise = new byte[1 + random.nextInt(300)];
        random.nextBytes(noise);
        session.received(noise);
      }
      assertThat(end.peer).isNull();
      assertThat(end.frames).isEmpty();
      session.close();
    }
  }
}
