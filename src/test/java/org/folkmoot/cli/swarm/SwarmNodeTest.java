package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Nodes on this machine that come back. */
@Timeout(300)
class SwarmNodeTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();

  @TempDir private Path folder;

  private SwarmNode start(String home, int port) {
    Path at = folder.resolve(home);
    return TestNode.start(at, Identity.atHome(at, new SecureRandom()), port);
  }

  private static void assertMeets(SwarmNode a, SwarmNode b) {
    assertThat(a.await(Duration.ofSeconds(60), () -> a.links().connected().contains(b.self())))
        .as("they meet")
        .isTrue();
  }

  @Test
  void twoNodesAtAnyPortFindEachOtherWhenBothComeBack() {
    try (SwarmNode a = start("a", 0);
        SwarmNode b = start("b", 0)) {
      a.introduce(List.of(new Message.Contact(b.self(), List.of(b.ownAddress()))));
      assertMeets(a, b);
      assertMeets(b, a);
    }
    try (SwarmNode a = start("a", 0);
        SwarmNode b = start("b", 0)) {
      assertMeets(a, b);
    }
  }

  @Test
  void aPortThatAnotherProgramHasTakenMeanwhileIsNoHindrance() throws IOException {
    int before;
    try (SwarmNode node = start("a", 0)) {
      before = node.port();
    }
    try (ServerSocket _ = take(before);
        SwarmNode node = start("a", 0)) {
      assertThat(node.port()).isNotEqualTo(before);
    }
  }

  /** Nothing if another program has taken the port already. */
  private static @Nullable ServerSocket take(int port) throws IOException {
    try {
      return new ServerSocket(port, 1, HERE);
    } catch (BindException taken) {
      return null;
    }
  }

  /** Who gives another head than all announce is passed over; the honest one's is kept. */
  @Test
  void aForgedHeadIsNotTaken() {
    byte[] head = {1, 2, 3};
    ModelId model = new ModelId(Hash32.sha256(new byte[] {7}));
    Offer offer =
        new Offer(model, "m", 2, head.length, Hash32.sha256(head), LayerRange.whole(2), 10, 0, 100);
    try (SwarmNode giver = start("a", 0);
        SwarmNode asker = start("b", 0)) {
      giver.offer(model, () -> offer);
      asker.introduce(List.of(new Message.Contact(giver.self(), List.of(giver.ownAddress()))));
      assertThat(asker.await(Duration.ofSeconds(60), () -> !asker.serving().isEmpty())).isTrue();
      for (byte[] forged : new byte[][] {{1, 2, 4}, {1, 2}, {1, 2, 3, 4}, {}}) {
        giver.run(() -> giver.heads().give(model, forged));
        assertThatThrownBy(() -> asker.heads().fetch(asker, model))
            .isInstanceOf(FolkmootException.class);
        assertThat(new SwarmFolder(folder.resolve("b")).head(model.sha256())).doesNotExist();
      }
      giver.run(() -> giver.heads().give(model, head));
      assertThat(fetched(asker, model)).hasBinaryContent(head);
    }
  }

  /** A link may be lost on a machine that sleeps, and is there again. */
  private static Path fetched(SwarmNode asker, ModelId model) {
    FolkmootException last = null;
    for (int i = 0; i < 5; i++) {
      try {
        return asker.heads().fetch(asker, model);
      } catch (FolkmootException gone) {
        last = gone;
        boolean _ = asker.await(Duration.ofSeconds(10), () -> !asker.serving().isEmpty());
      }
    }
    throw new AssertionError(last);
  }
}
