package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Machine code serves only after it has agreed with the oracle, for every number of tokens. */
final class MachineCheck {
  /** A tile whose last rows are missing. */
  private static final int ROWS = PackedLayout.ROWS - 3;

  private static final int LENGTH = 53;
  private static final float EPSILON = 1e-5f;

  private MachineCheck() {}

  /** Whether what is between matrices is computed as sem/1 says. */
  static boolean agrees(MachineKernels kernels) {
    SelfTest.Numbers numbers = new SelfTest.Numbers();
    float[] x = numbers.wide(LENGTH);
    float[] w = numbers.floats(LENGTH);
    float[] norm = new float[LENGTH];
    kernels.rmsNorm(x, 0, w, EPSILON, norm, 0);
    float[] silu = new float[LENGTH];
    kernels.siluTimes(x, 0, w, 0, silu, 0, LENGTH);
    float[] clamped = new float[LENGTH];
    kernels.clampedSiluTimes(x, 0, w, 0, clamped, 0, LENGTH);
    float[] sum = x.clone();
    kernels.add(sum, 0, w, 0, LENGTH);
    float[] powers = x.clone();
    kernels.exp(powers, 0, LENGTH);
    boolean same = true;
    for (int i = 0; i < LENGTH; i++) {
      same &= sum[i] == x[i] + w[i] && powers[i] == Exp.exp(x[i]);
    }
    return same
        && Arrays.equals(norm, Oracle.rmsNorm(x, w, EPSILON))
        && Arrays.equals(silu, Oracle.siluTimes(x, w))
        && Arrays.equals(clamped, Oracle.clampedSiluTimes(x, w));
  }

  /** Two tokens of two heads (a group of rows), then one more row. */
  static boolean agrees(MachineAttention made, int headDim, KvLayout.Precision precision) {
    int positions = 19;
    SelfTest.Numbers numbers = new SelfTest.Numbers();
    KvLayout layout = new KvLayout(1, 1, headDim, precision);
    float[][] keys = new float[positions][];
    float[][] values = new float[positions][];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = NativeMemory.allocate(arena, layout.pageBytes());
      for (int t = 0; t < positions; t++) {
        keys[t] = numbers.floats(headDim);
        values[t] = numbers.floats(headDim);
        Attention.store(layout, page, 0, 0, t, keys[t], 0, values[t], 0);
      }
      int rows = AttentionCode.ROWS + 1;
      float[] q = numbers.floats(rows * headDim);
      float[] out = new float[rows * headDim];
      made.attend(
          new MachineAttention.Past(layout, List.of(page), 0, 0),
          new Attention.Queries(q, headDim, out, headDim, 0, rows, positions - rows, 0, 1, 0.25f),
          new Scratch());
      for (int row = 0; row < rows; row++) {
        int seen = positions - rows + row + 1;
        float[] expected =
            Oracle.attention(
                Arrays.copyOfRange(q, row * headDim, (row + 1) * headDim),
                Arrays.copyOf(keys, seen),
                Arrays.copyOf(values, seen),
                precision,
                0.25f);
        if (!Arrays.equals(Arrays.copyOfRange(out, row * headDim, (row + 1) * headDim), expected)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Whether these kernels compute what sem/1 says. */
  static boolean agrees(MachineKernels kernels, TensorType type, MachineKernels.Products products) {
    int columns = Math.max(32, type.blockSize());
    SelfTest.Numbers numbers = new SelfTest.Numbers();
    byte[] rows = numbers.matrix(type, ROWS);
    float[][] inputs = {numbers.floats(columns), numbers.wide(columns)};
    float[][] expected = {
      Oracle.multiply(type, rows, ROWS, inputs[0]), Oracle.multiply(type, rows, ROWS, inputs[1])
    };
    try (Arena arena = Arena.ofConfined()) {
      long bytes = MachineMatrix.bytes(type, ROWS, columns);
      MemorySegment memory = NativeMemory.allocate(arena, bytes);
      MachineMatrix matrix = MachineMatrix.in(type, ROWS, columns, memory, products);
      matrix.repack(rows, 0);
      for (int tokens = 1; tokens <= Activations.PANEL; tokens++) {
        float[] x = new float[tokens * columns];
        float[] y = new float[tokens * ROWS];
        for (int t = 0; t < tokens; t++) {
          System.arraycopy(inputs[t % 2], 0, x, t * columns, columns);
          System.arraycopy(expected[t % 2], 0, y, t * ROWS, ROWS);
        }
        if (!Arrays.equals(SelfTest.multiply(matrix, new Activations(kernels), x, tokens), y)) {
          return false;
        }
      }
      return true;
    }
  }
}
