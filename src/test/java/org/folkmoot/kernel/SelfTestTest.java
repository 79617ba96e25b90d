package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;

/** The self-test passes where kernels are right, and nothing wrong passes it. */
class SelfTestTest {
  @Test
  void thisMachineComputesRightly() {
    SelfTest.run();
  }

  /** The compilers turn to methods that are called often; their code must be right, too. */
  @Test
  void stillRightOnceCompiled() {
    for (int i = 0; i < 500; i++) {
      SelfTest.run();
    }
  }

  @Test
  void oneWrongBitOfAnyOperatorIsFound() {
    List<String> operators = new ArrayList<>();
    SelfTest.run(
        SelfTest.Needs.ALL,
        (operator, computed) -> {
          operators.add(operator);
          return computed;
        });
    assertThat(operators).hasSize(TensorType.values().length + SelfTest.Operator.values().length);
    for (String broken : operators) {
      for (boolean last : new boolean[] {false, true}) {
        SelfTest.Tap tap =
            (operator, computed) -> operator.equals(broken) ? flipped(computed, last) : computed;
        assertThatExceptionOfType(FolkmootException.class)
            .isThrownBy(() -> SelfTest.run(SelfTest.Needs.ALL, tap))
            .withMessageContaining("(" + broken + "): it must not serve")
            .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.ARITHMETIC));
      }
    }
  }

  private static float[] flipped(float[] x, boolean last) {
    float[] wrong = x.clone();
    int at = last ? x.length - 1 : 0;
    wrong[at] = Float.intBitsToFloat(Float.floatToRawIntBits(x[at]) ^ 1);
    return wrong;
  }
}
