package org.folkmoot.peer.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.folkmoot.wire.PeerAddress;
import org.junit.jupiter.api.Test;

class QuicTransportTest extends TransportContract {
  @Override
  PeerTransport listening(
      Identity identity,
      TransportLimits limits,
      InetSocketAddress listen,
      PeerTransport.Acceptor acceptor) {
    return QuicTransport.listening(identity, limits, listen, acceptor, new SeededRandom(5));
  }

  @Override
  PeerTransport dialling(Identity identity, TransportLimits limits) {
    return QuicTransport.dialling(identity, limits, new SeededRandom(6));
  }

  @Test
  void anAddressThatDoesNotAnswerFailsInTime() throws InterruptedException {
    PeerTransport hasty =
        kept(
            dialling(
                HERE,
                new TransportLimits(
                    Duration.ofMillis(100),
                    Duration.ofMillis(100),
                    PATIENT.frame(),
                    PATIENT.closing(),
                    PATIENT.strangers(),
                    PATIENT.links())));
    hasty.dial(PeerAddress.parse("quic://127.0.0.1:1"), THERE.peerId(), here);
    assertThat(here.failure()).contains("does not answer");
  }

  @Test
  void whileManyStrangersAreHereAddressesAreChecked() throws InterruptedException {
    // A share of three is crowded by nobody: each must show a token.
    PeerTransport server =
        server(
            new TransportLimits(
                PATIENT.connect(),
                PATIENT.handshake(),
                PATIENT.frame(),
                PATIENT.closing(),
                new Share(3, 3, 3),
                PATIENT.links()),
            there);
    dial(client(), server, THERE.peerId(), here);
    here.link().send(new byte[] {1});
    assertThat(there.frame()).containsExactly(1);
  }

  @Test
  void datagramsThatAreNoQuicAreIgnored() throws Exception {
    PeerTransport server = server(PATIENT, there);
    Random random = new Random(8);
    try (DatagramSocket socket = new DatagramSocket()) {
      for (int i = 0; i < 500; i++) {
        byte[] noise = new byte[random.nextInt(1400)];
        random.nextBytes(noise);
        if (noise.length > 6 && random.nextBoolean()) {
          // As the first packet of a connection begins.
          noise[0] = (byte) 0xc0;
          noise[1] = 0;
          noise[2] = 0;
          noise[3] = 0;
          noise[4] = 1;
          noise[5] = 20;
        }
        socket.send(
            new DatagramPacket(
                noise, noise.length, InetAddress.getLoopbackAddress(), server.listenPort()));
      }
    }
    dial(client(), server, THERE.peerId(), here);
    here.link().send(new byte[] {1});
    assertThat(there.frame()).containsExactly(1);
    assertThat(there.links).hasSize(1);
  }

  @Test
  void onePortListensAndDials() throws InterruptedException {
    PeerTransport first = server(PATIENT, there);
    PeerTransport second =
        kept(
            listening(
                HERE, PATIENT, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), here));
    Recorder dialler = new Recorder();
    dial(first, second, HERE.peerId(), dialler);
    dial(second, first, THERE.peerId(), dialler);
    dialler.link();
    dialler.link();
    assertThat(there.link().remoteAddress()).isEqualTo(address(second));
    assertThat(here.link().remoteAddress()).isEqualTo(address(first));
  }

  /** Nobody can dial who is behind a router, until it has sent something out there itself. */
  @Test
  void whoKnocksIsReachedThroughItsRouter() throws Exception {
    QuicTransport hidden = (QuicTransport) server(PATIENT, there);
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    TransportLimits hasty =
        new TransportLimits(
            Duration.ofMillis(300),
            Duration.ofMillis(300),
            PATIENT.frame(),
            PATIENT.closing(),
            PATIENT.strangers(),
            PATIENT.links());
    PeerTransport impatient = kept(listening(HERE, hasty, anyPort, here));
    PeerTransport patient = kept(listening(HERE, PATIENT, anyPort, here));
    InetSocketAddress behind = socket(hidden);
    try (TestRouter closed = new TestRouter(behind, socket(impatient));
        TestRouter opened = new TestRouter(behind, socket(patient))) {
      impatient.dial(quic(closed.outside()), THERE.peerId(), here);
      assertThat(here.failure()).contains("does not answer");
      hidden.knock(quic(opened.inside()));
      patient.dial(quic(opened.outside()), THERE.peerId(), here);
      here.link().send(new byte[] {1});
      assertThat(there.frame()).containsExactly(1);
    }
  }

  private static InetSocketAddress socket(PeerTransport transport) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), transport.listenPort());
  }

  private static PeerAddress quic(InetSocketAddress at) {
    return new PeerAddress(PeerAddress.Scheme.QUIC, at.getAddress().getHostAddress(), at.getPort());
  }
}
