package org.folkmoot.serve;

import static org.assertj.core.api.Assertions.assertThat;

import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;
import org.junit.jupiter.api.Test;

/** Who goes first. */
class ContestTest {
  private static final PeerId LOW = new PeerId(Hash32.sha256(new byte[] {1}));
  private static final PeerId HIGH = new PeerId(Hash32.sha256(new byte[] {2}));
  private static final PeerId OTHER = new PeerId(Hash32.sha256(new byte[] {3}));

  private final Contest contest = new Contest(100);

  @Test
  void roomIsKeptForWhoStandsHigher() {
    contest.refused(HIGH, 10, 0);
    assertThat(contest.yields(LOW, 1, 1, 50)).isTrue();
    assertThat(contest.yields(LOW, 1, 2, 50)).as("room for both").isFalse();
    assertThat(contest.yields(HIGH, 10, 1, 50)).as("its own").isFalse();
    assertThat(contest.yields(OTHER, 10, 1, 50)).as("who stands as high").isFalse();
    contest.admitted(HIGH);
    assertThat(contest.yields(LOW, 1, 1, 60)).isFalse();
  }

  @Test
  void butNotForLong() {
    contest.refused(HIGH, 10, 0);
    assertThat(contest.yields(LOW, 1, 1, 100)).isTrue();
    assertThat(contest.yields(LOW, 1, 1, 101)).isFalse();
    assertThat(contest.isEmpty()).isTrue();
  }

  @Test
  void whereAllStandAlikeNobodyWaitsForOthers() {
    contest.refused(HIGH, 0, 0);
    contest.refused(LOW, 0, 0);
    assertThat(contest.yields(OTHER, 0, 1, 1)).isFalse();
  }

  @Test
  void aFloodOfAskersIsForgotten() {
    for (int i = 0; i < 5000; i++) {
      contest.refused(new PeerId(Hash32.sha256(new byte[] {(byte) i, (byte) (i >> 8)})), 5, 0);
    }
    assertThat(contest.yields(LOW, 1, 1025, 1)).isFalse();
    assertThat(contest.yields(LOW, 1, 1024, 1)).isTrue();
  }
}
