package org.folkmoot.peer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.Message.GossipDigest;
import org.folkmoot.wire.PeerId;

/**
 * How two peers find out what the one has that the other lacks, without sending all (anti-entropy;
 * Demers et al. 1987). A large directory is compared in part, and asks for few peers that it has
 * not heard of: it is full already, and they would only take others' places.
 */
final class Comparison {
  /**
   * Entries of a comparison: so many and a part of what is known; half of them what changed last,
   * half at random. Between two comparisons a twelfth of a directory is renewed.
   */
  private static final int DIGEST = 16;

  private static final int DIGEST_PART = 6;

  /** Peers never heard of that a full directory asks for. */
  private static final int STRANGERS = 8;

  private final Directory directory;
  private final PeerId self;
  private final RandomGenerator random;

  Comparison(Directory directory, PeerId self, RandomGenerator random) {
    this.directory = directory;
    this.self = self;
    this.random = random;
  }

  /** What we know, or a part of it. */
  GossipDigest digest(long ownSequence) {
    List<Directory.Entry> known =
        new ArrayList<>(directory.entries().stream().filter(entry -> !entry.lost()).toList());
    int most = DIGEST + known.size() / DIGEST_PART;
    boolean whole = known.size() < most;
    if (!whole) {
      known.sort(
          Comparator.comparingLong((Directory.Entry entry) -> entry.heardNanos)
              .reversed()
              .thenComparing(entry -> entry.announcement.peer()));
      Collections.shuffle(known.subList(most / 2, known.size()), Random.from(random));
      known = known.subList(0, most - 1);
    }
    Map<PeerId, Long> sequences = new LinkedHashMap<>();
    known.forEach(entry -> sequences.put(entry.announcement.peer(), entry.announcement.sequence()));
    sequences.put(self, ownSequence);
    return new GossipDigest(sequences, whole);
  }

  /** What the other side lacks of what we have, in no order. */
  List<PeerId> theyLack(GossipDigest digest, long ownSequence) {
    List<PeerId> lacking = new ArrayList<>();
    if (lacks(digest, self, ownSequence)) {
      lacking.add(self);
    }
    if (digest.whole()) {
      directory.entries().stream()
          .filter(entry -> lacks(digest, entry.announcement.peer(), entry.announcement.sequence()))
          .forEach(entry -> lacking.add(entry.announcement.peer()));
    } else {
      for (PeerId peer : digest.sequences().keySet()) {
        Directory.Entry entry = directory.get(peer);
        if (entry != null && lacks(digest, peer, entry.announcement.sequence())) {
          lacking.add(peer);
        }
      }
    }
    return shuffled(lacking);
  }

  private static boolean lacks(GossipDigest digest, PeerId peer, long sequence) {
    Long theirs = digest.sequences().get(peer);
    return theirs == null ? digest.whole() : theirs < sequence;
  }

  /** What we lack of what the other side has, at most as many as may be asked for at once. */
  List<PeerId> weLack(GossipDigest digest) {
    List<PeerId> renewed = new ArrayList<>();
    List<PeerId> strangers = new ArrayList<>();
    digest
        .sequences()
        .forEach((peer, theirs) -> {
          OptionalLong ours = directory.sequence(peer);
          boolean newer = ours.isEmpty() || theirs > ours.getAsLong();
          if (newer && !peer.equals(self)) {
            (directory.get(peer) == null ? strangers : renewed).add(peer);
          }
        });
    List<PeerId> all = shuffled(renewed);
    int most = directory.full() ? STRANGERS : strangers.size();
    all.addAll(shuffled(strangers).subList(0, Math.min(most, strangers.size())));
    return all.subList(0, Math.min(Limits.MAX_GOSSIP, all.size()));
  }

  /** In an order that depends on nothing but the seed: a map's own order does not. */
  private List<PeerId> shuffled(List<PeerId> peers) {
    Collections.sort(peers);
    Collections.shuffle(peers, Random.from(random));
    return peers;
  }
}
