package org.folkmoot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LogProbabilitiesTest {
  @Test
  void sumToOne() {
    SplittableRandom random = new SplittableRandom(1);
    for (int length : new int[] {1, 2, 31, 33, 500, 50_000}) {
      float[] logits = new float[length + 3];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) (random.nextGaussian() * 6 + 40);
      }
      LogProbabilities all = new LogProbabilities(logits, 3, length);
      double sum = 0;
      for (int id = 0; id < length; id++) {
        assertThat(all.of(id)).isLessThanOrEqualTo(0);
        sum += Math.exp(all.of(id));
      }
      assertThat(sum).isCloseTo(1, within(1e-5));
    }
  }

  @Test
  void areThoseOfSoftmax() {
    LogProbabilities all = new LogProbabilities(new float[] {1, 2, 3}, 0, 3);
    double total = Math.exp(1) + Math.exp(2) + Math.exp(3);
    for (int id = 0; id < 3; id++) {
      assertThat((double) all.of(id)).isCloseTo(id + 1 - Math.log(total), within(1e-6));
    }
  }

  @Test
  void likeliestComeFirstAndEqualsById() {
    LogProbabilities all = new LogProbabilities(new float[] {9, 1, 5, 5, 0}, 1, 4);
    assertThat(all.likeliest(3)).containsExactly(1, 2, 0);
    assertThat(all.likeliest(20)).containsExactly(1, 2, 0, 3);
    assertThat(all.likeliest(0)).isEmpty();
  }

  @Test
  void extremesStayFinite() {
    LogProbabilities all = new LogProbabilities(new float[] {1e30f, -1e30f}, 0, 2);
    assertThat(all.of(0)).isZero();
    assertThat(all.of(1)).isEqualTo(-2e30f);
  }
}
