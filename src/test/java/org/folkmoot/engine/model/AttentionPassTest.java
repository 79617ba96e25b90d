package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How attention is shared out; what it computes is held by the invariance tests. */
class AttentionPassTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "3, 1, 1",
    "3, 2, 2",
    "8, 2, 1",
    "24, 2, 1",
    "3, 8, 5",
    "8, 16, 2",
    "2, 8, 4",
    "1, 6, 6"
  })
  void aPastIsCutNoMoreThanKeepsThreadsBusy(int parts, int workers, int pieces) {
    assertThat(AttentionPass.pieces(parts, workers)).isEqualTo(pieces);
  }

  @Test
  void thereIsAnEndToCutting() {
    for (int parts = 1; parts < 40; parts++) {
      for (int workers = 1; workers < 130; workers++) {
        assertThat(AttentionPass.pieces(parts, workers)).isBetween(1, 8);
      }
    }
  }
}
