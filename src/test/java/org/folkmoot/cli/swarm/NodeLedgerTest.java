package org.folkmoot.cli.swarm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.folkmoot.ledger.CosignedHead;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.FeedName;
import org.folkmoot.ledger.FeedPages;
import org.folkmoot.ledger.Fsck;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.ledger.OwnFeed;
import org.folkmoot.ledger.credit.Claims;
import org.folkmoot.ledger.credit.CreditBook;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.CreditClaim;
import org.folkmoot.wire.Message;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ledgers of nodes that are linked over real sockets. */
@Timeout(300)
class NodeLedgerTest {
  private static final Duration LONG = Duration.ofMinutes(2);

  @TempDir private Path folder;

  private Identity identity(String home) {
    return Identity.atHome(folder.resolve(home), new SecureRandom());
  }

  private Path ledger(String home) {
    return folder.resolve(home).resolve("ledger");
  }

  private SwarmNode start(String home) {
    return TestNode.start(folder.resolve(home), identity(home), 0);
  }

  private static void await(SwarmNode node, String what, BooleanSupplier holds) {
    assertThat(node.await(LONG, holds)).as(what).isTrue();
  }

  @Test
  void whatAnotherProcessOfTheHomeWritesIsCopiedAndCosigned() {
    Identity writing = identity("a");
    try (SwarmNode a = start("a");
        SwarmNode b = start("b");
        NodeLedger ours = NodeLedger.start(a, ledger("a"), writing, new Random(1), true);
        NodeLedger theirs = NodeLedger.start(b, ledger("b"), identity("b"), new Random(2), true);
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

  /** A works for nobody yet; B has worked for A, and C for B: A owes C by way of B. */
  @Test
  void worksTravelByFeedsAndCountAtABusyHop() throws IOException {
    Identity[] who = {identity("a"), identity("b"), identity("c")};
    CreditClaim forA = Claims.of(who[1], who[0], 1, 4000, 4000);
    CreditClaim forB = Claims.of(who[2], who[1], 2, 3000, 3000);
    long owed = Claims.SHAPE.megaflops(Claims.RANGE, 3000);
    try (SwarmNode a = start("a");
        SwarmNode b = start("b");
        NodeLedger ours = NodeLedger.start(a, ledger("a"), who[0], new Random(1), true);
        NodeLedger theirs = NodeLedger.start(b, ledger("b"), who[1], new Random(2), true)) {
      a.introduce(List.of(new Message.Contact(b.self(), List.of(b.ownAddress()))));
      a.run(() -> {
        a.credits().know(Claims.MODEL, Claims.SHAPE);
        a.credits().acknowledged(forA);
        ours.credits().write();
      });
      b.run(() -> {
        b.credits().know(Claims.MODEL, Claims.SHAPE);
        b.credits().acknowledged(forA);
        b.credits().acknowledged(forB);
        theirs.credits().write();
      });
      await(
          a,
          "what B wrote has come to A, and counts",
          () -> {
            ours.credits().readOn();
            return a.credits().graph().flow(who[2].peerId(), a.self(), Long.MAX_VALUE) == owed;
          });
      assertThat(a.<Long>call(() -> a.credits().of(who[2].peerId())))
          .as("C goes before other newcomers")
          .isEqualTo(owed + CreditBook.ALLOWANCE);
    }
    // The node's own file is lost; the feeds are not.
    try (SwarmNode a = start("a")) {
      Path credits = new SwarmFolder(folder.resolve("a")).credits();
      await(a, "credits are written", () -> Files.exists(credits));
      Files.delete(credits);
      try (NodeLedger ours = NodeLedger.start(a, ledger("a"), who[0], new Random(1), true)) {
        await(
            a,
            "it is read again",
            () -> {
              ours.credits().readOn();
              return a.credits().graph().flow(who[2].peerId(), a.self(), Long.MAX_VALUE) == owed;
            });
      }
    }
  }
}
