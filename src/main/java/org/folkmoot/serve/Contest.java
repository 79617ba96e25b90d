package org.folkmoot.serve;

import java.util.LinkedHashMap;
import java.util.Map;
import org.folkmoot.wire.PeerId;

/**
 * Who waits for room. Nobody is kept in a queue: who is refused is told when to ask again, and
 * until a while after that, room that comes free is kept for those who stand higher than whoever
 * asks.
 */
final class Contest {
  /** More than are served at a time; further ones are forgotten, the oldest first. */
  private static final int MAX_WAITING = 1024;

  private record Waiting(long standing, long untilNanos) {}

  private final long patienceNanos;
  private final Map<PeerId, Waiting> waiting = new LinkedHashMap<>();

  /**
   * Nobody waits.
   *
   * @param patienceNanos how long room is kept for one who was refused
   */
  Contest(long patienceNanos) {
    this.patienceNanos = patienceNanos;
  }

  /** One was refused for want of room. */
  void refused(PeerId asker, long standing, long now) {
    waiting.remove(asker);
    waiting.put(asker, new Waiting(standing, now + patienceNanos));
    if (waiting.size() > MAX_WAITING) {
      waiting.remove(waiting.keySet().iterator().next());
    }
  }

  /** One was let in. */
  void admitted(PeerId asker) {
    waiting.remove(asker);
  }

  /** Whether nobody waits. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Whether all room is spoken for by others who stand higher.
   *
   * @param room sessions that could be let in now
   */
  boolean yields(PeerId asker, long standing, int room, long now) {
    waiting.values().removeIf(one -> one.untilNanos - now < 0);
    long before =
        waiting.entrySet().stream()
            .filter(one -> !one.getKey().equals(asker) && one.getValue().standing > standing)
            .count();
    return before >= room;
  }
}
