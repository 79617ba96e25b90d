package org.folkmoot.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.ledger.entry.Entry;
import org.folkmoot.ledger.entry.RandomEntries;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a linked peer may do wrong, and what comes of it. */
class HostilePeerTest {
  private static final long SECOND = FeedSwarm.SECOND;

  @TempDir Path folder;
  private final RandomEntries random = new RandomEntries(new Random(10));

  private List<Entry> some(int count) {
    List<Entry> entries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      entries.add(random.any());
    }
    return entries;
  }

  @Test
  void whoGivesForgedEntriesIsNotAskedAgain() {
    try (FeedSwarm swarm = new FeedSwarm(folder, 1)) {
      FeedSwarm.Member writer = swarm.add(false);
      FeedSwarm.Member liar = swarm.add(false);
      FeedSwarm.Member reader = swarm.add(false);
      writer.feed.append(some(700));
      writer.exchange.grown();
      writer.link(liar);
      swarm.pass(20 * SECOND);
      writer.unlink(liar);
      int[] forged = {0};
      liar.lie =
          message -> {
            if (!(message instanceof Message.EntriesPart part)) {
              return message;
            }
            forged[0]++;
            List<byte[]> entries = new ArrayList<>(part.entries());
            entries.set(entries.size() / 2, new byte[] {1});
            return new Message.EntriesPart(
                part.feed(),
                part.from(),
                part.size(),
                entries,
                part.before(),
                part.growthBefore(),
                part.growthAfter());
          };
      reader.link(liar);
      swarm.pass(200 * SECOND);
      assertThat(reader.store.feed(writer.self())).isEmpty();
      assertThat(forged[0]).as("what was asked for ahead, and nothing more").isLessThanOrEqualTo(4);
      reader.link(writer);
      swarm.pass(20 * SECOND);
      assertThat(reader.store.feed(writer.self()).orElseThrow().isWhole()).isTrue();
    }
  }

  @Test
  void cosignaturesThatAreNoneTakeNoPlace() {
    try (FeedSwarm swarm = new FeedSwarm(folder, 2)) {
      FeedSwarm.Member writer = swarm.add(false);
      FeedSwarm.Member reader = swarm.add(true);
      writer.feed.append(some(3));
      writer.exchange.grown();
      // Names nobody knows: left out. A member's name without its key: the sender is a liar.
      for (String name :
          List.of("witness.example/x", FeedName.witness(Identities.of(9).peerId()))) {
        writer.lie =
            message ->
                message instanceof Message.FeedNote note
                    ? new Message.FeedNote(with(note.note(), name))
                    : message;
        swarm.pass(SECOND);
        writer.link(reader);
        swarm.pass(30 * SECOND);
        assertThat(reader.store.feed(writer.self()).orElseThrow().head().note().lines()).hasSize(2);
        writer.unlink(reader);
        writer.feed.append(some(1));
        writer.exchange.grown();
      }
    }
  }

  private static byte[] with(byte[] note, String name) {
    StringBuilder more = new StringBuilder(new String(note, StandardCharsets.UTF_8));
    for (int i = 0; i < 20 && more.chars().filter(c -> c == '\u2014').count() < 32; i++) {
      more.append("\u2014 ").append(name).append(' ');
      more.append(Base64Text.encode(new byte[4 + 8 + 64])).append('\n');
    }
    return more.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** A part of one history is here when another comes; or an old head of another history. */
  @Test
  void aForkIsFoundFromAPartToo() {
    Identity twofaced = Identities.of(77);
    PeerId peer = twofaced.peerId();
    try (FeedSwarm swarm = new FeedSwarm(folder, 3);
        LedgerStore one = LedgerStore.open(folder.resolve("one"), twofaced);
        LedgerStore other = LedgerStore.open(folder.resolve("other"), twofaced)) {
      List<Entry> common = some(300);
      new OwnFeed(one, twofaced).append(common);
      new OwnFeed(other, twofaced).append(common);
      new OwnFeed(one, twofaced).append(some(300));
      new OwnFeed(other, twofaced).append(some(600));
      FeedSwarm.Member part = swarm.add(false);
      FeedSwarm.Member whole = swarm.add(false);
      Head first = one.feed(peer).orElseThrow().head();
      Head second = other.feed(peer).orElseThrow().head();
      assertThat(
              part.store
                  .appendCopy(first, 0, one.entries(peer, 0, 256), one.consistency(peer, 256, 600))
                  .isWhole())
          .isFalse();
      assertThat(
              whole.store.appendCopy(second, 0, other.entries(peer, 0, 1000), List.of()).isWhole())
          .isTrue();
      part.restart();
      whole.restart();
      swarm.pass(SECOND);
      part.link(whole);
      swarm.pass(60 * SECOND);
      for (FeedSwarm.Member member : swarm.members) {
        assertThat(member.store.feed(peer).orElseThrow().fork()).isPresent();
      }
      // Who has the longer history convicts by an older head of the other alone.
      assertThat(other.contradiction(first)).isPresent();
      assertThat(one.contradiction(Head.sign(twofaced, 600, second.root()))).isPresent();
      assertThat(one.contradiction(first)).isEmpty();
      assertThat(one.contradiction(second)).isEmpty();
    }
  }

  /** One peer keeps silent when it is asked, or gives entry by entry; another has the feed, too. */
  @Test
  void whoKeepsAFeedBackIsPassedOver() {
    for (boolean drips : new boolean[] {false, true}) {
      try (FeedSwarm swarm = new FeedSwarm(folder.resolve("d" + drips), 11)) {
        FeedSwarm.Member writer = swarm.add(false);
        FeedSwarm.Member liar = swarm.add(false);
        FeedSwarm.Member reader = swarm.add(false);
        writer.feed.append(some(700));
        writer.exchange.grown();
        writer.link(liar);
        swarm.pass(20 * SECOND);
        int[] asked = {0};
        liar.lie =
            message -> {
              if (!(message instanceof Message.EntriesPart part)) {
                return message;
              }
              asked[0]++;
              return drips
                  ? new Message.EntriesPart(
                      part.feed(),
                      part.from(),
                      part.size(),
                      part.entries().subList(0, 1),
                      part.before(),
                      part.growthBefore(),
                      liar.store.consistency(part.feed(), part.from() + 1, part.size()))
                  : new Message.FeedWant(part.feed());
            };
        reader.link(liar);
        swarm.pass(SECOND);
        reader.link(writer);
        swarm.pass(60 * SECOND);
        assertThat(reader.store.feed(writer.self()).orElseThrow().isWhole()).isTrue();
        assertThat(asked[0]).isLessThanOrEqualTo(4);
      }
    }
  }

  @Test
  void whoFloodsWaitsForItself() {
    Deque<Runnable> queue = new ArrayDeque<>();
    try (FeedSwarm swarm = new FeedSwarm(folder, 4)) {
      FeedSwarm.Member node = swarm.add(false);
      StoreTasks tasks = new StoreTasks(node.loop(), queue::add, node.self());
      PeerId flooder = Identities.of(1).peerId();
      List<String> done = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        tasks.run(flooder, () -> "flood", done::add);
      }
      assertThat(queue).hasSize(8);
      tasks.run(Identities.of(2).peerId(), () -> "other", done::add);
      tasks.run(
          node.self(),
          () -> {
            throw new FolkmootException(FolkmootException.Code.BAD_FILE, "no");
          },
          _ -> {},
          why -> done.add(why.getMessage()));
      queue.forEach(Runnable::run);
      swarm.pass(1);
      assertThat(done).hasSize(10).endsWith("other", "no");
      queue.clear();
      tasks.run(flooder, () -> "again", done::add);
      assertThat(queue).hasSize(1);
    }
  }

  @Test
  void aFeedThatIsTooLongIsNotCopied() {
    Identity writer = Identities.of(5);
    try (FeedSwarm swarm = new FeedSwarm(folder, 5)) {
      FeedSwarm.Member reader = swarm.add(false);
      FeedSwarm.Member liar = swarm.add(false);
      reader.link(liar);
      Head head = Head.sign(writer, LedgerStore.MAX_COPY + 1, Hash32.sha256(new byte[0]));
      long before = swarm.messages;
      liar.send(reader.self(), new Message.FeedNote(head.note().toBytes()));
      swarm.pass(SECOND);
      assertThat(swarm.messages - before).isLessThan(5);
      assertThat(reader.store.feeds()).isEmpty();
    }
  }
}
