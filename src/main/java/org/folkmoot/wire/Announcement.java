package org.folkmoot.wire;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;

/**
 * What a peer tells the swarm about itself.
 *
 * @param swarm the swarm
 * @param peer the peer
 * @param sequence the sender's date in milliseconds, and greater than in all its announcements
 *     before
 * @param ttlSeconds how long it holds
 * @param addresses where it can be dialled, best first
 * @param offers what it serves; empty for a peer that only asks, or that is about to leave
 * @param policy hash of what its operator declares to do beyond computing, if anything
 */
public record Announcement(
    SwarmId swarm,
    PeerId peer,
    long sequence,
    int ttlSeconds,
    List<PeerAddress> addresses,
    List<Offer> offers,
    Optional<Hash32> policy) {
  /** The longest that an announcement may hold: an hour. */
  public static final int MAX_TTL_SECONDS = 3600;

  /** Of a peer whose operator declares nothing. */
  public Announcement(
      SwarmId swarm,
      PeerId peer,
      long sequence,
      int ttlSeconds,
      List<PeerAddress> addresses,
      List<Offer> offers) {
    this(swarm, peer, sequence, ttlSeconds, addresses, offers, Optional.empty());
  }

  /** Checks the bounds and copies. */
  public Announcement {
    addresses = List.copyOf(addresses);
    offers = List.copyOf(offers);
    if (sequence < 0
        || ttlSeconds < 0
        || ttlSeconds > MAX_TTL_SECONDS
        || addresses.size() > Limits.MAX_ADDRESSES
        || offers.size() > Limits.MAX_OFFERS) {
      throw new IllegalArgumentException("an announcement is out of bounds");
    }
  }
}
