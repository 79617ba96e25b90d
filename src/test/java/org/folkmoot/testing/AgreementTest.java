package org.folkmoot.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The comparison itself, on models of three tokens. */
class AgreementTest {
  private static final LogitsFunction REFERENCE =
      ids -> repeat(ids.length, Math.log(0.5), Math.log(0.3), Math.log(0.2));

  @Test
  void aModelAgreesWithItself() {
    Agreement agreement = Agreement.demand(golden("m-Q8_0.gguf", 0, 0), REFERENCE, REFERENCE);
    assertThat(agreement.differences()).isEmpty();
    assertThat(agreement.maxError()).isZero();
  }

  @Test
  void logitsMayBeShifted() {
    LogitsFunction shifted =
        LogitsFunction.ofFloats(ids -> repeatFloats(ids.length, -0.6931472f + 9, -1.2039728f + 9));
    Agreement agreement =
        Agreement.along(
            golden("m-f32.gguf", 0),
            shifted,
            ids -> repeat(ids.length, Math.log(0.5), Math.log(0.3)));
    assertThat(agreement.maxError()).isLessThan(1e-6);
  }

  @Test
  void measuresErrors() {
    LogitsFunction other = ids -> repeat(ids.length, Math.log(0.5), Math.log(0.25), Math.log(0.25));
    Agreement agreement = Agreement.along(golden("m-Q8_0.gguf", 0, 1), other, REFERENCE);
    double second = Math.log(0.3 / 0.25);
    double third = Math.log(0.25 / 0.2);
    assertThat(agreement.vocabularyError()).isCloseTo((second + third) / 3, within(1e-12));
    assertThat(agreement.expectedError()).isCloseTo(0.3 * second + 0.2 * third, within(1e-12));
    assertThat(agreement.chosenError()).isCloseTo(second / 2, within(1e-12));
    assertThat(agreement.maxError()).isCloseTo(third, within(1e-12));
  }

  @Test
  void onlyNearTiesMayDifferAndNoneForFloats() {
    LogitsFunction near = ids -> repeat(ids.length, 0, 0.01, -1);
    LogitsFunction tie = ids -> repeat(ids.length, 0.01, 0, -1);
    Agreement.demand(golden("m-Q4_0.gguf", 0), near, tie);
    refuses(() -> Agreement.demand(golden("m-F16.gguf", 0), near, tie));
    LogitsFunction far = ids -> repeat(ids.length, 0, 0.4, -1);
    refuses(() -> Agreement.along(golden("m-Q4_0.gguf", 0), far, far).demandChoices());
  }

  @Test
  void refusesWhatIsTooFarOrNoNumber() {
    LogitsFunction off = ids -> repeat(ids.length, Math.log(0.5), Math.log(0.3), -3);
    refuses(() -> Agreement.demand(golden("m-Q4_0.gguf", 0), off, REFERENCE));
    LogitsFunction nan = ids -> repeat(ids.length, 0, Double.NaN, 0);
    refuses(() -> Agreement.along(golden("m-Q4_0.gguf", 0), nan, REFERENCE));
    LogitsFunction few = ids -> repeat(ids.length - 1, 0, 0, 0);
    refuses(() -> Agreement.along(golden("m-Q4_0.gguf", 0, 0), few, REFERENCE));
  }

  private static void refuses(Runnable comparison) {
    assertThatExceptionOfType(AssertionError.class).isThrownBy(comparison::run);
  }

  private static Golden golden(String model, int... generated) {
    return new Golden(model, Path.of(model), "", new int[] {1, 2}, generated, "", new double[0]);
  }

  private static double[][] repeat(int times, double... logits) {
    double[][] all = new double[times][];
    Arrays.fill(all, logits);
    return all;
  }

  private static float[][] repeatFloats(int times, float... logits) {
    float[][] all = new float[times][];
    Arrays.fill(all, logits);
    return all;
  }
}
