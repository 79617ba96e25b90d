package org.folkmoot.peer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import java.util.random.RandomGenerator;
import org.folkmoot.base.Bounded;
import org.folkmoot.wire.Announcement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;
import org.folkmoot.wire.Offer;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedAnnouncement;
import org.jspecify.annotations.Nullable;

/**
 * The announcements that a peer keeps: each other peer's latest, until it runs out, and at most so
 * many. When it is full, one goes for each that comes. Peers with a link stay; so do peers with
 * layers that few others serve; of a few drawn from the rest, those without offers go first, then
 * the one heard longest ago. What is kept of a swarm that is larger than the directory is thus a
 * changing sample that knows somebody for every layer.
 */
final class Directory {
  /** A layer that no more peers serve than this is scarce. */
  private static final int SCARCE = 4;

  /** How many are looked at to find one that can go. */
  private static final int DRAWN = 8;

  /** Sequences are remembered of so many peers that are no longer kept, lest they come back. */
  private static final int MAX_GONE = 4096;

  /** A peer's latest announcement. */
  static final class Entry {
    final SignedAnnouncement signed;
    final Announcement announcement;
    final long heardNanos;
    final long expiresNanos;
    // How far the peer's clock is behind ours, as far as it was found out.
    final long skewMillis;
    final TokenBucket pace;
    // The date when it could not be reached any more; 0 as long as it can.
    long lostMillis;
    private int place;

    Entry(
        SignedAnnouncement signed,
        Announcement announcement,
        long heardNanos,
        long expiresNanos,
        long skewMillis,
        TokenBucket pace) {
      this.signed = signed;
      this.announcement = announcement;
      this.heardNanos = heardNanos;
      this.expiresNanos = expiresNanos;
      this.skewMillis = skewMillis;
      this.pace = pace;
    }

    boolean lost() {
      return lostMillis > 0;
    }
  }

  private final int most;
  private final RandomGenerator random;
  private final Predicate<PeerId> linked;
  private final Map<PeerId, Entry> entries = new LinkedHashMap<>();
  // For drawing at random; the order is of no meaning.
  private final List<PeerId> order = new ArrayList<>();
  private final Map<PeerId, Long> gone = new Bounded<>(MAX_GONE);
  private final Map<ModelId, int[]> servers = new HashMap<>();

  Directory(int most, RandomGenerator random, Predicate<PeerId> linked) {
    this.most = most;
    this.random = random;
    this.linked = linked;
  }

  int size() {
    return entries.size();
  }

  boolean full() {
    return entries.size() >= most;
  }

  @Nullable Entry get(PeerId peer) {
    return entries.get(peer);
  }

  Collection<Entry> entries() {
    return entries.values();
  }

  /** The latest sequence that was ever heard of a peer, as far as that is remembered. */
  OptionalLong sequence(PeerId peer) {
    Entry entry = entries.get(peer);
    if (entry != null) {
      return OptionalLong.of(entry.announcement.sequence());
    }
    Long before = gone.get(peer);
    return before == null ? OptionalLong.empty() : OptionalLong.of(before);
  }

  /** A peer at random; empty if there is none. */
  Optional<PeerId> any() {
    return order.isEmpty()
        ? Optional.empty()
        : Optional.of(order.get(random.nextInt(order.size())));
  }

  /**
   * Keeps an announcement that is newer than what is kept of its peer.
   *
   * @return which peer went for it, perhaps the announcement's own; empty if none had to
   */
  Optional<PeerId> put(Entry entry) {
    PeerId peer = entry.announcement.peer();
    Entry before = entries.put(peer, entry);
    if (before != null) {
      count(before, -1);
      entry.place = before.place;
    } else {
      entry.place = order.size();
      order.add(peer);
      gone.remove(peer);
    }
    count(entry, 1);
    if (entries.size() <= most) {
      return Optional.empty();
    }
    PeerId out = dispensable();
    remove(out);
    return Optional.of(out);
  }

  /** Forgets a peer but for its sequence. */
  void remove(PeerId peer) {
    Entry entry = entries.remove(peer);
    if (entry != null) {
      count(entry, -1);
      PeerId last = order.removeLast();
      if (!last.equals(peer)) {
        order.set(entry.place, last);
        known(last).place = entry.place;
      }
      gone.put(peer, entry.announcement.sequence());
    }
  }

  /** Remembers a sequence of a peer that is not kept. */
  void bury(PeerId peer, long sequence) {
    remove(peer);
    gone.put(peer, sequence);
  }

  /** Forgets those whose time has come, and gives them. */
  List<PeerId> expire(long nowNanos) {
    List<PeerId> expired =
        entries.values().stream()
            .filter(entry -> entry.expiresNanos - nowNanos <= 0)
            .map(entry -> entry.announcement.peer())
            .toList();
    expired.forEach(this::remove);
    return expired;
  }

  private PeerId dispensable() {
    // The one that has just come stands last, and takes its chance with the others.
    Entry least = known(order.getLast());
    for (int i = 1; i < DRAWN; i++) {
      Entry other = known(order.get(random.nextInt(order.size())));
      int worse = Integer.compare(worth(other), worth(least));
      if (worse < 0 || (worse == 0 && other.heardNanos - least.heardNanos < 0)) {
        least = other;
      }
    }
    return least.announcement.peer();
  }

  private int worth(Entry entry) {
    if (linked.test(entry.announcement.peer())) {
      return 4;
    }
    return entry.lost() ? 0 : scarce(entry) ? 3 : entry.announcement.offers().isEmpty() ? 1 : 2;
  }

  private Entry known(PeerId peer) {
    Entry entry = entries.get(peer);
    if (entry == null) {
      throw new IllegalStateException("the directory's order names a peer that it does not keep");
    }
    return entry;
  }

  private boolean scarce(Entry entry) {
    for (Offer offer : entry.announcement.offers()) {
      int[] counts = servers.get(offer.model());
      for (int layer = offer.range().from();
          counts != null && layer < offer.range().to();
          layer++) {
        if (counts[layer] <= SCARCE) {
          return true;
        }
      }
    }
    return false;
  }

  private void count(Entry entry, int change) {
    for (Offer offer : entry.announcement.offers()) {
      // The last place counts the offers, so that a model that nobody offers is forgotten.
      int[] counts =
          servers.computeIfAbsent(offer.model(), _ -> new int[LayerRange.MAX_LAYERS + 1]);
      for (int layer = offer.range().from(); layer < offer.range().to(); layer++) {
        counts[layer] += change;
      }
      counts[LayerRange.MAX_LAYERS] += change;
      if (counts[LayerRange.MAX_LAYERS] == 0) {
        servers.remove(offer.model());
      }
    }
  }
}
