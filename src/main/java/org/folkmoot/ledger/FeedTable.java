package org.folkmoot.ledger;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.Loop;
import org.folkmoot.peer.PeerNetwork;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.Message.FeedHead;
import org.folkmoot.wire.PeerId;

/**
 * What the parts of an exchange share: how far each feed is here, and the telling of it. On the
 * loop.
 */
final class FeedTable {
  /** With how many peers a node compares in a round, and shares news. */
  private static final int FANOUT = 2;

  /** News that come within this time are told together: cosignatures come in swarms. */
  private static final Duration GATHERING = Duration.ofMillis(200);

  /** How long nothing is fetched from a peer that gave what it should not. */
  private static final Duration SHUNNED = Duration.ofMinutes(5);

  private static final int MAX_SHUNNED = 1024;

  final PeerNetwork network;
  final Loop loop;
  final LedgerStore store;
  final StoreTasks tasks;
  final Predicate<PeerId> wanted;
  private final RandomGenerator random;
  private final Map<PeerId, Feed> feeds = new LinkedHashMap<>();
  private final Map<PeerId, Long> shunned = new Bounded<>(MAX_SHUNNED);
  private final Set<PeerId> news = new LinkedHashSet<>();

  FeedTable(
      PeerNetwork network,
      LedgerStore store,
      StoreTasks tasks,
      Predicate<PeerId> wanted,
      RandomGenerator random) {
    this.network = network;
    this.store = store;
    this.tasks = tasks;
    this.wanted = wanted;
    this.random = random;
    loop = network.loop();
  }

  Map<PeerId, Feed> all() {
    return Collections.unmodifiableMap(feeds);
  }

  Optional<Feed> find(PeerId peer) {
    return Optional.ofNullable(feeds.get(peer));
  }

  /** Takes note without telling anybody. */
  void put(Feed feed) {
    feeds.put(feed.peer(), feed);
  }

  /** Takes note, and tells some soon. */
  void changed(Feed feed) {
    put(feed);
    if (news.isEmpty()) {
      Loop.Timer _ = loop.after(GATHERING.toNanos(), this::tellNews);
    }
    news.add(feed.peer());
  }

  private void tellNews() {
    List<FeedHead> heads =
        news.stream()
            .flatMap(peer -> find(peer).stream())
            .filter(Feed::isWhole)
            .limit(Limits.MAX_HEADS)
            .map(FeedTable::told)
            .toList();
    news.clear();
    if (!heads.isEmpty()) {
      tellSome(new Message.FeedHeads(heads, false));
    }
  }

  /** Tells some linked peers. */
  void tellSome(Message message) {
    List<PeerId> linked = new ArrayList<>(network.connected());
    Collections.sort(linked);
    for (int i = 0; i < FANOUT && !linked.isEmpty(); i++) {
      network.send(linked.remove(random.nextInt(linked.size())), message);
    }
  }

  /** How far each feed is here; a random choice if they are too many for a message. */
  Message.FeedHeads digest() {
    // Of what is here in part others could not get the rest.
    List<Feed> all = new ArrayList<>(feeds.values().stream().filter(Feed::isWhole).toList());
    boolean whole = all.size() <= Limits.MAX_HEADS;
    while (all.size() > Limits.MAX_HEADS) {
      Feed last = all.removeLast();
      int place = random.nextInt(all.size() + 1);
      if (place < all.size()) {
        all.set(place, last);
      }
    }
    return new Message.FeedHeads(all.stream().map(FeedTable::told).toList(), whole);
  }

  static FeedHead told(Feed feed) {
    return new FeedHead(
        feed.peer(), feed.head().size(), feed.head().root(), feed.mark(), feed.fork().isPresent());
  }

  /** Sends what is known of a feed's head, and of its fork. */
  void sendNote(PeerId to, Feed feed) {
    feed.fork().ifPresent(fork -> network.send(to, new Message.Forked(fork.toBytes())));
    if (feed.isWhole()) {
      network.send(to, new Message.FeedNote(feed.head().note().toBytes()));
    }
  }

  /** Fetches nothing from a peer for a while. */
  void shun(PeerId peer) {
    shunned.put(peer, loop.nanoTime() + SHUNNED.toNanos());
  }

  boolean isShunned(PeerId peer) {
    Long until = shunned.get(peer);
    return until != null && loop.nanoTime() - until < 0;
  }
}
