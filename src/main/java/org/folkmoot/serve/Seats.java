package org.folkmoot.serve;

import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.SequencedSet;
import java.util.function.Consumer;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SessionId;

/**
 * The seats of a block server. A session has one here, or two, of which one embeds and the other
 * has the head: then nobody else sees its tokens.
 */
final class Seats {
  private final SequencedSet<HopSeat> all = new LinkedHashSet<>();
  private final Map<SessionId, List<HopSeat>> of = new HashMap<>();
  private final Map<PeerId, Integer> counts = new HashMap<>();

  int size() {
    return all.size();
  }

  boolean isEmpty() {
    return all.isEmpty();
  }

  /** All of them, the oldest first. */
  Collection<HopSeat> all() {
    return all;
  }

  /** All of them now, for who changes them meanwhile. */
  List<HopSeat> now() {
    return List.copyOf(all);
  }

  /** Those of a session now. */
  List<HopSeat> of(SessionId session) {
    return of.getOrDefault(session, List.of());
  }

  /** How many a client has. */
  int countOf(PeerId client) {
    return counts.getOrDefault(client, 0);
  }

  void add(HopSeat seat) {
    all.add(seat);
    of.merge(
        seat.session(), List.of(seat), (before, one) -> List.of(before.getFirst(), one.getFirst()));
    counts.merge(seat.client(), 1, Integer::sum);
  }

  /** Removes one; false if it is not there any more. */
  boolean remove(HopSeat seat) {
    if (!all.remove(seat)) {
      return false;
    }
    of.computeIfPresent(
        seat.session(),
        (_, seats) -> {
          List<HopSeat> left = seats.stream().filter(other -> !other.equals(seat)).toList();
          return left.isEmpty() ? null : left;
        });
    counts.computeIfPresent(seat.client(), (_, count) -> count == 1 ? null : count - 1);
    return true;
  }

  /**
   * Does something with the seats that a client has for a session, each of which is needed then.
   *
   * @return whether there are any
   */
  boolean ofClient(PeerId client, SessionId session, Consumer<HopSeat> action) {
    List<HopSeat> its = of(session).stream().filter(seat -> seat.client().equals(client)).toList();
    for (HopSeat seat : its) {
      seat.renew();
      action.accept(seat);
    }
    return !its.isEmpty();
  }
}
