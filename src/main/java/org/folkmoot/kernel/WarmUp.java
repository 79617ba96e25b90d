package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/**
 * Runs the kernels on next to nothing, so that the JIT compiler knows them by the time the weights
 * are loaded. A kernel that is still interpreted is a thousand times slower, and compiling all
 * takes about as long as loading a small model: side by side they cost the first token half as
 * much.
 */
public final class WarmUp {
  /** The longest block. */
  private static final int COLUMNS = 256;

  private static final int HEAD_DIM = 64;

  private WarmUp() {}

  /**
   * Runs until it is told to stop.
   *
   * @param types formats of the matrices that are going to be used
   * @param precision of the KV cache
   */
  public static void run(
      Set<TensorType> types, KvLayout.Precision precision, BooleanSupplier stop) {
    if (types.stream().allMatch(MachineMatrix::serves)) {
      return; // machine code needs no compiler
    }
    Scratch scratch = new Scratch();
    Activations activations = new Activations();
    float[] x = new float[8 * COLUMNS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (i % 13) - 6;
    }
    float[] y = new float[8 * COLUMNS];
    float[] norm = new float[COLUMNS];
    try (Arena arena = Arena.ofConfined()) {
      List<Matrix> matrices = new ArrayList<>();
      for (TensorType type : types) {
        matrices.add(
            Matrix.in(
                type,
                BlockMatrix.TILE_ROWS,
                COLUMNS,
                arena.allocate(Matrix.bytes(type, BlockMatrix.TILE_ROWS, COLUMNS), 64)));
      }
      KvLayout layout = new KvLayout(1, 1, HEAD_DIM, precision);
      MemorySegment page = arena.allocate(layout.pageBytes(), 64);
      while (!stop.getAsBoolean()) {
        for (int tokens : new int[] {8, 1}) {
          for (Matrix matrix : matrices) {
            Set<Activations.Form> forms = EnumSet.of(matrix.form(tokens));
            activations.begin(tokens, COLUMNS, forms);
            activations.fill(0, x, COLUMNS, forms);
            matrix.multiply(activations, 0, matrix.tiles(), y, COLUMNS, 0, scratch);
          }
        }
        Elementwise.rmsNorm(x, 0, norm, 1e-5f, y, 0, scratch);
        Elementwise.siluTimes(x, 0, x, 0, y, 0, COLUMNS);
        Elementwise.add(y, 0, x, 0, COLUMNS);
        Attention.store(layout, page, 0, 0, 0, x, 0, x, 0);
        Attention.attend(
            layout,
            List.of(page),
            0,
            0,
            new Attention.Queries(x, COLUMNS, y, COLUMNS, 0, 1, 20, 0, 1, 1f),
            scratch);
      }
    }
  }
}
