package org.folkmoot.peer.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.transport.OtherCertificates.Credentials;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.folkmoot.testing.Soak;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerAddress.Scheme;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Strangers and peers who do not follow the rules, each at a bounded cost. */
class HostileTlsTest {
  private static final Identity PEER = SeededRandom.identity(1);
  private static final Identity SERVER = SeededRandom.identity(2);
  private static final String VERSION = "TLSv1.3";

  private final Recorder there = new Recorder();
  private final Recorder here = new Recorder();
  private final TlsTransport client = TlsTransport.dialling(PEER, TransportContract.PATIENT);
  private @Nullable TlsTransport server;

  private int listen(TransportLimits limits) {
    server =
        TlsTransport.listening(
            SERVER, limits, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), there);
    return server.listenPort();
  }

  @AfterEach
  void stop() {
    client.close();
    if (server != null) {
      server.close();
    }
  }

  @Test
  void framesOfNoOrTooManyBytesEndTheLink() throws IOException, InterruptedException {
    int port = listen(TransportContract.PATIENT);
    for (int length : new int[] {0, Limits.MAX_FRAME + 1, -1}) {
      try (SSLSocket socket = peer(port)) {
        socket.getOutputStream().write(head(length));
        assertThat(there.closed()).contains(Integer.toUnsignedString(length) + " bytes");
        assertThat(RawTls.isHungUp(socket)).isTrue();
      }
    }
    assertThat(there.frames).isEmpty();
    assertServes(port);
  }

  @Test
  void aPeerThatDiesIsNoticed() throws IOException, InterruptedException {
    int port = listen(TransportContract.PATIENT);
    Socket tcp = RawTls.tcp("127.0.0.1", port);
    SSLSocket socket =
        RawTls.over(tcp, OtherCertificates.ofPeer(PEER), VERSION, TlsContexts.PROTOCOL);
    socket.getOutputStream().write(new byte[] {1, 0, 0, 0, 7, 9, 0});
    assertThat(there.frame()).containsExactly(7);
    // What a system does for a process that was killed with bytes to read.
    tcp.setSoLinger(true, 0);
    tcp.close();
    assertThat(there.closed()).isNotEmpty();
  }

  @Test
  void whoShowsNoOrAWrongCertificateIsNoLink() throws IOException, InterruptedException {
    int port = listen(TransportContract.PATIENT);
    assertRefused(port, null, VERSION, TlsContexts.PROTOCOL);
    assertRefused(port, OtherCertificates.ellipticCurve(), VERSION, TlsContexts.PROTOCOL);
    assertRefused(port, OtherCertificates.signedByAnother(PEER), VERSION, TlsContexts.PROTOCOL);
    assertThat(there.links).isEmpty();
    assertServes(port);
  }

  @Test
  void whoSpeaksSomethingElseInsideIsNoLink() throws IOException, InterruptedException {
    int port = listen(TransportContract.PATIENT);
    assertRefused(port, OtherCertificates.ofPeer(PEER), VERSION, "h2");
    assertRefused(port, OtherCertificates.ofPeer(PEER), VERSION);
    assertRefused(port, OtherCertificates.ofPeer(PEER), "TLSv1.2", TlsContexts.PROTOCOL);
    assertThat(there.links).isEmpty();
    assertServes(port);
  }

  @Test
  void aServerWithAWrongCertificateIsRefused() throws IOException, InterruptedException {
    try (SSLServerSocket other = RawTls.server(OtherCertificates.ellipticCurve())) {
      Thread.ofPlatform().daemon().start(() -> acceptOne(other));
      dial(other.getLocalPort());
      assertThat(here.failure()).contains("not Ed25519");
    }
  }

  @Test
  void whatIsNoTlsIsHungUpOn() throws IOException, InterruptedException {
    int port = listen(TransportContract.PATIENT);
    byte[] noise = new byte[5000];
    new Random(4).nextBytes(noise);
    for (byte[] garbage :
        List.of("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(US_ASCII), noise, new byte[5000])) {
      try (Socket socket = RawTls.tcp("127.0.0.1", port)) {
        socket.getOutputStream().write(garbage);
        assertThat(RawTls.isHungUp(socket)).isTrue();
      }
    }
    assertThat(there.links).isEmpty();
    assertServes(port);
  }

  @Test
  void aServerThatIsNoPeerFailsTheDial() throws IOException, InterruptedException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.ofPlatform().daemon().start(() -> greet(other));
      dial(other.getLocalPort());
      assertThat(here.failure()).contains("is no peer");
    }
  }

  @Test
  void whoDoesNotFinishTheHandshakeIsHungUpOn() throws IOException, InterruptedException {
    int port = listen(limits(Duration.ofMillis(200), TransportLimits.DEFAULT.strangers()));
    try (Socket silent = RawTls.tcp("127.0.0.1", port);
        Socket slow = RawTls.tcp("127.0.0.1", port)) {
      slow.getOutputStream().write(new byte[] {22, 3, 1});
      assertThat(RawTls.isHungUp(silent)).isTrue();
      assertThat(RawTls.isHungUp(slow)).isTrue();
    }
  }

  @Test
  void aServerThatDoesNotFinishTheHandshakeFailsTheDial() throws IOException, InterruptedException {
    try (ServerSocket mute = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        TlsTransport hasty =
            TlsTransport.dialling(
                PEER, limits(Duration.ofMillis(200), TransportLimits.DEFAULT.strangers()))) {
      PeerAddress address = new PeerAddress(Scheme.TLS, "127.0.0.1", mute.getLocalPort());
      hasty.dial(address, SERVER.peerId(), here);
      assertThat(here.failure()).contains("did not finish the handshake");
    }
  }

  @Test
  void manyConnectionsFromOneAddressLeaveRoomForOthers() throws IOException, InterruptedException {
    flood(400);
  }

  @Soak
  @Test
  void tenThousandConnectionsFromOneAddressLeaveRoomForOthers()
      throws IOException, InterruptedException {
    flood(10_000);
  }

  private void flood(int connections) throws IOException, InterruptedException {
    int port = listen(limits(Duration.ofHours(1), new Share(64, 8, 8)));
    List<Socket> held = new ArrayList<>();
    try {
      // The first take the places of their address, and keep them.
      for (int i = 0; i < 8; i++) {
        held.add(RawTls.tcp("127.0.0.2", port));
      }
      for (int i = 0; i < connections; i++) {
        assertThat(isTurnedAway("127.0.0.2", port)).isTrue();
      }
      assertServes(port);
      held.removeFirst().close();
      assertThat(there.links).isEmpty();
    } finally {
      for (Socket socket : held) {
        socket.close();
      }
    }
  }

  private static boolean isTurnedAway(String from, int port) {
    try (Socket socket = RawTls.tcp(from, port)) {
      return RawTls.isHungUp(socket);
    } catch (IOException resetWhileConnecting) {
      return true;
    }
  }

  /** A proper peer still gets its link. */
  private void assertServes(int port) throws InterruptedException {
    dial(port);
    here.link().send(new byte[] {5});
    assertThat(there.frame()).containsExactly(5);
    there.link();
  }

  private void dial(int port) {
    client.dial(new PeerAddress(Scheme.TLS, "127.0.0.1", port), SERVER.peerId(), here);
  }

  private SSLSocket peer(int port) throws IOException, InterruptedException {
    SSLSocket socket =
        RawTls.client(port, OtherCertificates.ofPeer(PEER), VERSION, TlsContexts.PROTOCOL);
    there.link();
    return socket;
  }

  private static void assertRefused(
      int port, @Nullable Credentials credentials, String version, String... protocols)
      throws IOException {
    try (SSLSocket socket = RawTls.client(port, credentials, version, protocols)) {
      assertThat(RawTls.isHungUp(socket)).isTrue();
    } catch (IOException refusedInTheHandshake) {
      assertThat(refusedInTheHandshake).isNotNull();
    }
  }

  private static byte[] head(int length) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(length).array();
  }

  private static void acceptOne(SSLServerSocket server) {
    try (Socket socket = server.accept()) {
      RawTls.isHungUp(socket);
    } catch (IOException refused) {
      return;
    }
  }

  private static void greet(ServerSocket server) {
    try (Socket socket = server.accept()) {
      socket.getOutputStream().write("220 mail.example ready\r\n".getBytes(US_ASCII));
      RawTls.isHungUp(socket);
    } catch (IOException refused) {
      return;
    }
  }

  private static TransportLimits limits(Duration handshake, Share strangers) {
    TransportLimits patient = TransportContract.PATIENT;
    return new TransportLimits(
        patient.connect(),
        handshake,
        patient.frame(),
        patient.closing(),
        strangers,
        patient.links());
  }
}
