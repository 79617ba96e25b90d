package org.folkmoot.peer.transport;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.SerialLoop;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.LinkSettings;
import org.folkmoot.peer.Links;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.peer.PeerTransport;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.peer.relay.Relay;
import org.folkmoot.peer.relay.RelayLimits;
import org.folkmoot.peer.relay.RelayTransport;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SwarmId;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Links through a relay, over real sockets and with real keys. */
class RelayedLinkTest {
  private static final SwarmId SWARM = new SwarmId(Hash32.sha256(new byte[] {7}));
  private static final ModelId MODEL = new ModelId(Hash32.sha256(new byte[] {8}));

  /** As usual, on machines that sleep for some seconds. */
  private static final LinkSettings PATIENT =
      new LinkSettings(
          LinkSettings.USUAL.pingEvery(),
          LinkSettings.USUAL.idlePingEvery(),
          Duration.ofSeconds(60),
          Duration.ofSeconds(60),
          Duration.ofSeconds(90),
          Duration.ofSeconds(60));

  private final List<Node> nodes = new ArrayList<>();
  private final List<Throwable> defects = new ArrayList<>();

  private record Received(PeerId from, Message message) {}

  private interface Maker {
    PeerTransport of(Identity identity, PeerTransport.Acceptor acceptor);
  }

  private static final InetSocketAddress ANYWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private static final Maker LISTENING =
      (identity, acceptor) ->
          TlsTransport.listening(identity, TransportContract.PATIENT, ANYWHERE, acceptor);

  private static final Maker DIALLING =
      (identity, _) -> TlsTransport.dialling(identity, TransportContract.PATIENT);

  /** A peer with one transport besides the relayed one. */
  private final class Node implements PeerNetwork.Listener {
    final Identity identity;
    final SerialLoop loop =
        new SerialLoop("test", System::nanoTime, InstantSource.system(), defects::add);
    final Links links;
    final PeerTransport transport;
    final RelayTransport relayed;
    final BlockingQueue<Received> received = new LinkedBlockingQueue<>();
    final BlockingQueue<PeerId> lost = new LinkedBlockingQueue<>();

    Node(long seed, Maker maker) {
      identity = SeededRandom.identity(seed);
      links = new Links(loop, identity.peerId(), SWARM, "test", PATIENT);
      transport = maker.of(identity, links.acceptor());
      relayed =
          new RelayTransport(
              links, new TlsGuard(identity), links.acceptor(), new SeededRandom(seed + 100));
      links.add(transport);
      links.add(relayed);
      on(() -> {
        links.listen(relayed);
        links.listen(this);
      });
      nodes.add(this);
    }

    PeerId id() {
      return identity.peerId();
    }

    void on(Runnable task) {
      CompletableFuture<Void> done = new CompletableFuture<>();
      loop.execute(() -> {
        task.run();
        done.complete(null);
      });
      done.orTimeout(60, TimeUnit.SECONDS).join();
    }

    /** Makes a direct link to a peer that listens. */
    void meet(Node other) {
      PeerAddress address =
          new PeerAddress(other.transport.scheme(), "127.0.0.1", other.transport.listenPort());
      on(() -> links.know(other.id(), List.of(address)));
      var _ = said(this, other, new Message.Renew(new SessionId(0, 0)));
    }

    void knowThrough(Node relay, PeerId peer) {
      on(() -> links.know(peer, List.of(RelayTransport.through(relay.id()))));
    }

    Received next() {
      return take(received);
    }

    @Override
    public void received(PeerId from, Message message) {
      switch (message) {
        case Message.RelayOffer _,
            Message.RelayData _,
            Message.RelayOpen _,
            Message.RelayCredit _,
            Message.RelayClose _ -> {}
        default -> received.add(new Received(from, message));
      }
    }

    @Override
    public void lost(PeerId peer, Message.Reason reason) {
      lost.add(peer);
    }
  }

