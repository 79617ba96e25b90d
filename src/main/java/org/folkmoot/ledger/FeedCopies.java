package org.folkmoot.ledger;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * Fetches entries of feeds by bundles, and gives them to others. Each bundle comes with the proof
 * that it leads to the signed head, and is kept at once. On the loop.
 */
final class FeedCopies {
  /** How long an answer is waited for before another peer is asked. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Bytes of entries in one message. */
  private static final int MAX_PART = 1 << 20;

  /**
   * What is being fetched of a feed.
   *
   * @param goal the head that the entries lead to
   * @param beyond the head that was offered; not the goal if the copy is on its way to an earlier
   */
  private record Fetch(PeerId from, Head goal, Head beyond, long position, long untilNanos) {}

  private final FeedTable table;
  private final BiConsumer<PeerId, Feed> complete;
  private final Consumer<ForkProof> convict;
  private final Map<PeerId, Fetch> fetches = new HashMap<>();

  /**
   * Nothing is being fetched yet.
   *
   * @param complete told of a feed that has come whole, and from whom
   * @param convict told of a fork
   */
  FeedCopies(FeedTable table, BiConsumer<PeerId, Feed> complete, Consumer<ForkProof> convict) {
    this.table = table;
    this.complete = complete;
    this.convict = convict;
  }

  /** A peer is gone, and what it was asked for will not come. */
  void lost(PeerId peer) {
    fetches.values().removeIf(fetch -> fetch.from.equals(peer));
  }

  /** Fetches from a peer what leads to a head that it has, unless the feed is being fetched. */
  void fetch(PeerId from, Head head) {
    Fetch before = fetches.get(head.peer());
    boolean busy = before != null && table.loop.nanoTime() - before.untilNanos < 0;
    if (busy || table.isShunned(from) || head.size() > LedgerStore.MAX_COPY) {
      return;
    }
    Optional<Feed> ours = table.find(head.peer());
    // A feed that is here in part must first be here as far as its first head says.
    Head goal = ours.filter(feed -> !feed.isWhole()).map(Feed::head).orElse(head);
    ask(from, goal, head, ours.map(Feed::size).orElse(0L));
  }

  private void ask(PeerId from, Head goal, Head beyond, long position) {
    long until = table.loop.nanoTime() + PATIENCE.toNanos();
    fetches.put(goal.peer(), new Fetch(from, goal, beyond, position, until));
    table.network.send(from, new Message.EntriesWant(goal.peer(), position, goal.size()));
  }

  // ---- giving

  /** Gives entries that are here. */
  void give(PeerId to, Message.EntriesWant want) {
    boolean here =
        table
            .find(want.feed())
            .filter(feed -> want.size() <= feed.size() && want.from() <= want.size())
            .isPresent();
    if (here) {
      table.tasks.run(to, () -> read(want), part -> table.network.send(to, part));
    }
  }

  private Message read(Message.EntriesWant want) {
    PeerId feed = want.feed();
    long from = want.from();
    LedgerStore store = table.store;
    int bundle = (int) Math.min(Tile.WIDTH - from % Tile.WIDTH, want.size() - from);
    List<byte[]> entries = new ArrayList<>();
    int bytes = 0;
    for (byte[] entry : bundle == 0 ? List.<byte[]>of() : store.entries(feed, from, bundle)) {
      bytes += entry.length;
      if (bytes > MAX_PART && !entries.isEmpty()) {
        break;
      }
      entries.add(entry);
    }
    return new Message.EntriesPart(
        feed,
        from,
        want.size(),
        entries,
        TreeProofs.root(from, store.hashes(feed, from)),
        store.consistency(feed, from, want.size()),
        store.consistency(feed, from + entries.size(), want.size()));
  }

  // ---- taking

  /** Takes what was asked for; anything else is nothing. */
  void take(PeerId from, Message.EntriesPart part) {
    Fetch fetch = fetches.get(part.feed());
    if (fetch == null
        || !fetch.from.equals(from)
        || fetch.position != part.from()
        || fetch.goal.size() != part.size()) {
      return;
    }
    fetches.remove(part.feed());
    Optional<Feed> ours = table.find(part.feed());
    if (ours.isPresent() && otherwise(fetch.goal, ours.get().head(), part)) {
      convict.accept(
          new ForkProof(ours.get().head(), fetch.goal, part.before(), part.growthBefore()));
      return;
    }
    if (part.from() != ours.map(Feed::size).orElse(0L)) {
      return; // it was asked for to find out whether there is a fork, and there is none
    }
    table.tasks.run(
        table.network.self(),
        () -> table.store.appendCopy(fetch.goal, part.from(), part.entries(), part.growthAfter()),
        feed -> taken(fetch, feed, part.entries().isEmpty()),
        why -> refused(fetch, why));
  }

  /** Whether a larger head provably begins otherwise than ours. */
  private static boolean otherwise(Head larger, Head ours, Message.EntriesPart part) {
    return part.from() == ours.size()
        && !part.before().equals(ours.root())
        && MerkleTree.consistent(
            ours.size(), part.before(), larger.size(), larger.root(), part.growthBefore());
  }

  private void taken(Fetch fetch, Feed feed, boolean nothing) {
    table.put(feed);
    if (!feed.isWhole()) {
      if (!nothing) {
        ask(fetch.from, fetch.goal, fetch.beyond, feed.size());
      }
      return;
    }
    complete.accept(fetch.from, feed);
    if (fetch.beyond.size() > feed.size()) {
      fetch(fetch.from, fetch.beyond);
    }
  }

  /**
   * What came is not what the member signed: either the peer lies, or the member has signed two
   * histories of which we hold the beginning of the other.
   */
  private void refused(Fetch fetch, FolkmootException why) {
    if (why.code() != FolkmootException.Code.BAD_FILE) {
      return;
    }
    Optional<Feed> ours = table.find(fetch.goal.peer());
    if (ours.isPresent() && !ours.get().isWhole() && fetch.beyond.size() > fetch.goal.size()) {
      ask(fetch.from, fetch.beyond, fetch.beyond, ours.get().head().size());
    }
    table.shun(fetch.from);
  }
}
