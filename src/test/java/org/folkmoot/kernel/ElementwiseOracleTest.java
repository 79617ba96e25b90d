package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.machine.Processor;
import org.folkmoot.testing.Bits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rules 2 (embedding rows), 4, 5 and 6: what the engine calls against the oracle. */
class ElementwiseOracleTest {
  private static final int[] LENGTHS = {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 64, 172, 576};

  /** Written ahead of what is worked on, so that offsets matter. */
  private static final int AHEAD = 3;

  private final Scratch scratch = new Scratch();

  @ParameterizedTest
  @EnumSource
  void rmsNorm(AwkwardData.Input input) {
    AwkwardData data = new AwkwardData(1);
    for (int length : LENGTHS) {
      float[] x = data.vector(length, input);
      float[] weight = data.vector(length, AwkwardData.Input.ORDINARY);
      if (!Float.isFinite(Oracle.dot(x, x))) {
        refuses(() -> norm(x, weight));
        refuses(() -> Oracle.rmsNorm(x, weight, 1e-5f));
      } else {
        Bits.assertSame(norm(x, weight), Oracle.rmsNorm(x, weight, 1e-5f), length, input);
      }
    }
  }

  private float[] norm(float[] x, float[] weight) {
    float[] y = new float[x.length + AHEAD];
    Elementwise.rmsNorm(ahead(x), AHEAD, weight, 1e-5f, y, AHEAD, scratch);
    return Arrays.copyOfRange(y, AHEAD, y.length);
  }

