package org.folkmoot.peer;

import java.util.Map;
import java.util.function.LongSupplier;
import org.folkmoot.base.Bounded;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerId;

/** What each neighbour may cost us in membership, and who is not listened to for now. */
final class Neighbours {
  /** Comparisons in a row while the other side still has more: a whole directory. */
  private static final int SYNC_ROUNDS = Membership.MAX_PEERS / Limits.MAX_GOSSIP;

  /** A whole directory at once, each way, and then some. */
  private static final int MOST_AT_ONCE = 2 * Membership.MAX_PEERS;

  /** More than honest neighbours send; that many signatures are checked in 10 ms. */
  private static final double PER_SECOND = 50;

  /** Comparisons come every ten seconds. */
  private static final double COMPARISONS_PER_SECOND = 0.5;

  /** Those who misbehave are not listened to for ten minutes. */
  private static final long IGNORE_NANOS = 600_000_000_000L;

  /** Who is gone is remembered for a while: a new link brings no new allowance. */
  private static final int MAX_REMEMBERED = 1024;

  private final LongSupplier clock;
  private final Map<PeerId, Neighbour> neighbours = new Bounded<>(MAX_REMEMBERED);

  private static final class Neighbour {
    private final TokenBucket taken;
    private final TokenBucket given;
    private final TokenBucket compared;
    private int rounds;
    private long ignoredSince;
    private boolean ignored;

    Neighbour(long now) {
      taken = new TokenBucket(MOST_AT_ONCE, PER_SECOND, now);
      given = new TokenBucket(MOST_AT_ONCE, PER_SECOND, now);
      compared = new TokenBucket(2 * SYNC_ROUNDS, COMPARISONS_PER_SECOND, now);
    }
  }

  /** Nobody has cost anything yet. */
  Neighbours(LongSupplier clock) {
    this.clock = clock;
  }

  private Neighbour of(PeerId peer) {
    return neighbours.computeIfAbsent(peer, _ -> new Neighbour(clock.getAsLong()));
  }

  boolean listenedTo(PeerId peer) {
    Neighbour neighbour = of(peer);
    if (neighbour.ignored && clock.getAsLong() - neighbour.ignoredSince >= IGNORE_NANOS) {
      neighbour.ignored = false;
    }
    return !neighbour.ignored;
  }

  void ignore(PeerId peer) {
    Neighbour neighbour = of(peer);
    neighbour.ignored = true;
    neighbour.ignoredSince = clock.getAsLong();
  }

  /** Whether an announcement of it may still be looked at. */
  boolean mayTake(PeerId peer) {
    return of(peer).taken.take(1, clock.getAsLong());
  }

  /** Whether it may still be given an announcement. */
  boolean mayGive(PeerId peer) {
    return of(peer).given.take(1, clock.getAsLong());
  }

  /** Whether it may compare with us again. */
  boolean mayCompare(PeerId peer) {
    return of(peer).compared.take(1, clock.getAsLong());
  }

  /** A comparison begins. */
  void begin(PeerId peer) {
    of(peer).rounds = 0;
  }

  /** The other side has more: whether to compare once again. */
  boolean again(PeerId peer) {
    return ++of(peer).rounds < SYNC_ROUNDS;
  }
}
