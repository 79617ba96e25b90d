package org.folkmoot.serve;

import java.util.Map;
import org.folkmoot.base.Bounded;
import org.folkmoot.wire.PeerId;

/**
 * Who lately found too little of a span's room free for what is within his share. Meanwhile nothing
 * is lent to others: of two who both want all there is, each would else end the other's sessions
 * with every one that it begins.
 */
final class RoomWanted {
  /** As many as can have seats. */
  private static final int MAX_CLIENTS = 256;

  private final long keptNanos;
  private final Map<PeerId, Long> until = new Bounded<>(MAX_CLIENTS);

  /**
   * Nobody wants any.
   *
   * @param keptNanos how long one is thought of
   */
  RoomWanted(long keptNanos) {
    this.keptNanos = keptNanos;
  }

  /** There was too little for a client. */
  void by(PeerId client, long now) {
    until.put(client, now + keptNanos);
  }

  /** Whether anybody else wants some. */
  boolean byOthers(PeerId client, long now) {
    until.values().removeIf(end -> end - now < 0);
    return until.size() > (until.containsKey(client) ? 1 : 0);
  }
}
