package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.quic.Quic;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;

/** A transport that listens on loopback, and an honest peer, who is at 127.0.0.1. */
abstract class QuicFixture {
  static final TransportLimits PATIENT = TransportContract.PATIENT;
  static final Identity HERE = SeededRandom.identity(1);
  static final Identity THERE = SeededRandom.identity(2);

  final Recorder there = new Recorder();

  /** Who speaks at once: a link on which nobody does for ten seconds ends. */
  private final Recorder here =
      new Recorder() {
        @Override
        public Receiver connected(Link link) {
          link.send(new byte[] {5});
          return super.connected(link);
        }
      };

  private @Nullable QuicTransport client;
  private @Nullable QuicTransport server;

  @BeforeEach
  void needsNativeCode() {
    Assumptions.assumeTrue(Quic.isAvailable(), "SKIPPED: QUIC has no native code for this system");
    client = QuicTransport.dialling(HERE, PATIENT, new SeededRandom(6));
  }

  @AfterEach
  void stop() {
    if (client != null) {
      client.close();
    }
    if (server != null) {
      server.close();
    }
  }

  final void listen(TransportLimits limits) {
    server =
        QuicTransport.listening(
            THERE,
            limits,
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            there,
            new SeededRandom(5));
  }

  final QuicTransport server() {
    return Objects.requireNonNull(server);
  }

  /** A proper peer gets its link. */
  final void assertServes() throws InterruptedException {
    dial();
    assertServed();
  }

  final void dial() {
    Objects.requireNonNull(client)
        .dial(
            new PeerAddress(Scheme.QUIC, "127.0.0.1", server().listenPort()), THERE.peerId(), here);
  }

  final void assertServed() throws InterruptedException {
    here.link();
    assertThat(there.frame()).containsExactly(5);
    there.link();
  }

  /** Waits until the server has so many connections. */
  final void awaitConnections(int count) {
    long left = TimeUnit.SECONDS.toMillis(Recorder.PATIENCE_SECONDS);
    int now = server().connections();
    while (now != count && left-- > 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      now = server().connections();
    }
    assertThat(now).isEqualTo(count);
  }

  static TransportLimits limits(Duration handshake, Share strangers) {
    return new TransportLimits(
        PATIENT.connect(),
        handshake,
        PATIENT.frame(),
        PATIENT.closing(),
        strangers,
        PATIENT.links());
  }

  static TransportLimits withClosing(Duration closing) {
    return TransportContract.withClosing(closing);
  }

  static TransportLimits withLinks(Share links) {
    return TransportContract.withLinks(links);
  }
}
