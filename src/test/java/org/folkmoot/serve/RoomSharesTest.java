package org.folkmoot.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

class RoomSharesTest {
  private static final PeerId A = SeededRandom.identity(1).peerId();
  private static final PeerId B = SeededRandom.identity(2).peerId();
  private static final PeerId C = SeededRandom.identity(3).peerId();

  private record Held(PeerId client, int positions) implements RoomShares.Tenant {}

  private static RoomShares<Held> shares(int free, Held... seats) {
    return new RoomShares<>(free, List.of(seats));
  }

  @Test
  void halfIsDueToEverybody() {
    RoomShares<Held> shares = shares(40, new Held(A, 30), new Held(B, 30));
    assertThat(shares.isDue(A, 20)).isTrue();
    assertThat(shares.isDue(A, 21)).isFalse();
    assertThat(shares.isDue(C, 50)).isTrue();
    assertThat(shares.toReclaim(C)).as("nobody has more than half").isEmpty();
    assertThat(shares.freePositions()).isEqualTo(40);
  }

  @Test
  void theLatestOfWhoHasMoreThanHalfIsOnLoan() {
    Held latest = new Held(A, 15);
    RoomShares<Held> shares = shares(10, new Held(A, 30), new Held(B, 25), new Held(A, 20), latest);
    assertThat(shares.toReclaim(B)).contains(latest);
    assertThat(shares.toReclaim(A)).isEmpty();
    assertThat(shares.freePositions()).isEqualTo(25);
  }

  /** Taken back one by one, the loans end where half begins, and others are not touched. */
  @Test
  void nobodyLosesWhatIsWithinHisHalf() {
    Random random = new Random(4);
    PeerId[] clients = {A, B, C};
    for (int round = 0; round < 2000; round++) {
      List<Held> seats = new ArrayList<>();
      for (int i = random.nextInt(12); i > 0; i--) {
        seats.add(new Held(clients[random.nextInt(3)], 1 + random.nextInt(100)));
      }
      int free = random.nextInt(100);
      long total = free + seats.stream().mapToLong(Held::positions).sum();
      int could = new RoomShares<>(free, seats).freePositions();
      PeerId asker = clients[random.nextInt(3)];
      Optional<Held> next = new RoomShares<>(free, seats).toReclaim(asker);
      while (next.isPresent()) {
        PeerId rich = next.get().client();
        assertThat(rich).isNotEqualTo(asker);
        long has =
            seats.stream()
                .filter(seat -> seat.client().equals(rich))
                .mapToLong(Held::positions)
                .sum();
        assertThat(2 * has).isGreaterThan(total);
        seats.remove(seats.lastIndexOf(next.get()));
        free += next.get().positions();
        assertThat(free).isLessThanOrEqualTo(could);
        next = new RoomShares<>(free, seats).toReclaim(asker);
      }
    }
  }
}
