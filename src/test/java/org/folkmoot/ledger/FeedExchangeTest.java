package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.peer.Identity;
import org.folkmoot.testing.Soak;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeedExchangeTest {
  private static final long ROUND = 10 * FeedSwarm.SECOND;

  @TempDir Path folder;
  private final RandomEntries random = new RandomEntries(new Random(8));

  private List<Entry> some(int count) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(random.any());
    }
    return entries;
  }

  private static Map<PeerId, Hash32> state(FeedSwarm.Member member) {
    Map<PeerId, Hash32> roots = new TreeMap<>();
    for (Feed feed : member.store.feeds()) {
      if (feed.isWhole()) {
        roots.put(feed.peer(), feed.head().root());
      }
    }
    return roots;
  }

  private static boolean converged(FeedSwarm swarm) {
    return swarm.members.stream().map(FeedExchangeTest::state).distinct().count() == 1;
  }

  private void partition(int members, long seed) {
    try (FeedSwarm swarm = new FeedSwarm(folder.resolve("s" + seed), seed)) {
      Random sizes = new Random(seed);
      for (int i = 0; i < members; i++) {
        swarm.add(false);
      }
      swarm.link(4);
      swarm.cut((one, other) -> side(swarm, one) == side(swarm, other));
      for (FeedSwarm.Member member : swarm.members) {
        member.feed.append(some(1 + sizes.nextInt(10)));
        if (sizes.nextInt(10) == 0) {
          member.feed.append(some(600));
        }
        member.exchange.grown();
      }
      swarm.pass(10 * ROUND);
      assertThat(converged(swarm)).isFalse();
      swarm.link(4);
      int rounds = 0;
      while (!converged(swarm)) {
        rounds++;
        assertThat(rounds)
            .as("seed %d: rounds after the partition healed", seed)
            .isLessThanOrEqualTo(10);
        swarm.pass(ROUND);
      }
      assertThat(state(swarm.members.getFirst())).hasSize(members);
      System.out.printf(
          "ledger: %d members, %d rounds after a partition, %d messages, %d KiB%n",
          members, rounds, swarm.messages, swarm.bytes >> 10);
      // One more entry is everywhere within a few round trips, without waiting for a round.
      swarm.members.getFirst().feed.append(some(1));
      swarm.members.getFirst().exchange.grown();
      swarm.pass(3 * ROUND);
      assertThat(converged(swarm)).isTrue();
    }
  }

  private static int side(FeedSwarm swarm, FeedSwarm.Member member) {
    return swarm.members.indexOf(member) * 2 / swarm.members.size();
  }

  @Test
  void twelveMembersConvergeAfterAPartition() {
    partition(12, 1);
  }

  @Test
  @Soak
  void fiftyMembersConvergeAfterAPartition() {
    for (long seed = 1; seed <= 5; seed++) {
      partition(50, seed);
    }
  }

  @Test
  void whoWasAwayCatchesUpByBundles() {
    try (FeedSwarm swarm = new FeedSwarm(folder, 2)) {
      FeedSwarm.Member writer = swarm.add(false);
      FeedSwarm.Member reader = swarm.add(false);
      writer.feed.append(some(3000));
      writer.exchange.grown();
      swarm.pass(ROUND / 10);
      long before = swarm.messages;
      writer.link(reader);
      swarm.pass(ROUND);
      assertThat(state(reader)).isEqualTo(state(writer));
      // 12 bundles, asked for and sent, and little else.
      assertThat(swarm.messages - before).isLessThan(40);
      assertThat(reader.store.feed(writer.self()).orElseThrow().isWhole()).isTrue();
    }
    assertThat(Fsck.check(folder.resolve("m1"), Identities.of(101).peerId()))
        .isEqualTo(new Fsck.Report(1, 3000, true, List.of()));
  }

  /** 40 bundles, a tenth of a second each way and back: asked for one by one they take 4 s. */
  @Test
  void bundlesAreAskedForAhead() {
    try (FeedSwarm swarm = new FeedSwarm(folder, 12)) {
      FeedSwarm.Member writer = swarm.add(false);
      FeedSwarm.Member reader = swarm.add(false);
      writer.feed.append(some(10_240));
      writer.exchange.grown();
      swarm.pass(FeedSwarm.SECOND);
      writer.link(reader);
      swarm.pass(15 * FeedSwarm.SECOND / 10);
      assertThat(state(reader)).isEqualTo(state(writer));
    }
  }

  @Test
  void membersCosignWhatTheyCopied() {
    try (FeedSwarm swarm = new FeedSwarm(folder, 3)) {
      for (int i = 0; i < 6; i++) {
        swarm.add(i > 0 && i < 4);
      }
      swarm.link(3);
      FeedSwarm.Member writer = swarm.members.getFirst();
      for (int round = 0; round < 3; round++) {
        writer.feed.append(some(40));
        writer.exchange.grown();
        swarm.pass(8 * ROUND);
        for (FeedSwarm.Member member : swarm.members) {
          Head head = member.store.feed(writer.self()).orElseThrow().head();
          assertThat(head.note().lines()).as("round %d", round).hasSize(4);
        }
      }
    }
    for (int i = 0; i < 6; i++) {
      assertThat(Fsck.check(folder.resolve("m" + i), Identities.of(100 + i).peerId()).faults())
          .isEmpty();
    }
  }

  /** A member signs two histories and shows each half of the others one of them. */
  @Test
  void equivocationIsFoundToldAndKept() {
    for (int sizeOfOther : new int[] {5, 9, 300}) {
      Path at = folder.resolve("f" + sizeOfOther);
      Identity liar = Identities.of(77);
      try (FeedSwarm swarm = new FeedSwarm(at, 4);
          LedgerStore one = LedgerStore.open(at.resolve("one"), liar);
          LedgerStore other = LedgerStore.open(at.resolve("other"), liar)) {
        for (int i = 0; i < 8; i++) {
          swarm.add(true);
        }
        Head first = history(one, liar, 5);
        Head second = history(other, liar, sizeOfOther);
        swarm
            .members
            .get(0)
            .store
            .appendCopy(first, 0, one.entries(liar.peerId(), 0, 1000), List.of());
        swarm
            .members
            .get(4)
            .store
            .appendCopy(second, 0, other.entries(liar.peerId(), 0, 1000), List.of());
        swarm.members.forEach(FeedSwarm.Member::restart);
        swarm.link(2);
        swarm.pass(10 * ROUND);
        for (FeedSwarm.Member member : swarm.members) {
          Feed feed = member.store.feed(liar.peerId()).orElseThrow();
          assertThat(feed.fork()).as("size %d", sizeOfOther).isPresent();
          ForkProof proof = feed.fork().get();
          assertThat(ForkProof.parse(proof.toBytes())).isEqualTo(proof);
          assertThat(proof.peer()).isEqualTo(liar.peerId());
        }
      }
    }
  }

  private Head history(LedgerStore store, Identity writer, int size) {
    OwnFeed feed = new OwnFeed(store, writer);
    feed.append(some(size));
    return feed.head().orElseThrow();
  }

  @Test
  void honestHeadsAreNoFork() {
    Identity writer = Identities.of(5);
    try (LedgerStore store = LedgerStore.open(folder, writer)) {
      Head before = history(store, writer, 7);
      Head after = history(store, writer, 20);
      List<Hash32> proof = store.consistency(writer.peerId(), 7, 27);
      assertThatThrownBy(() -> new ForkProof(before, after, before.root(), proof))
          .isInstanceOf(FolkmootException.class);
      assertThatThrownBy(() -> new ForkProof(before, after, after.root(), proof))
          .isInstanceOf(FolkmootException.class);
      assertThatThrownBy(() -> new ForkProof(after, before, before.root(), List.of()))
          .isInstanceOf(FolkmootException.class);
      assertThatThrownBy(() -> ForkProof.parse(new byte[10])).isInstanceOf(FolkmootException.class);
    }
  }
}
