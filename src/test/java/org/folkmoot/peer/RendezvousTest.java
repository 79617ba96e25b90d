package org.folkmoot.peer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.peer.VirtualSwarm.Node;
import org.folkmoot.wire.PeerAddress;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RendezvousTest {
  @TempDir Path folder;

  /** Whether all that are up hang together. */
  private static boolean connected(VirtualSwarm swarm) {
    List<Node> alive = swarm.alive();
    Set<PeerId> reached = new HashSet<>();
    List<Node> next = new ArrayList<>(List.of(alive.getFirst()));
    while (!next.isEmpty()) {
      Node node = next.removeLast();
      if (reached.add(node.id)) {
        alive.stream().filter(other -> node.connected().contains(other.id)).forEach(next::add);
      }
    }
    return reached.size() == alive.size();
  }

  @Test
  void whoOnceMetFindEachOtherWithEverySeedDead() {
    for (int seed = 0; seed < 20; seed++) {
      VirtualSwarm swarm = new VirtualSwarm(seed);
      Node first = swarm.add();
      Node second = swarm.add();
      first.start(List.of(), List.of());
      second.start(List.of(), List.of(first));
      for (int i = 0; i < 10; i++) {
        swarm.add().start(List.of(), List.of(first, second));
      }
      swarm.time.pass(60);
      // Everything stops; the two that everybody was invited by never come back.
      List<Node> before = List.copyOf(swarm.nodes.subList(2, 12));
      List.copyOf(swarm.nodes).forEach(Node::crash);
      swarm.time.pass(3600);
      for (Node old : before) {
        swarm.restart(old).start(List.of(), List.of());
        swarm.time.pass(swarm.random.nextDouble());
      }
      swarm.time.pass(30);
      assertThat(connected(swarm)).as("seed %d", seed).isTrue();
      for (Node node : swarm.alive()) {
        assertThat(node.seen()).hasSize(9);
      }
    }
  }

  @Test
  void aPartitionHeals() {
    VirtualSwarm swarm = new VirtualSwarm(3);
    for (int i = 0; i < 16; i++) {
      swarm.add().start(List.of(), i == 0 ? List.of() : List.of(swarm.nodes.getFirst()));
    }
    swarm.time.pass(60);
    swarm.reachable = (a, b) -> swarm.nodes.indexOf(a) % 2 == swarm.nodes.indexOf(b) % 2;
    swarm.cut();
    swarm.time.pass(600);
    assertThat(swarm.nodes).allMatch(node -> node.seen().size() < 15);
    swarm.reachable = (_, _) -> true;
    swarm.time.pass(400);
    assertThat(connected(swarm)).isTrue();
    assertThat(swarm.nodes).allMatch(node -> node.seen().size() == 15);
  }

  @Test
  void deadPeersAreTriedLessAndLess() {
    VirtualSwarm swarm = new VirtualSwarm(4);
    Node alone = swarm.add();
    Node dead = swarm.add();
    dead.up = false;
    alone.start(List.of(), List.of(dead));
    swarm.time.pass(60);
    int inAMinute = alone.dials;
    assertThat(inAMinute).isBetween(5, 12);
    swarm.time.pass(600);
    assertThat(alone.dials - inAMinute).isBetween(30, 80);
    // Not alone any more: there is no hurry.
    Node friend = swarm.add();
    friend.start(List.of(), List.of(alone));
    swarm.time.pass(60);
    int before = alone.dials;
    swarm.time.pass(3600);
    assertThat(alone.dials - before).isLessThan(20);
  }

  @Test
  void theBookSurvivesTheDisk() throws IOException {
    Random random = new Random(1);
    PeerBook book = new PeerBook();
    for (int i = 0; i < 1100; i++) {
      book.put(
          new PeerBook.Entry(
              FakeKeys.id(random),
              1000 + i,
              List.of(PeerAddress.parse("quic://[::1]:" + (i + 1)))));
    }
    assertThat(book.entries()).hasSize(1000);
    assertThat(book.entries().getLast().lastSeenMillis()).isEqualTo(1100);
    Path file = folder.resolve("swarm/peers");
    PrivateFile.write(file, book.bytes());
    assertThat(PeerBook.read(file).entries()).isEqualTo(book.entries());
    if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }
    byte[] bytes = Files.readAllBytes(file);
    for (int run = 0; run < 50; run++) {
      byte[] damaged = bytes.clone();
      for (int i = 0; i < 20; i++) {
        damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, damaged);
      assertThat(PeerBook.read(file).entries().size()).isBetween(950, 1000);
    }
    assertThat(PeerBook.read(folder.resolve("none")).entries()).isEmpty();
    assertThat(PeerBook.read(folder).entries()).isEmpty();
  }
}
