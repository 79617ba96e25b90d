package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Machine code serves only after it has agreed with the oracle, for every number of tokens. */
final class MachineCheck {
  /** A tile whose last rows are missing. */
  private static final int ROWS = PackedLayout.ROWS - 3;

  private MachineCheck() {}

  /** Whether these kernels compute what sem/1 says. */
  static boolean agrees(TensorType type, MachineKernels.Products products) {
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
        if (!Arrays.equals(SelfTest.multiply(matrix, x, tokens), y)) {
          return false;
        }
      }
      return true;
    }
  }
}