  private static <T> T take(BlockingQueue<T> queue) {
    try {
      @Nullable T taken = queue.poll(60, TimeUnit.SECONDS);
      assertThat(taken).as("something").isNotNull();
      return taken;
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  @AfterEach
  void closeAll() {
    nodes.forEach(node -> node.on(node.links::leave));
    nodes.forEach(node -> node.links.close());
    nodes.forEach(node -> node.loop.close());
    assertThat(defects).isEmpty();
  }

  private static Message part(int size, byte[] marker) {
    byte[] bytes = new byte[size];
    for (int at = 0; at + marker.length <= size; at += 4096) {
      System.arraycopy(marker, 0, bytes, at, marker.length);
    }
    return new Message.HeadPart(MODEL, 0, size, bytes);
  }

  /** Says something that arrives; on a machine that is very busy the dial may need another try. */
  private static Received said(Node from, Node to, Message message) {
    for (int i = 0; i < 5; i++) {
      from.on(() -> from.links.send(to.id(), message));
      try {
        Received received = to.received.poll(15, TimeUnit.SECONDS);
        if (received != null) {
          return received;
        }
      } catch (InterruptedException interrupted) {
        throw new AssertionError(interrupted);
      }
    }
    throw new AssertionError("nothing came");
  }

  @Test
  void peersSpeakThroughARelayThatUnderstandsNothing() {
    Node relay = new Node(1, LISTENING);
    Node asking = new Node(2, DIALLING);
    Node hidden = new Node(3, DIALLING);
    byte[] marker = "what nobody else may read".getBytes(US_ASCII);
    ConcurrentLinkedQueue<byte[]> seen = new ConcurrentLinkedQueue<>();
    RelayLimits fast =
        new RelayLimits(8, 8, 8, 1 << 30, 1 << 30, 1L << 40, RelayLimits.USUAL.idle());
    relay.on(() -> {
      relay.links.listen(new Relay(relay.links, fast, new SeededRandom(9)));
      relay.links.listen(
          new PeerNetwork.Listener() {
            @Override
            public void received(PeerId from, Message message) {
              if (message instanceof Message.RelayData(long _, byte[] bytes)) {
                seen.add(bytes);
              }
            }
          });
    });
    asking.meet(relay);
    hidden.meet(relay);
    asking.knowThrough(relay, hidden.id());
    Received first = said(asking, hidden, part(100, marker));
    assertThat(first.from).isEqualTo(asking.id());
    assertThat(((Message.HeadPart) first.message).bytes()).startsWith(marker);
    asking.on(() ->
        assertThat(asking.links.remoteAddress(hidden.id()))
            .contains(RelayTransport.through(relay.id())));
    // Several windows both ways at once.
    int parts = 4;
    for (Node node : List.of(asking, hidden)) {
      PeerId other = node == asking ? hidden.id() : asking.id();
      node.on(() -> {
        for (int i = 0; i < parts; i++) {
          node.links.send(other, part(Limits.MAX_PART - i, marker));
        }
      });
    }
    for (Node node : List.of(asking, hidden)) {
      for (int i = 0; i < parts; i++) {
        Message.HeadPart part = (Message.HeadPart) node.next().message;
        assertThat(part.bytes()).hasSize(Limits.MAX_PART - i).startsWith(marker);
      }
    }
    assertThat(seen).isNotEmpty();
    for (byte[] bytes : seen) {
      assertThat(new String(bytes, US_ASCII)).doesNotContain("nobody else");
    }
    // Whoever leaves says so.
    hidden.on(() -> hidden.links.drop(asking.id(), Message.Reason.STOPPING, "enough"));
    assertThat(take(asking.lost)).isEqualTo(hidden.id());
  }

  @Test
  void aRelayThatConnectsWithAnotherPeerIsFoundOut() {
    Node relay = new Node(1, LISTENING);
    Node asking = new Node(2, DIALLING);
    Node impostor = new Node(4, DIALLING);
    PeerId wanted = SeededRandom.identity(3).peerId();
    relay.on(() -> relay.links.listen(new Liar(relay.links, asking.id(), impostor.id())));
    asking.meet(relay);
    impostor.meet(relay);
    asking.knowThrough(relay, wanted);
    asking.on(() -> asking.links.send(wanted, part(10, new byte[1])));
    assertThat(take(asking.lost)).isEqualTo(wanted);
    assertThat(impostor.received).isEmpty();
  }

  /** A relay that connects whoever asks for anybody with an accomplice. */
  private static final class Liar implements PeerNetwork.Listener {
    private final Links links;
    private final PeerId asking;
    private final PeerId accomplice;
    private long opened;

    Liar(Links links, PeerId asking, PeerId accomplice) {
      this.links = links;
      this.asking = asking;
      this.accomplice = accomplice;
    }

    /** A number that we may give on the link to the accomplice. */
    private long number() {
      return links.self().compareTo(accomplice) < 0 ? 2 : 3;
    }

    @Override
    public void received(PeerId from, Message message) {
      switch (message) {
        case Message.RelayOpen open -> {
          opened = open.circuit();
          links.send(accomplice, new Message.RelayOffer(number(), asking, Optional.empty()));
        }
        case Message.RelayData data -> {
          boolean there = from.equals(asking);
          links.send(
              there ? accomplice : asking,
              new Message.RelayData(there ? number() : opened, data.bytes()));
        }
        default -> {}
      }
    }
  }
}
