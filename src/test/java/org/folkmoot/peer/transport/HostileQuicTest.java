package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.transport.QuicStranger.Manner;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.folkmoot.wire.Limits;
import org.junit.jupiter.api.Test;

/** Strangers and peers who finish a handshake of QUIC, or nearly, and do not follow the rules. */
class HostileQuicTest extends QuicFixture {
  private static final Manner PEER = Manner.of(OtherCertificates.ofPeer(HERE));

  @Test
  void framesOfNoOrTooManyBytesEndTheLink() throws InterruptedException {
    listen(PATIENT);
    for (int length : new int[] {0, Limits.MAX_FRAME + 1, -1}) {
      try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER)) {
        QuicStreamChannel stream = stream(linked(stranger));
        write(stream, head(length));
        assertThat(there.closed()).contains(Integer.toUnsignedString(length) + " bytes");
        assertThat(stranger.end()).contains("closed the connection");
      }
    }
    assertThat(there.frames).isEmpty();
    assertServes();
  }

  @Test
  void aFrameThatTakesTooLongEndsTheLink() throws InterruptedException {
    listen(
        new TransportLimits(
            PATIENT.connect(),
            PATIENT.handshake(),
            Duration.ofMillis(200),
            PATIENT.closing(),
            PATIENT.strangers(),
            PATIENT.links()));
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER)) {
      write(stream(linked(stranger)), new byte[] {5, 0, 0, 0, 1, 2});
      assertThat(there.closed()).contains("a frame took longer");
      assertThat(stranger.end()).contains("closed the connection");
    }
    assertServes();
  }

  @Test
  void whoShowsNoOrAWrongCertificateIsNoLink() throws InterruptedException {
    listen(PATIENT);
    assertRefused(Manner.of(null), "TLS alert");
    // With these the native code of a client gives up by itself; see also HostileTlsTest.
    assertRefused(Manner.of(OtherCertificates.signedByAnother(HERE)), "KEY_VALUES_MISMATCH");
    assertRefused(Manner.of(OtherCertificates.ellipticCurve()), "NO_COMMON_SIGNATURE_ALGORITHMS");
  }

  @Test
  void whoSpeaksSomethingElseInsideIsNoLink() throws InterruptedException {
    listen(PATIENT);
    assertRefused(PEER.speaking("h3"), "TLS alert");
  }

  private void assertRefused(Manner manner, String why) throws InterruptedException {
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", manner)) {
      var _ = stranger.connect(server().listenPort());
      assertThat(stranger.end()).contains(why);
    }
    assertThat(there.links).isEmpty();
    assertServes();
  }

  /** One stream each way is all that there is. */
  @Test
  void noMoreStreamsThanOneAreGranted() throws InterruptedException {
    listen(PATIENT);
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER)) {
      QuicChannel connection = linked(stranger);
      QuicStreamChannel stream = stream(connection);
      for (int i = 0; i < 100; i++) {
        assertThat(QuicStranger.stream(connection, QuicStreamType.BIDIRECTIONAL)).isEmpty();
        assertThat(QuicStranger.stream(connection, QuicStreamType.UNIDIRECTIONAL)).isEmpty();
      }
      write(stream, new byte[] {1, 0, 0, 0, 7});
      assertThat(there.frame()).as("the first is none the worse").containsExactly(7);
      assertServes();
    }
  }

  /** The end of a stream makes room for another one, which is of no use to anybody. */
  @Test
  void aLinkThatHasEndedHearsNoFurtherStreams() throws InterruptedException {
    listen(PATIENT);
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER)) {
      QuicChannel connection = linked(stranger);
      QuicStreamChannel first = stream(connection);
      write(first, new byte[] {1, 0, 0, 0, 7});
      assertThat(there.frame()).containsExactly(7);
      first.shutdownOutput().syncUninterruptibly();
      for (int i = 0; i < 50 && connection.isActive(); i++) {
        QuicStranger.stream(connection, QuicStreamType.UNIDIRECTIONAL)
            .ifPresent(more -> {
              var _ = more.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {1, 0, 0, 0, 8}));
              var _ = more.shutdownOutput();
            });
      }
      connection.close().syncUninterruptibly();
      assertThat(there.closed()).isEqualTo(ChannelLink.CLOSED_THERE);
    }
    assertThat(there.frames).isEmpty();
    assertServes();
  }

  @Test
  void whoGrantsNoStreamIsNoLink() throws InterruptedException {
    listen(PATIENT);
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER.granting(0, 1 << 20))) {
      var _ = stranger.connect(server().listenPort());
      assertThat(stranger.end()).contains("closed the connection");
    }
    assertThat(there.links).isEmpty();
    assertServes();
  }

  /** What waits for one who does not take it is bounded, and the link with it. */
  @Test
  void whoNeverReadsIsCutOff() throws InterruptedException {
    listen(withClosing(Duration.ofMillis(100)));
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER.granting(1, 1000))) {
      var _ = linkedTo(stranger);
      Link link = there.link();
      byte[] frame = new byte[4 << 20];
      int taken = 0;
      while (link.send(frame)) {
        assertThat(taken++).isLessThan(100);
      }
      assertThat(there.closed()).contains("more slowly");
      // Its last word has a tenth of a second to leave; on a busy machine that may be too short.
      assertThat(stranger.end()).contains("closed");
    }
    awaitConnections(0);
    assertServes();
  }

  @Test
  void aPeerThatVanishesIsNoticed() throws InterruptedException {
    listen(PATIENT);
    try (QuicStranger stranger = new QuicStranger("127.0.0.2", PEER.idleFor(3000))) {
      var _ = linked(stranger);
      stranger.vanish();
      assertThat(there.closed()).contains("silent");
    }
    awaitConnections(0);
  }

  /** Keys are free: many peers at one address share what it may have. */
  @Test
  void aFloodOfLinksFromOneAddressLeavesRoomForOthers() throws InterruptedException {
    int most = 3;
    listen(withLinks(new Share(100, most, most)));
    List<QuicStranger> all = new ArrayList<>();
    try {
      for (int i = 0; i < 5 * most; i++) {
        Manner other = Manner.of(OtherCertificates.ofPeer(SeededRandom.identity(100 + i)));
        QuicStranger stranger = new QuicStranger("127.0.0.2", other);
        all.add(stranger);
        var _ = stranger.connect(server().listenPort());
        if (i < most) {
          there.link();
        } else {
          assertThat(stranger.end()).contains("has no room for one more link");
        }
      }
      assertThat(there.links).isEmpty();
      awaitConnections(most);
      assertServes();
    } finally {
      all.forEach(QuicStranger::close);
    }
  }

  private QuicChannel linkedTo(QuicStranger stranger) throws InterruptedException {
    return stranger.connect(server().listenPort()).orElseThrow();
  }

  private QuicChannel linked(QuicStranger stranger) throws InterruptedException {
    QuicChannel connection = linkedTo(stranger);
    there.link();
    return connection;
  }

  private static QuicStreamChannel stream(QuicChannel connection) throws InterruptedException {
    return QuicStranger.stream(connection, QuicStreamType.UNIDIRECTIONAL).orElseThrow();
  }

  private static void write(QuicStreamChannel stream, byte[] bytes) {
    stream.writeAndFlush(Unpooled.wrappedBuffer(bytes)).syncUninterruptibly();
  }

  private static byte[] head(int length) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(length).array();
  }
}
