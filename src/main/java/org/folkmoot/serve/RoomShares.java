package org.folkmoot.serve;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.wire.PeerId;

/**
 * Who gets how much of a span's room. A client's share is half of it: up to that, nobody takes back
 * what it has. What is free beyond is lent to whoever asks, for it serves nobody else, and a
 * machine with little memory could not hold a long session otherwise; it goes to the first other
 * one who finds no room for what is within his own share. {@link RoomWanted} then keeps what comes
 * free for a while, so that it is not lent and taken back again and again.
 *
 * <p>The share is not smaller where there are more clients. A client is a key, and keys are free:
 * one person with many of them could then end the sessions of others, and not only fill the room.
 * Against filling it this does nothing.
 *
 * @param <T> a seat
 */
final class RoomShares<T extends RoomShares.Tenant> {
  /** What takes room. */
  interface Tenant {
    /** Whose it is. */
    PeerId client();

    /** The most positions that it can come to have. */
    int positions();
  }

  private final long free;
  private final List<T> seats;
  private final Map<PeerId, Long> held = new HashMap<>();
  private final long total;

  /**
   * As it is now.
   *
   * @param free positions that nobody has
   * @param seats the oldest first
   */
  RoomShares(long free, Collection<T> seats) {
    this.free = free;
    this.seats = List.copyOf(seats);
    seats.forEach(seat -> held.merge(seat.client(), (long) seat.positions(), Long::sum));
    total = free + seats.stream().mapToLong(Tenant::positions).sum();
  }

  private long held(PeerId client) {
    return held.getOrDefault(client, 0L);
  }

  /** Whether a client would have no more than its share. */
  boolean isDue(PeerId client, int positions) {
    return 2 * (held(client) + positions) <= total;
  }

  /** The seats that are on loan, of whoever has more than half: its latest. */
  private List<T> onLoan() {
    Optional<PeerId> most =
        held.keySet().stream().filter(client -> 2 * held(client) > total).findFirst();
    List<T> loan = new ArrayList<>();
    long left = most.map(this::held).orElse(0L);
    for (T seat : seats.reversed()) {
      if (2 * left > total && seat.client().equals(most.orElseThrow())) {
        loan.add(seat);
        left -= seat.positions();
      }
    }
    return loan;
  }

  /** A seat that must go, for another client finds no room for what is due to it. */
  Optional<T> toReclaim(PeerId client) {
    return onLoan().stream().filter(seat -> !seat.client().equals(client)).findFirst();
  }

  /** What a newcomer could get. */
  int freePositions() {
    long loan = onLoan().stream().mapToLong(Tenant::positions).sum();
    return (int) Math.min(Integer.MAX_VALUE, free + loan);
  }
}
