package org.folkmoot.ledger;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.entry.EntryCodec;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.ledger.tile.TreeProofs;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.PeerId;

/**
 * Fetches entries of feeds by bundles, several at a time, and gives them to others. Each bundle
 * comes with the proof that it leads to the signed head, and is kept at once. On the loop.
 */
final class FeedCopies {
  /** How long an answer is waited for before another peer is asked. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Bytes of entries in one message. */
  private static final int MAX_PART = 1 << 20;

  /** Bundles that are asked for ahead: a round trip brings so many. Others' tasks wait less. */
  private static final int WINDOW = 4;

  /** How long a peer that let a fetch run out is not asked for that feed again. */
  private static final Duration DISTRUST = Duration.ofMinutes(5);

  private static final int MAX_SLOW = 1024;

  /** A peer that did not give a feed in time. */
  private record Slow(PeerId from, PeerId feed) {}

  /** What is being fetched of a feed. */
  private static final class Fetch {
    private final PeerId from;
    private final Head goal;
    private final Head beyond;

    /** Whether it is asked only to find out whether there is a fork. */
    private final boolean probe;

    private long expected;
    private long next;
    private int open;
    private long untilNanos;

    /**
     * Nothing is asked for yet.
     *
     * @param goal the head that the entries lead to
     * @param beyond the head that was offered; not the goal if the copy is on its way to an earlier
     */
    private Fetch(PeerId from, Head goal, Head beyond, long position, boolean probe) {
      this.from = from;
      this.goal = goal;
      this.beyond = beyond;
      this.probe = probe;
      expected = position;
      next = position;
    }
  }

  private final FeedTable table;
  private final BiConsumer<PeerId, Feed> complete;
  private final Consumer<ForkProof> convict;
  private final Map<PeerId, Fetch> fetches = new HashMap<>();
  private final Map<Slow, Long> slow = new Bounded<>(MAX_SLOW);

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

  /** What is being fetched of a feed is not wanted any more. */
  void drop(PeerId feed) {
    fetches.remove(feed);
  }

  /** Fetches from a peer what leads to a head that it has, unless the feed is being fetched. */
  void fetch(PeerId from, Head head) {
    Fetch before = fetches.get(head.peer());
    long now = table.loop.nanoTime();
    if (before != null && now - before.untilNanos < 0) {
      return;
    }
    if (before != null) {
      // It had its time. Whoever is asked next is another, if there is one.
      fetches.remove(head.peer());
      slow.put(new Slow(before.from, head.peer()), now + DISTRUST.toNanos());
    }
    Long until = slow.get(new Slow(from, head.peer()));
    boolean isSlow = until != null && now - until < 0;
    if (isSlow || table.isShunned(from) || head.size() > LedgerStore.MAX_COPY) {
      return;
    }
    Optional<Feed> ours = table.find(head.peer());
    // A feed that is here in part must first be here as far as its first head says.
    Head goal = ours.filter(feed -> !feed.isWhole()).map(Feed::head).orElse(head);
    begin(new Fetch(from, goal, head, ours.map(Feed::size).orElse(0L), false));
  }

  private void begin(Fetch fetch) {
    fetches.put(fetch.goal.peer(), fetch);
    fetch.untilNanos = table.loop.nanoTime() + PATIENCE.toNanos();
    do {
      ask(fetch);
    } while (!fetch.probe && fetch.open < WINDOW && fetch.next < fetch.goal.size());
  }

  private void ask(Fetch fetch) {
    long from = fetch.next;
    fetch.next = Math.min(fetch.goal.size(), endOfBundle(from));
    fetch.open++;
    table.network.send(
        fetch.from, new Message.EntriesWant(fetch.goal.peer(), from, fetch.goal.size()));
  }

  private static long endOfBundle(long from) {
    return (from / Tile.WIDTH + 1) * Tile.WIDTH;
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
    if (fetch == null || !fetch.from.equals(from) || fetch.goal.size() != part.size()) {
      return;
    }
    fetch.open--;
    if (part.from() != fetch.expected) {
      goOn(fetch); // the one before it was cut short
      return;
    }
    fetch.untilNanos = table.loop.nanoTime() + PATIENCE.toNanos();
    Optional<Feed> ours = table.find(part.feed());
    if (ours.isPresent() && otherwise(fetch.goal, ours.get().head(), part)) {
      fetches.remove(part.feed());
      convict.accept(
          new ForkProof(ours.get().head(), fetch.goal, part.before(), part.growthBefore()));
      return;
    }
    if (fetch.probe || part.entries().isEmpty() || drips(fetch, part)) {
      fetches.remove(part.feed());
    }
    if (fetch.probe) {
      return; // there is no fork
    }
    fetch.expected += part.entries().size();
    goOn(fetch);
    table.tasks.run(
        table.network.self(),
        () -> table.store.appendCopy(fetch.goal, part.from(), part.entries(), part.growthAfter()),
        feed -> taken(fetch, feed),
        why -> refused(fetch, why));
  }

  /** Asks for what comes next, if it is not all asked for. */
  private void goOn(Fetch fetch) {
    if (fetches.get(fetch.goal.peer()) != fetch) {
      return;
    }
    if (fetch.open <= 0) {
      fetch.open = 0;
      fetch.next = fetch.expected;
    }
    while (fetch.open < WINDOW && fetch.next < fetch.goal.size()) {
      ask(fetch);
    }
  }

  /** Whether it gives less than a bundle without need: so a feed would be fetched for ever. */
  private boolean drips(Fetch fetch, Message.EntriesPart part) {
    long end = Math.min(fetch.goal.size(), endOfBundle(part.from()));
    long bytes = part.entries().stream().mapToLong(entry -> entry.length).sum();
    boolean drips =
        part.from() + part.entries().size() < end && bytes + EntryCodec.MAX_BYTES <= MAX_PART;
    if (drips) {
      table.shun(fetch.from);
    }
    return drips;
  }

  /** Whether a larger head provably begins otherwise than ours. */
  private static boolean otherwise(Head larger, Head ours, Message.EntriesPart part) {
    return part.from() == ours.size()
        && !part.before().equals(ours.root())
        && MerkleTree.consistent(
            ours.size(), part.before(), larger.size(), larger.root(), part.growthBefore());
  }

  private void taken(Fetch fetch, Feed feed) {
    table.put(feed);
    if (!feed.isWhole()) {
      return;
    }
    fetches.remove(feed.peer(), fetch);
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
    if (!fetches.remove(fetch.goal.peer(), fetch)
        || why.code() != FolkmootException.Code.BAD_FILE) {
      return; // the bundles behind a wrong one, or no fault of the sender
    }
    Optional<Feed> ours = table.find(fetch.goal.peer());
    if (ours.isPresent() && !ours.get().isWhole() && fetch.beyond.size() > fetch.goal.size()) {
      begin(new Fetch(fetch.from, fetch.beyond, fetch.beyond, ours.get().head().size(), true));
    }
    table.shun(fetch.from);
  }
}
