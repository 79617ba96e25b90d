package org.folkmoot.serve;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.wire.PeerId;

/**
 * Who gets how much of a span's room. A client may have all of it while nobody else wants any, for
 * a machine with little memory could not hold a long session otherwise; what is beyond half is on
 * loan: it goes to the first other one who finds no room. Beside others a client gets no more than
 * half.
 *
 * <p>A client is a key, and keys are free: against one person with many of them this does nothing.
 */
final class RoomShares {
  private final SpanEngine engine;
  private final List<HopSeat> seats;
  private final Map<PeerId, Long> held = new HashMap<>();
  private final long total;

  /**
   * As it is now.
   *
   * @param all seats, the oldest first; those of other spans do not count
   */
  RoomShares(SpanEngine engine, Collection<HopSeat> all) {
    this.engine = engine;
    seats = all.stream().filter(seat -> seat.engine().equals(engine)).toList();
    seats.forEach(seat -> held.merge(seat.client(), (long) seat.positions(), Long::sum));
    total = engine.freePositions() + seats.stream().mapToLong(HopSeat::positions).sum();
  }

  private long held(PeerId client) {
    return held.getOrDefault(client, 0L);
  }

  /** Whether a client would get more than is its due beside others. */
  boolean exceeds(PeerId client, int positions) {
    boolean others = held.size() > (held.containsKey(client) ? 1 : 0);
    return others && 2 * (held(client) + positions) > total;
  }

  /** The seats that are on loan, of whoever has more than half: its latest. */
  private List<HopSeat> onLoan() {
    Optional<PeerId> most =
        held.keySet().stream().filter(client -> 2 * held(client) > total).findFirst();
    List<HopSeat> loan = new ArrayList<>();
    long left = most.map(this::held).orElse(0L);
    for (HopSeat seat : seats.reversed()) {
      if (2 * left > total && seat.client().equals(most.orElseThrow())) {
        loan.add(seat);
        left -= seat.positions();
      }
    }
    return loan;
  }

  /** A seat that must go, for another client finds no room. */
  Optional<HopSeat> toReclaim(PeerId client) {
    return onLoan().stream().filter(seat -> !seat.client().equals(client)).findFirst();
  }

  /** What a newcomer could get. */
  int freePositions() {
    long loan = onLoan().stream().mapToLong(HopSeat::positions).sum();
    return (int) Math.min(Integer.MAX_VALUE, engine.freePositions() + loan);
  }
}
