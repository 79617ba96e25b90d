package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.CosignedHead;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Fsck;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.JoinedSwarm;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SwarmId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ledgers of nodes that are linked over real sockets. */
@Timeout(300)
class NodeLedgerTest {
  private static final InetAddress HERE = InetAddress.getLoopbackAddress();
  private static final Duration LONG = Duration.ofMinutes(2);

  @TempDir private Path folder;

  private Identity identity(String home) {
    return Identity.atHome(folder.resolve(home), new SecureRandom());
  }

  private Path ledger(String home) {
    return folder.resolve(home).resolve("ledger");
  }

  private SwarmNode start(String home) {
    Identity identity = identity(home);
    return SwarmNode.start(
        new SwarmNode.Settings(
            new SwarmFolder(folder.resolve(home)),
            identity,
            new JoinedSwarm(
                new SwarmId(Hash32.sha256(new byte[] {1})), "test", 0, identity.peerId()),
            Optional.of(new InetSocketAddress(HERE, 0)),
            Optional.empty(),
            false,
            _ -> Optional.empty(),
            "test",
            InstantSource.system(),
            System::nanoTime,
            new Random(1),
            defect -> {
              throw new AssertionError(defect);
            }));
  }

  private static void await(SwarmNode node, String what, BooleanSupplier holds) {
    assertThat(node.await(LONG, holds)).as(what).isTrue();
  }

  @Test
  void whatAnotherProcessOfTheHomeWritesIsCopiedAndCosigned() {
    Identity writing = identity("a");
    try (SwarmNode a = start("a");
        SwarmNode b = start("b");
        NodeLedger ours = NodeLedger.start(a, ledger("a"), writing, new Random(1));
        NodeLedger theirs = NodeLedger.start(b, ledger("b"), identity("b"), new Random(2));
        LedgerStore store = LedgerStore.open(ledger("a"), writing);
        LedgerStore copy = LedgerStore.open(ledger("b"), identity("b"))) {
      a.introduce(List.of(new Message.Contact(b.self(), List.of(b.ownAddress()))));
      RandomEntries random = new RandomEntries(new Random(3));
      OwnFeed feed = new OwnFeed(store, writing);
      for (int i = 1; i <= 3; i++) {
        var _ = feed.append(random.any());
        int size = i;
        await(
            b,
            "the entry is copied",
            () -> copy.feed(a.self()).filter(Feed::isWhole).map(Feed::size).orElse(0L) == size);
        await(
            a,
            "its head is cosigned",
            () ->
                CosignedHead.attested(
                        store.cosignedHeads(a.self()),
                        size - 1,
                        Set.of(FeedName.witness(b.self())),
                        1)
                    .isPresent());
      }
      Optional<FeedPages.Page> page = theirs.page(a.self().text() + "/checkpoint");
      assertThat(page.map(FeedPages.Page::bytes))
          .hasValueSatisfying(bytes ->
              assertThat(new String(bytes, StandardCharsets.UTF_8))
                  .startsWith(FeedName.origin(a.self()) + "\n3\n"));
      assertThat(ours.page("nobody/checkpoint")).isEmpty();
    }
    for (String home : List.of("a", "b")) {
      assertThat(Fsck.check(ledger(home), identity(home).peerId()).faults()).isEmpty();
    }
  }
}
