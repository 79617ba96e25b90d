package org.folkmoot.peer.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.tuweni.bytes.Bytes;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.OpenDiscovery;
import org.folkmoot.peer.OpenNetwork.Notice;
import org.folkmoot.wire.Base32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class Discv5Test {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
  private static final int NODES = 4;
  private static final Map<String, String> ATTRIBUTES =
      Map.of(OpenDiscovery.TAG, Base32.encode(new byte[16]), OpenDiscovery.QUIC, "1");

  private static InetSocketAddress freePort() throws IOException {
    try (DatagramSocket socket = new DatagramSocket(new InetSocketAddress(LOOPBACK, 0))) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  private static Discv5 node(Identity identity, List<String> bootnodes) throws IOException {
    return new Discv5(
        new Discv5.Settings(freePort(), LOOPBACK, bootnodes), identity, Identity::verify);
  }

  /** Another program may take the port that was free, and a machine may sleep. */
  private static Discv5 begun(
      Identity identity, List<String> bootnodes, Optional<Notice> own, Consumer<Notice> heard)
      throws IOException {
    for (int left = 2; ; left--) {
      Discv5 node = node(identity, bootnodes);
      try {
        node.begin(own, heard);
        return node;
      } catch (FolkmootException taken) {
        node.close();
        if (left == 0) {
          throw taken;
        }
      }
    }
  }

  /** All know the first only, and hear of all others; only what each says of itself is needed. */
  @Test
  void nodesFindEachOtherFromOne() throws Exception {
    SecureRandom random = new SecureRandom();
    List<Discv5> nodes = new ArrayList<>();
    List<BlockingQueue<Notice>> heard = new ArrayList<>();
    List<String> names = new ArrayList<>();
    List<String> bootnodes = List.of();
    try {
      for (int i = 0; i < NODES; i++) {
        Identity identity = Identity.random(random);
        BlockingQueue<Notice> queue = new LinkedBlockingQueue<>();
        String name = identity.peerId().text();
        Notice own = new Notice(name, 7000 + i, ATTRIBUTES, List.of());
        Discv5 node = begun(identity, bootnodes, Optional.of(own), queue::add);
        assertThat(node.peer(node.record())).contains(identity.peerId());
        nodes.add(node);
        heard.add(queue);
        names.add(name);
        bootnodes = List.of(nodes.getFirst().record());
      }
      for (BlockingQueue<Notice> queue : heard) {
        Set<String> others = new HashSet<>();
        while (others.size() < NODES - 1) {
          Notice next = queue.poll(60, TimeUnit.SECONDS);
          assertThat(next).as("others than %s", others).isNotNull();
          assertThat(next.hosts()).containsExactly("127.0.0.1");
          assertThat(next.port()).isBetween(7000, 7000 + NODES - 1);
          assertThat(next.attributes()).isEqualTo(ATTRIBUTES);
          others.add(next.name());
          others.remove(names.get(heard.indexOf(queue)));
          others.retainAll(names);
        }
      }
    } finally {
      nodes.forEach(Discv5::close);
    }
  }

  @Test
  void whatAPeerSaysHoldsForItsOwnRecordOnly() {
    Identity identity = Identity.random(new SecureRandom());
    byte[] node = new byte[33];
    node[0] = 2;
    Bytes field = PeerField.sign(identity, node, ATTRIBUTES).encoded();
    PeerField read = PeerField.parse(field, node, Identity::verify).orElseThrow();
    assertThat(read.peer()).isEqualTo(identity.peerId());
    assertThat(read.attributes()).isEqualTo(ATTRIBUTES);
    byte[] another = node.clone();
    another[32] = 1;
    assertThat(PeerField.parse(field, another, Identity::verify)).isEmpty();
    for (int at = 0; at < field.size(); at++) {
      byte[] altered = field.toArray();
      altered[at] ^= 1;
      assertThat(PeerField.parse(Bytes.wrap(altered), node, Identity::verify))
          .as("byte %d", at)
          .isEmpty();
    }
    assertThat(PeerField.parse(field.slice(1), node, Identity::verify)).isEmpty();
  }

  @Test
  void aBootnodeThatIsNoneIsSaid() throws IOException {
    Identity identity = Identity.random(new SecureRandom());
    String good;
    try (Discv5 node = begun(identity, List.of(), Optional.empty(), _ -> {})) {
      good = node.record();
    }
    for (String bad :
        List.of(
            "", "enr:", "enr:-zzz", good.substring(0, good.length() - 9), good.replace('A', 'B'))) {
      assertThatThrownBy(() -> node(identity, List.of(bad)))
          .as(bad)
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("--bootnode");
    }
  }

  @Test
  void aPortThatIsTakenIsSaid() throws IOException {
    InetSocketAddress at = freePort();
    try (DatagramSocket _ = new DatagramSocket(at);
        Discv5 node =
            new Discv5(
                new Discv5.Settings(at, LOOPBACK, List.of()),
                Identity.random(new SecureRandom()),
                Identity::verify)) {
      assertThatThrownBy(() -> node.begin(Optional.empty(), _ -> {}))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("--discovery-port");
    }
  }
}
