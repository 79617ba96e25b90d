package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PassPlanTest {
  @Test
  void onePromptAloneTakesBigSteps() {
    assertThat(PassPlan.shares(new int[] {1000})).containsExactly(256);
    assertThat(PassPlan.shares(new int[] {100})).containsExactly(100);
    assertThat(PassPlan.shares(new int[] {1})).containsExactly(1);
  }

  @Test
  void nextTokensGoBeforePrompts() {
    assertThat(PassPlan.shares(new int[] {1000, 1, 1})).containsExactly(62, 1, 1);
  }

  @Test
  void theFirstPromptInLineTakesWhatIsLeft() {
    assertThat(PassPlan.shares(new int[] {1000, 1000})).containsExactly(64, 0);
    assertThat(PassPlan.shares(new int[] {40, 1000, 1000})).containsExactly(40, 24, 0);
  }

  @Test
  void aPromptGoesOnAmongManyNextTokens() {
    int[] left = new int[101];
    Arrays.fill(left, 1);
    left[100] = 1000;
    int[] shares = PassPlan.shares(left);
    assertThat(shares[100]).isEqualTo(PassPlan.DECODE_TOKENS);
    assertThat(Arrays.stream(shares).sum())
        .isEqualTo(PassPlan.SHARED_TOKENS + PassPlan.DECODE_TOKENS);
  }

  private record Waiting(int who, int left) {}

  /** A line in which everyone who was served comes again at its end, with work of another kind. */
  @Test
  void nobodyWaitsForever() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 50; round++) {
      int count = 1 + random.nextInt(200);
      List<Waiting> line =
          new ArrayList<>(IntStream.range(0, count).mapToObj(i -> work(i, random)).toList());
      int[] waited = new int[count];
      for (int pass = 0; pass < 500; pass++) {
        int[] shares = PassPlan.shares(line.stream().mapToInt(Waiting::left).toArray());
        assertThat(Arrays.stream(shares).sum())
            .isPositive()
            .isLessThanOrEqualTo(PassPlan.ALONE_TOKENS);
        List<Waiting> next = new ArrayList<>();
        List<Waiting> served = new ArrayList<>();
        for (int i = 0; i < shares.length; i++) {
          Waiting one = line.get(i);
          assertThat(shares[i]).isBetween(0, one.left);
          waited[one.who] = shares[i] > 0 ? 0 : waited[one.who] + 1;
          assertThat(waited[one.who]).as("passes in vain, of %d", count).isLessThanOrEqualTo(count);
          if (shares[i] == 0) {
            next.add(one);
          } else if (shares[i] < one.left) {
            served.add(new Waiting(one.who, one.left - shares[i]));
          } else {
            served.add(work(one.who, random));
          }
        }
        next.addAll(served);
        line = next;
      }
    }
  }

  private static Waiting work(int who, SplittableRandom random) {
    return new Waiting(who, random.nextInt(3) == 0 ? 1 + random.nextInt(500) : 1);
  }
}
