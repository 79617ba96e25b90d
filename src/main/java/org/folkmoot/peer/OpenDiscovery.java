package org.folkmoot.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Base32;
import org.folkmoot.wire.Message.Contact;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SwarmId;

/**
 * Finds peers of the same swarm on a network that is open to all. What is found is a hint where to
 * dial: who is there proves itself in the handshake.
 *
 * <p>Whoever knows a swarm's id can join it, so the id is not shown: a node shows a hash of it and
 * of its own key. Members can tell that it is one of them; others cannot, nor whether two nodes
 * belong together.
 */
public final class OpenDiscovery implements AutoCloseable {
  private static final byte[] CONTEXT = "folkmoot local network 1\n".getBytes(US_ASCII);

  /** The attribute by which members know each other. */
  public static final String TAG = "tag";

  /** The attribute that says {@code 1} if the port takes QUIC, too. */
  public static final String QUIC = "quic";

  /** Of one notice: a machine with IPv4 and IPv6 on two networks. */
  private static final int MAX_HOSTS = 4;

  /** Notices that are looked at: an office that wakes up at once, then a few a second. */
  private static final int NOTICES_AT_ONCE = 200;

  private static final double NOTICES_PER_SECOND = 10;

  /** Peers of whom is remembered what they said. */
  private static final int MAX_PEERS = 256;

  /** What a peer says again is passed on again after so long: it may have been out of reach. */
  private static final long AGAIN_NANOS = 30_000_000_000L;

  private final PeerNetwork peers;
  private final SwarmId swarm;
  private final OpenNetwork network;
  private final Consumer<List<Contact>> found;
  private final TokenBucket pace;
  private final Map<PeerId, Seen> seen = new Bounded<>(MAX_PEERS);

  private record Seen(List<PeerAddress> addresses, long nanos) {}

  /**
   * Finds nobody before it is begun.
   *
   * @param found told of peers that may be there, on the loop of {@code peers}
   */
  public OpenDiscovery(
      PeerNetwork peers, SwarmId swarm, OpenNetwork network, Consumer<List<Contact>> found) {
    this.peers = peers;
    this.swarm = swarm;
    this.network = network;
    this.found = found;
    pace = new TokenBucket(NOTICES_AT_ONCE, NOTICES_PER_SECOND, peers.loop().nanoTime());
  }

  /**
   * Begins to look, and to be seen if there is something to see.
   *
   * @param port where we accept links; 0 if we do not, and then nothing is said
   * @param hasQuic whether by QUIC, too
   */
  public void begin(int port, boolean hasQuic) {
    Optional<OpenNetwork.Notice> own =
        port == 0
            ? Optional.empty()
            : Optional.of(
                new OpenNetwork.Notice(
                    peers.self().text(),
                    port,
                    Map.of(TAG, tag(swarm, peers.self()), QUIC, hasQuic ? "1" : "0"),
                    List.of()));
    network.begin(own, this::heard);
  }

  /** What a peer of a swarm shows of it: 128 bits are more than anybody can guess. */
  static String tag(SwarmId swarm, PeerId peer) {
    ByteBuffer all = ByteBuffer.allocate(CONTEXT.length + 2 * Hash32.BYTES);
    all.put(CONTEXT).put(swarm.id().bytes()).put(peer.key().bytes());
    byte[] hash = Hash32.sha256(all.array()).bytes();
    return Base32.encode(ByteBuffer.allocate(16).put(hash, 0, 16).array());
  }

  private void heard(OpenNetwork.Notice notice) {
    synchronized (pace) {
      if (!pace.take(1, peers.loop().nanoTime())) {
        return;
      }
    }
    contact(notice).ifPresent(contact -> peers.loop().execute(() -> consider(contact)));
  }

  /** The peer that says this; empty if it is none of ours, or what it says makes no sense. */
  private Optional<Contact> contact(OpenNetwork.Notice notice) {
    try {
      PeerId peer = PeerId.parse(notice.name());
      if (peer.equals(peers.self())
          || !tag(swarm, peer).equals(notice.attributes().getOrDefault(TAG, ""))) {
        return Optional.empty();
      }
      boolean hasQuic = notice.attributes().getOrDefault(QUIC, "").equals("1");
      List<PeerAddress> addresses = new ArrayList<>();
      for (String host : notice.hosts().subList(0, Math.min(MAX_HOSTS, notice.hosts().size()))) {
        addresses.add(new PeerAddress(PeerAddress.Scheme.TLS, host, notice.port()));
        if (hasQuic) {
          addresses.add(new PeerAddress(PeerAddress.Scheme.QUIC, host, notice.port()));
        }
      }
      return addresses.isEmpty() ? Optional.empty() : Optional.of(new Contact(peer, addresses));
    } catch (FolkmootException senseless) {
      return Optional.empty();
    }
  }

  private void consider(Contact contact) {
    if (peers.connected().contains(contact.peer())) {
      return;
    }
    long now = peers.loop().nanoTime();
    Seen before = seen.get(contact.peer());
    if (before == null
        || now - before.nanos >= AGAIN_NANOS
        || !before.addresses.equals(contact.addresses())) {
      seen.put(contact.peer(), new Seen(contact.addresses(), now));
      found.accept(List.of(contact));
    }
  }

  @Override
  public void close() {
    network.close();
  }
}
