package org.folkmoot.engine.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.Exp;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Rule 8 of sem/1 against an oracle that sorts everything, and each setting by what it promises.
 */
class SamplerTest {
  private static final int[] NO_HISTORY = {};

  private static SamplerSettings settings(
      float temperature, int topK, float topP, float minP, float penalty, long seed) {
    return new SamplerSettings(temperature, topK, topP, minP, penalty, 64, seed, Map.of());
  }

  private static SamplerSettings plain(long seed) {
    return settings(1, 0, 1, 0, 1, seed);
  }

  /** The rules again, read slowly: sort all, cut, then walk. */
  private static int oracle(float[] logits, SamplerSettings settings, int[] history) {
    float[] scores = logits.clone();
    settings.logitBias().forEach((id, bias) -> scores[id] += bias);
    int from = Math.max(0, history.length - settings.repeatWindow());
    Set<Integer> latest = new HashSet<>();
    IntStream.range(from, history.length).forEach(i -> latest.add(history[i]));
    for (int id : latest) {
      scores[id] =
          scores[id] > 0
              ? scores[id] / settings.repeatPenalty()
              : scores[id] * settings.repeatPenalty();
    }
    List<Integer> order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(id -> -scores[id]).thenComparing(id -> id))
            .toList();
    if (settings.temperature() == 0) {
      return order.getFirst();
    }
    float max = scores[order.getFirst()];
    double[] weights = new double[scores.length];
    for (int id = 0; id < scores.length; id++) {
      weights[id] = Exp.exp((scores[id] - max) / settings.temperature());
    }
    List<Integer> kept =
        settings.topK() == 0 ? order : order.subList(0, Math.min(settings.topK(), order.size()));
    if (settings.topP() < 1) {
      double all = kept.stream().mapToDouble(id -> weights[id]).sum();
      double sum = 0;
      int count = 0;
      while (count < kept.size() && (count == 0 || sum < settings.topP() * all)) {
        sum += weights[kept.get(count++)];
      }
      kept = kept.subList(0, count);
    }
    kept = kept.stream().filter(id -> weights[id] >= settings.minP()).toList();
    double threshold =
        Sampler.uniform(settings.seed(), history.length)
            * kept.stream().mapToDouble(id -> weights[id]).sum();
    double cumulative = 0;
    for (int id : kept) {
      cumulative += weights[id];
      if (cumulative > threshold) {
        return id;
      }
    }
    throw new AssertionError("no threshold is above the sum");
  }

  private static float[] logits(SplittableRandom random, int length) {
    float[] logits = new float[length];
    // Few different values, so that there are ties at every cut.
    boolean ties = random.nextInt(3) == 0;
    for (int i = 0; i < length; i++) {
      float value = (float) (random.nextGaussian() * 4);
      logits[i] = ties ? Math.round(value) : value;
    }
    return logits;
  }

  @Test
  void choosesWhatTheOracleChooses() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 3000; round++) {
      int length = 1 + random.nextInt(round % 10 == 0 ? 2000 : 40);
      int[] history = random.ints(random.nextInt(100), 0, length).toArray();
      SamplerSettings settings =
          new SamplerSettings(
              random.nextInt(6) == 0 ? 0 : random.nextFloat() * 3,
              random.nextBoolean() ? 0 : random.nextInt(1, 60),
              random.nextBoolean() ? 1 : random.nextFloat(),
              random.nextBoolean() ? 0 : random.nextFloat(),
              random.nextBoolean() ? 1 : 0.5f + random.nextFloat(),
              random.nextInt(80),
              random.nextLong(),
              random.nextBoolean() ? Map.of() : Map.of(random.nextInt(length), 3f));
      float[] logits = logits(random, length);
      float[] before = logits.clone();
      assertThat(new Sampler(settings).next(logits, 0, length, history, history.length))
          .as("round %d: %s", round, settings)
          .isEqualTo(oracle(logits, settings, history));
      assertThat(logits).as("its input").isEqualTo(before);
    }
  }

  @Test
  void oneSamplerServesVectorsOfAnyLengthAndPlace() {
    SplittableRandom random = new SplittableRandom(2);
    Sampler sampler = new Sampler(plain(5));
    for (int length : new int[] {7, 300, 1, 31, 32, 33, 2}) {
      float[] logits = logits(random, length);
      float[] within = new float[length + 5];
      System.arraycopy(logits, 0, within, 3, length);
      assertThat(sampler.next(within, 3, length, new int[9], 9))
          .isEqualTo(oracle(logits, plain(5), new int[9]));
    }
  }

  /** From Python's hashlib: {@code sha256(struct.pack(">qq", seed, position))}. */
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0x1.ba3847ffbb8ccp-3",
    "0, 1, 0x1.f0f33442edfb0p-2",
    "42, 7, 0x1.c84baffacf2a8p-2",
    "-1, 1, 0x1.f9bc6b43731c8p-2",
    "123456789012345, 8191, 0x1.6592c1cb5111cp-1",
    "9223372036854775807, 2147483647, 0x1.22013cc347d18p-1",
  })
  void drawsFromTheHashOfSeedAndPosition(long seed, long position, String expected) {
    assertThat(Sampler.uniform(seed, position)).isEqualTo(Double.parseDouble(expected));
  }

  @Test
  void greedyTakesTheFirstOfEquals() {
    float[] logits = {1, 5, 5, -2, 5};
    assertThat(next(logits, SamplerSettings.GREEDY, NO_HISTORY)).isEqualTo(1);
    assertThat(next(new float[] {-1, -1}, SamplerSettings.GREEDY, NO_HISTORY)).isEqualTo(0);
  }

  @Test
  void drawsInProportionToProbability() {
    float[] logits = {(float) Math.log(0.5), (float) Math.log(0.3), (float) Math.log(0.2)};
    double[] shares = shares(logits, settings(1, 0, 1, 0, 1, 77));
    assertThat(shares[0]).isCloseTo(0.5, within(0.02));
    assertThat(shares[1]).isCloseTo(0.3, within(0.02));
    assertThat(shares[2]).isCloseTo(0.2, within(0.02));
    // Squared and normed again: 0.25, 0.09 and 0.04 of 0.38.
    double[] colder = shares(logits, settings(0.5f, 0, 1, 0, 1, 77));
    assertThat(colder[0]).isCloseTo(0.25 / 0.38, within(0.02));
    assertThat(colder[2]).isCloseTo(0.04 / 0.38, within(0.02));
  }

  /** How often each token comes at ten thousand positions. */
  private static double[] shares(float[] logits, SamplerSettings settings) {
    double[] shares = new double[logits.length];
    Sampler sampler = new Sampler(settings);
    int[] history = new int[10_000];
    for (int position = 0; position < history.length; position++) {
      shares[sampler.next(logits, 0, logits.length, history, position)] += 1e-4;
    }
    return shares;
  }

  private static int next(float[] logits, SamplerSettings settings, int[] history) {
    return new Sampler(settings).next(logits, 0, logits.length, history, history.length);
  }

  private static Set<Integer> possible(float[] logits, SamplerSettings settings) {
    double[] shares = shares(logits, settings);
    Set<Integer> ids = new HashSet<>();
    IntStream.range(0, shares.length).filter(id -> shares[id] > 0).forEach(ids::add);
    return ids;
  }

  @Test
  void topKKeepsTheFirst() {
    float[] logits = {0, 1, 1, 1, 0.5f};
    assertThat(possible(logits, settings(1, 2, 1, 0, 1, 3))).containsExactlyInAnyOrder(1, 2);
    assertThat(possible(logits, settings(1, 99, 1, 0, 1, 3))).hasSize(5);
    assertThat(possible(logits, settings(1, 1, 1, 0, 1, 3))).containsExactly(1);
  }

  @Test
  void topPKeepsTheShortestBeginningThatReachesIt() {
    float[] quarters = new float[4];
    assertThat(possible(quarters, settings(1, 0, 0.5f, 0, 1, 3))).containsExactlyInAnyOrder(0, 1);
    assertThat(possible(quarters, settings(1, 0, 0.51f, 0, 1, 3))).hasSize(3);
    assertThat(possible(quarters, settings(1, 0, 0, 0, 1, 3))).containsExactly(0);
    // Of what top-k leaves: two of three thirds.
    assertThat(possible(quarters, settings(1, 3, 0.6f, 0, 1, 3))).hasSize(2);
  }

  @Test
  void minPDropsWhatIsFarBelowTheFirst() {
    float[] logits = {0, (float) Math.log(0.4), (float) Math.log(0.2)};
    assertThat(possible(logits, settings(1, 0, 1, 0.3f, 1, 3))).containsExactlyInAnyOrder(0, 1);
    assertThat(possible(logits, settings(1, 0, 0.99f, 0.3f, 1, 3))).containsExactlyInAnyOrder(0, 1);
    assertThat(possible(logits, settings(1, 0, 1, 1, 1, 3))).containsExactly(0);
  }

  @Test
  void repetitionCostsOnceHoweverOften() {
    float[] logits = {3, 2, -1};
    SamplerSettings penalty = settings(0, 0, 1, 0, 2, 0);
    assertThat(next(logits, penalty, new int[] {0})).isEqualTo(1);
    // Twice in the history: 3 / 2 = 1.5, not 3 / 4, which would be below 1.4.
    assertThat(next(new float[] {3, 1.4f}, penalty, new int[] {0, 0})).isZero();
    // A negative logit gets further down.
    assertThat(next(new float[] {-1, -1.5f}, penalty, new int[] {0})).isEqualTo(1);
  }

  @Test
  void repetitionIsForgottenOutsideTheWindow() {
    float[] logits = {3, 2};
    SamplerSettings window = new SamplerSettings(0, 0, 1, 0, 2, 2, 0, Map.of());
    assertThat(next(logits, window, new int[] {0, 1, 1})).isZero();
    assertThat(next(logits, window, new int[] {0, 1})).isZero();
    assertThat(next(new float[] {3, 2, 0}, window, new int[] {2, 0})).isEqualTo(1);
    // Ids that only the head's padding has do no harm.
    assertThat(next(logits, window, new int[] {700})).isZero();
  }

  @Test
  void biasComesFirst() {
    SamplerSettings biased =
        new SamplerSettings(0, 0, 1, 0, 1, 64, 0, Map.of(2, 10f, 0, -10f, 99, 5f));
    assertThat(next(new float[] {3, 2, 1}, biased, NO_HISTORY)).isEqualTo(2);
  }

  @Test
  void extremesStayChoices() {
    float[] wide = {-3e38f, 3e38f, 0};
    assertThat(possible(wide, plain(1))).containsExactly(1);
    // So cold that dividing the logits themselves would make them all infinite, and so equal.
    SamplerSettings cold = settings(Float.MIN_VALUE, 0, 1, 0, 1, 1);
    assertThat(possible(new float[] {80, 90, 70}, cold)).containsExactly(1);
    assertThat(possible(new float[] {80, 90, 90}, settings(1e-30f, 0, 0.9f, 0.1f, 1, 1)))
        .containsExactlyInAnyOrder(1, 2);
    assertThat(possible(new float[] {0, 1, 2}, settings(100, 0, 1, 0, 1, 1))).hasSize(3);
    float[] underflow = {0, -200, -300};
    assertThat(possible(underflow, plain(1))).as("what has no weight left").containsExactly(0);
  }

  @Test
  void refusesWhatIsOutOfRange() {
    Stream.<Runnable>of(
            () -> settings(-0.1f, 0, 1, 0, 1, 0),
            () -> settings(Float.NaN, 0, 1, 0, 1, 0),
            () -> settings(101, 0, 1, 0, 1, 0),
            () -> settings(1, -1, 1, 0, 1, 0),
            () -> settings(1, 0, 1.1f, 0, 1, 0),
            () -> settings(1, 0, 1, -1, 1, 0),
            () -> settings(1, 0, 1, 0, 0, 0),
            () -> new SamplerSettings(1, 0, 1, 0, 1, -1, 0, Map.of()),
            () -> new SamplerSettings(1, 0, 1, 0, 1, 64, 0, Map.of(1, Float.NaN)))
        .forEach(wrong ->
            assertThatThrownBy(wrong::run)
                .isInstanceOfSatisfying(
                    FolkmootException.class,
                    refused ->
                        assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST))
                .hasMessageContaining("must be between"));
  }

  @Test
  void candidatesComeInOrder() {
    SplittableRandom random = new SplittableRandom(3);
    for (int length : new int[] {1, 2, 3, 31, 32, 33, 1000, 1001}) {
      float[] scores = logits(random, length);
      if (length > 1000) {
        scores[500] = 500; // far above all others
      }
      Candidates candidates = new Candidates(scores, length);
      Integer[] sorted = IntStream.range(0, length).boxed().toArray(Integer[]::new);
      Arrays.sort(
          sorted, Comparator.<Integer>comparingDouble(id -> -scores[id]).thenComparing(id -> id));
      for (int rank = 0; rank < length; rank = rank * 2 + 1) {
        assertThat(candidates.at(rank)).isEqualTo(sorted[rank]);
      }
      for (int rank = 0; rank < length; rank++) {
        assertThat(candidates.at(rank)).as("asked again").isEqualTo(sorted[rank]);
      }
    }
  }
}