  @Test
  void normRefusesWhatIsNoNumber() {
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] x = new float[20];
      x[17] = bad;
      refuses(() -> norm(x, new float[20]));
      refuses(() -> Oracle.rmsNorm(x, new float[20], 1e-5f));
    }
  }

  @Test
  void outputsMustBeNumbers() {
    float[] x = {0f, -0f, Float.MAX_VALUE, -Float.MAX_VALUE, Float.NaN};
    Elementwise.requireFinite(x, 0, 4);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      x[4] = bad;
      refuses(() -> Elementwise.requireFinite(x, 0, 5));
    }
  }

  private static void refuses(Runnable call) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(call::run)
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.ARITHMETIC));
  }

  /** Around the bounds, and what is no number stays none: nothing may vanish there. */
  @Test
  void clampedSiluTimes() {
    AwkwardData data = new AwkwardData(12);
    float[] edges = {
      7,
      Math.nextUp(7f),
      Math.nextDown(7f),
      -7,
      Math.nextUp(-7f),
      Math.nextDown(-7f),
      0,
      -0f,
      -1,
      Float.POSITIVE_INFINITY,
      Float.NEGATIVE_INFINITY,
      Float.NaN,
      Float.MAX_VALUE,
      60,
      -60
    };
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      for (int length : LENGTHS) {
        clamped(data.vector(length, input), data.vector(length, AwkwardData.Input.ORDINARY));
        clamped(data.vector(length, AwkwardData.Input.TIES), data.vector(length, input));
      }
    }
    for (float edge : edges) {
      float[] ones = new float[edges.length];
      Arrays.fill(ones, edge);
      clamped(ones, edges);
      float[] y = Oracle.clampedSiluTimes(new float[] {edge, 3}, new float[] {0.5f, edge});
      assertThat(Float.isNaN(y[0])).isEqualTo(Float.isNaN(edge));
      assertThat(Float.isNaN(y[1])).isEqualTo(Float.isNaN(edge));
    }
  }

  private static void clamped(float[] gate, float[] up) {
    int length = gate.length;
    float[] expected = Oracle.clampedSiluTimes(gate, up);
    float[] out = new float[length + AHEAD];
    Elementwise.clampedSiluTimes(ahead(gate), AHEAD, ahead(up), AHEAD, out, AHEAD, length);
    Bits.assertSame(Arrays.copyOfRange(out, AHEAD, out.length), expected, "clamped", length);
    float[] lanes = new float[length + AHEAD];
    ElementwiseLanes.clampedSiluTimes(ahead(gate), AHEAD, ahead(up), AHEAD, lanes, AHEAD, length);
    Bits.assertSame(Arrays.copyOfRange(lanes, AHEAD, out.length), expected, "in Java", length);
  }

  @Test
  void siluTimes() {
    AwkwardData data = new AwkwardData(2);
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      for (int length : LENGTHS) {
        float[] gate = data.vector(length, input);
        float[] up = data.vector(length, AwkwardData.Input.ORDINARY);
        float[] out = new float[length + AHEAD];
        Elementwise.siluTimes(ahead(gate), AHEAD, ahead(up), AHEAD, out, AHEAD, length);
        Bits.assertSame(
            Arrays.copyOfRange(out, AHEAD, out.length),
            Oracle.siluTimes(gate, up),
            "silu",
            length,
            input);
      }
    }
  }

  @Test
  void geluTimes() {
    AwkwardData data = new AwkwardData(6);
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      for (int length : LENGTHS) {
        float[] gate = data.vector(length, input);
        float[] up = data.vector(length, AwkwardData.Input.ORDINARY);
        float[] out = new float[length + AHEAD];
        Elementwise.geluTimes(ahead(gate), AHEAD, ahead(up), AHEAD, out, AHEAD, length);
        Bits.assertSame(
            Arrays.copyOfRange(out, AHEAD, out.length),
            Oracle.geluTimes(gate, up),
            "gelu",
            length,
            input);
      }
    }
  }

  @Test
  void cap() {
    AwkwardData data = new AwkwardData(7);
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      for (int length : LENGTHS) {
        float[] x = data.vector(length, input);
        float[] out = ahead(x);
        Tanh.cap(out, AHEAD, length, 30);
        Bits.assertSame(
            Arrays.copyOfRange(out, AHEAD, out.length), Oracle.cap(x, 30), "cap", length, input);
      }
    }
  }

  @Test
  void scaleAndAddWeighted() {
    AwkwardData data = new AwkwardData(8);
    for (int length : LENGTHS) {
      float[] x = data.vector(length, AwkwardData.FINITE);
      float[] y = data.vector(length, AwkwardData.FINITE);
      float[] out = ahead(x);
      Elementwise.scale(out, AHEAD, length, 0.7f);
      Bits.assertSame(
          Arrays.copyOfRange(out, AHEAD, out.length), Oracle.scale(x, 0.7f), "scaled", length);
      float[] sum = ahead(x);
      Elementwise.addWeighted(sum, AHEAD, 0.3f, ahead(y), AHEAD, length);
      Bits.assertSame(
          Arrays.copyOfRange(sum, AHEAD, sum.length),
          Oracle.addWeighted(x, 0.3f, y),
          "sum",
          length);
    }
  }

  @Test
  void add() {
    AwkwardData data = new AwkwardData(3);
    for (int length : LENGTHS) {
      float[] x = data.vector(length, AwkwardData.FINITE);
      float[] y = data.vector(length, AwkwardData.FINITE);
      float[] sum = new float[length];
      for (int i = 0; i < length; i++) {
        sum[i] = x[i] + y[i];
      }
      float[] out = ahead(x);
      Elementwise.add(out, AHEAD, ahead(y), AHEAD, length);
      Bits.assertSame(Arrays.copyOfRange(out, AHEAD, out.length), sum, "sum", length);
    }
  }

  @ParameterizedTest
  @EnumSource
  void narrowMachineCode(AwkwardData.Input input) {
    if (!Processor.hasAvx2()) {
      return;
    }
    MachineKernels kernels = MachineKernels.of(Tier.AVX2).orElseThrow();
    AwkwardData data = new AwkwardData(10);
    for (int length : LENGTHS) {
      float[] x = data.vector(length, input);
      float[] w = data.vector(length, AwkwardData.Input.ORDINARY);
      float[] out = new float[length + 2 * AHEAD];
      if (Float.isFinite(Oracle.dot(x, x))) {
        kernels.rmsNorm(ahead(x), AHEAD, w, 1e-5f, out, AHEAD);
        narrow(out, Oracle.rmsNorm(x, w, 1e-5f), "norm", input);
      }
      kernels.siluTimes(ahead(x), AHEAD, ahead(w), AHEAD, out, AHEAD, length);
      narrow(out, Oracle.siluTimes(x, w), "silu", input);
      kernels.clampedSiluTimes(ahead(x), AHEAD, ahead(x), AHEAD, out, AHEAD, length);
      narrow(out, Oracle.clampedSiluTimes(x, x), "clamped", input);
      float[] sum = new float[length];
      float[] power = new float[length];
      for (int i = 0; i < length; i++) {
        sum[i] = x[i] + w[i];
        power[i] = Exp.exp(x[i]);
      }
      System.arraycopy(x, 0, out, AHEAD, length);
      kernels.add(out, AHEAD, ahead(w), AHEAD, length);
      narrow(out, sum, "sum", input);
      System.arraycopy(x, 0, out, AHEAD, length);
      kernels.exp(out, AHEAD, length);
      narrow(out, power, "power", input);
    }
  }

  /** What is before and behind must be as it was: zero. */
  private static void narrow(float[] out, float[] expected, String what, AwkwardData.Input input) {
    float[] all = new float[expected.length + 2 * AHEAD];
    System.arraycopy(expected, 0, all, AHEAD, expected.length);
    Bits.assertSame(out, all, what, expected.length, input);
  }

  @Test
  void rotate() {
    AwkwardData data = new AwkwardData(4);
    for (int headDim : new int[] {4, 8, 16, 48, 64, 128}) {
      for (int dims : new int[] {2, headDim / 4 * 2, headDim}) {
        for (boolean halves : new boolean[] {true, false}) {
          float[] head = data.vector(headDim, AwkwardData.FINITE);
          float[] table = Oracle.cosinesAndSines(headDim * 31, dims, 10_000, new float[0], 1);
          float[] turned = ahead(head);
          Elementwise.rotate(turned, AHEAD, dims, halves, ahead(table), AHEAD);
          Bits.assertSame(
              Arrays.copyOfRange(turned, AHEAD, turned.length),
              Oracle.rotate(head, table, halves),
              "turned",
              dims,
              headDim);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void embeddingRows(TensorType type) {
    AwkwardData data = new AwkwardData(5);
    for (int blocks : new int[] {1, 2, 3, 18}) {
      int columns = blocks * Math.max(32, type.blockSize());
      byte[] matrix = data.matrix(type, 3, columns, AwkwardData.Weight.values());
      for (int row = 0; row < 3; row++) {
        int at = Math.toIntExact(row * type.rowBytes(columns));
        float[] weights = new float[columns + AHEAD];
        Dequantiser.row(MemorySegment.ofArray(matrix), at, type, columns, weights, AHEAD);
        Bits.assertSame(
            Arrays.copyOfRange(weights, AHEAD, weights.length),
            Oracle.row(type, matrix, at, columns),
            row,
            type);
      }
    }
  }

  private static float[] ahead(float[] x) {
    float[] shifted = new float[x.length + AHEAD];
    System.arraycopy(x, 0, shifted, AHEAD, x.length);
    return shifted;
  }
}
