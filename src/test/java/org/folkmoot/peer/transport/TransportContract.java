package org.folkmoot.peer.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.PeerTransport.Link;
import org.folkmoot.peer.PeerTransport.Receiver;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.transport.TransportLimits.Share;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the port {@link PeerTransport} promises, of any way to carry bytes. */
abstract class TransportContract {
  /** Generous where the test is not about time, for machines that are busy. */
  static final TransportLimits PATIENT =
      new TransportLimits(
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(30),
          TransportLimits.DEFAULT.strangers(),
          TransportLimits.DEFAULT.links());

  static final Identity HERE = SeededRandom.identity(1);
  static final Identity THERE = SeededRandom.identity(2);

  final Recorder here = new Recorder();
  final Recorder there = new Recorder();
  private final List<PeerTransport> open = new ArrayList<>();

  abstract PeerTransport listening(
      Identity identity,
      TransportLimits limits,
      InetSocketAddress listen,
      PeerTransport.Acceptor acceptor);

  abstract PeerTransport dialling(Identity identity, TransportLimits limits);

  @AfterEach
  void closeAll() {
    open.forEach(PeerTransport::close);
  }

  final <T extends PeerTransport> T kept(T transport) {
    open.add(transport);
    return transport;
  }

  final PeerTransport server(TransportLimits limits, PeerTransport.Acceptor acceptor) {
    return kept(
        listening(
            THERE, limits, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), acceptor));
  }

  final PeerTransport client() {
    return kept(dialling(HERE, PATIENT));
  }

  static PeerAddress address(PeerTransport server) {
    return new PeerAddress(server.scheme(), "127.0.0.1", server.listenPort());
  }

  static void dial(PeerTransport from, PeerTransport to, PeerId expected, Recorder told) {
    from.dial(address(to), expected, told);
  }

  /** A link from here to there. */
  final Link linked() throws InterruptedException {
    PeerTransport server = server(PATIENT, there);
    dial(client(), server, THERE.peerId(), here);
    return here.link();
  }

  @Test
  void eachSideKnowsTheOther() throws InterruptedException {
    Link outgoing = linked();
    Link incoming = there.link();
    assertThat(outgoing.remote()).isEqualTo(THERE.peerId());
    assertThat(incoming.remote()).isEqualTo(HERE.peerId());
    assertThat(outgoing.outgoing()).isTrue();
    assertThat(incoming.outgoing()).isFalse();
    assertThat(outgoing.remoteAddress()).isEqualTo(address(open.getFirst()));
    assertThat(incoming.remoteAddress().host()).isEqualTo("127.0.0.1");
  }

  @Test
  void framesOfAllSizesComeWholeAndInOrderBothWays() throws InterruptedException {
    Link outgoing = linked();
    Link incoming = there.link();
    Random random = new Random(3);
    int[] sizes = {1, 2, 2300, 8192, 16 << 10, (16 << 10) + 1, 100_000, Limits.MAX_FRAME, 5};
    List<byte[]> sent = new ArrayList<>();
    for (int size : sizes) {
      byte[] frame = new byte[size];
      random.nextBytes(frame);
      sent.add(frame);
      assertThat(outgoing.send(frame)).isTrue();
      assertThat(incoming.send(frame)).isTrue();
    }
    for (byte[] frame : sent) {
      assertThat(there.frame()).isEqualTo(frame);
      assertThat(here.frame()).isEqualTo(frame);
    }
  }

  @Test
  void theSideThatWasDialledMaySpeakFirst() throws InterruptedException {
    var _ = linked();
    assertThat(there.link().send("first".getBytes(UTF_8))).isTrue();
    assertThat(here.frame()).isEqualTo("first".getBytes(UTF_8));
  }

  @Test
  void manyThreadsMaySendAtOnce() throws InterruptedException {
    Link link = linked();
    int threads = 4;
    int each = 500;
    List<Thread> senders = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      byte sender = (byte) t;
      senders.add(
          Thread.startVirtualThread(() -> {
            for (int i = 0; i < each; i++) {
              assertThat(link.send(new byte[] {sender, (byte) i, (byte) (i >> 8)})).isTrue();
            }
          }));
    }
    int[] next = new int[threads];
    for (int i = 0; i < threads * each; i++) {
      byte[] frame = there.frame();
      assertThat((frame[1] & 0xff) | (frame[2] << 8)).isEqualTo(next[frame[0]]++);
    }
    for (Thread sender : senders) {
      sender.join();
    }
  }

  @Test
  void aFrameMayBeAnsweredInItsCallback() throws InterruptedException {
    Recorder echo =
        new Recorder() {
          @Override
          public void frame(Link link, byte[] frame) {
            link.send(frame);
          }
        };
    dial(client(), server(PATIENT, echo), THERE.peerId(), here);
    Link link = here.link();
    for (int i = 0; i < 200; i++) {
      link.send(new byte[] {(byte) i});
    }
    for (int i = 0; i < 200; i++) {
      assertThat(here.frame()).containsExactly(i);
    }
  }

  @Test
  void framesThatNoneMaySendAreADefectOfTheSender() throws InterruptedException {
    Link link = linked();
    assertThatThrownBy(() -> link.send(new byte[0])).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> link.send(new byte[Limits.MAX_FRAME + 1]))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whoHasAnotherKeyIsRefusedAndNeverALink() throws InterruptedException {
    PeerTransport server = server(PATIENT, there);
    PeerTransport client = client();
    dial(client, server, SeededRandom.identity(9).peerId(), here);
    assertThat(here.failure()).contains("is the peer " + THERE.peerId());
    dial(client, server, THERE.peerId(), here);
    here.link().send(new byte[] {1});
    assertThat(there.frame()).containsExactly(1);
    assertThat(there.links).hasSize(1);
    assertThat(here.links).isEmpty();
  }

  @Test
  void closingSendsWhatWasSentBefore() throws InterruptedException {
    Link link = linked();
    Link back = there.link();
    for (int i = 0; i < 200; i++) {
      assertThat(link.send(new byte[50_000])).isTrue();
      back.send(new byte[50_000]);
    }
    link.close("enough");
    assertThat(link.send(new byte[1])).isFalse();
    for (int i = 0; i < 200; i++) {
      assertThat(there.frame()).hasSize(50_000);
    }
    assertThat(here.closed()).isEqualTo("enough");
    assertThat(there.closed()).isEqualTo("the other side closed the link");
    assertThat(back.send(new byte[1])).isFalse();
  }

  @Test
  void theEndIsToldOnce() throws InterruptedException {
    Link link = linked();
    Link back = there.link();
    link.close("one");
    link.close("two");
    back.close("three");
    back.close("four");
    assertThat(here.closed()).isIn("one", "the other side closed the link");
    var _ = there.closed();
    open.forEach(PeerTransport::close);
    assertThat(here.closes).isEmpty();
    assertThat(there.closes).isEmpty();
  }

  @Test
  void aLinkMayBeClosedInItsOwnCallbacks() throws InterruptedException {
    Recorder grumpy =
        new Recorder() {
          @Override
          public Receiver accepted(Link link) {
            link.send("no".getBytes(UTF_8));
            link.close("not you");
            return super.accepted(link);
          }
        };
    dial(client(), server(PATIENT, grumpy), THERE.peerId(), here);
    assertThat(here.frame()).isEqualTo("no".getBytes(UTF_8));
    assertThat(grumpy.closed()).isEqualTo("not you");
    var _ = here.closed();
  }

  @Test
  void whoStopsTellsAllLinks() throws InterruptedException {
    Link link = linked();
    var _ = there.link();
    open.getFirst().close();
    assertThat(there.closes).containsExactly("this node stops");
    assertThat(here.closed()).isEqualTo("the other side closed the link");
    assertThat(link.send(new byte[1])).isFalse();
    dial(open.getFirst(), open.getFirst(), THERE.peerId(), there);
    assertThat(there.failure()).contains("this node stops");
  }

  @Test
  void whoTakesNothingIsCutOff() throws InterruptedException {
    CountDownLatch stuck = new CountDownLatch(1);
    Recorder blocked =
        new Recorder() {
          @Override
          public void frame(Link link, byte[] frame) {
            try {
              stuck.await();
            } catch (InterruptedException ended) {
              Thread.currentThread().interrupt();
            }
          }
        };
    dial(client(), server(withClosing(Duration.ofMillis(100)), blocked), THERE.peerId(), here);
    Link link = here.link();
    byte[] frame = new byte[4 << 20];
    int taken = 0;
    while (link.send(frame)) {
      assertThat(taken++).isLessThan(100);
    }
    assertThat(taken).isGreaterThanOrEqualTo(15);
    assertThat(here.closed()).contains("more slowly");
    stuck.countDown();
  }

  @Test
  void aPortThatIsTakenIsSaidSo() {
    PeerTransport first = server(PATIENT, there);
    InetSocketAddress same =
        new InetSocketAddress(InetAddress.getLoopbackAddress(), first.listenPort());
    assertThatThrownBy(() -> listening(HERE, PATIENT, same, here))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BUSY))
        .hasMessageContaining("--listen");
  }

  @Test
  void anAddressOfAnotherMachineIsSaidSo() {
    for (InetSocketAddress strange :
        List.of(
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 0),
            InetSocketAddress.createUnresolved("nowhere.invalid", 0))) {
      assertThatThrownBy(() -> listening(HERE, PATIENT, strange, here))
          .isInstanceOfSatisfying(
              FolkmootException.class,
              e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST))
          .hasMessageContaining("--listen");
    }
  }

  @Test
  void noMoreLinksThanTheLimitAndAPlaceIsGivenBack() throws InterruptedException {
    TransportLimits limits = withLinks(new Share(100, 100, 2));
    PeerTransport server = server(limits, there);
    PeerTransport client = client();
    List<Link> links = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      dial(client, server, THERE.peerId(), here);
      links.add(here.link());
      there.link();
    }
    Recorder third = new Recorder();
    dial(client, server, THERE.peerId(), third);
    // The dialler may have thought for a moment that it had a link: see PeerTransport.Receiver.
    assertThat(third.refused()).isNotEmpty();
    links.getFirst().close("make room");
    var _ = there.closed();
    Recorder fourth = new Recorder();
    dial(client, server, THERE.peerId(), fourth);
    fourth.link().send(new byte[] {4});
    assertThat(there.frame()).containsExactly(4);
  }

  @Test
  void diallingIsBounded() throws InterruptedException {
    PeerTransport server = server(PATIENT, there);
    PeerTransport client = kept(dialling(HERE, withLinks(new Share(1, 1, 1))));
    dial(client, server, THERE.peerId(), here);
    Link link = here.link();
    Recorder second = new Recorder();
    dial(client, server, THERE.peerId(), second);
    assertThat(second.failure()).contains("as many as it may");
    link.close("make room");
    var _ = here.closed();
    dial(client, server, THERE.peerId(), second);
    assertThat(second.link().remote()).isEqualTo(THERE.peerId());
  }

  @Test
  void aNameIsLookedUp() throws InterruptedException {
    PeerTransport server = server(PATIENT, there);
    PeerTransport client = client();
    client.dial(
        new PeerAddress(server.scheme(), "localhost", server.listenPort()), THERE.peerId(), here);
    assertThat(here.link().remote()).isEqualTo(THERE.peerId());
    client.dial(new PeerAddress(server.scheme(), "nowhere.invalid", 7410), THERE.peerId(), here);
    assertThat(here.failure()).contains("nowhere.invalid");
  }

  static TransportLimits withClosing(Duration closing) {
    return new TransportLimits(
        PATIENT.connect(),
        PATIENT.handshake(),
        PATIENT.frame(),
        closing,
        PATIENT.strangers(),
        PATIENT.links());
  }

  static TransportLimits withLinks(Share links) {
    return new TransportLimits(
        PATIENT.connect(),
        PATIENT.handshake(),
        PATIENT.frame(),
        PATIENT.closing(),
        PATIENT.strangers(),
        links);
  }
}
