package org.folkmoot.engine.model;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.kernel.Activations;
import org.folkmoot.kernel.Matrix;
import org.folkmoot.kernel.WorkerPool;

/** Matrices with the same input, multiplied in one go: their outputs lie one after the other. */
final class MatrixGroup {
  private final List<Matrix> matrices;
  private final int rows;
  private final int tiles;

  MatrixGroup(Matrix... matrices) {
    this.matrices = List.of(matrices);
    this.rows = this.matrices.stream().mapToInt(Matrix::rows).sum();
    this.tiles = this.matrices.stream().mapToInt(Matrix::tiles).sum();
  }

  int rows() {
    return rows;
  }

  long bytes() {
    return matrices.stream().mapToLong(Matrix::bytes).sum();
  }

  Set<Activations.Form> forms(int tokens) {
    EnumSet<Activations.Form> forms = EnumSet.noneOf(Activations.Form.class);
    for (Matrix matrix : matrices) {
      forms.add(matrix.form(tokens));
    }
    return forms;
  }

  /** {@code out[token][row]}. */
  void multiply(WorkerPool pool, Activations x, float[] out) {
    int grain = Math.max(1, tiles / (pool.workers() * 4));
    pool.run(tiles, grain, (from, to, worker) -> multiplyTiles(pool, x, out, from, to, worker));
  }

  private void multiplyTiles(
      WorkerPool pool, Activations x, float[] out, int from, int to, int worker) {
    int firstTile = 0;
    int offset = 0;
    for (Matrix matrix : matrices) {
      int a = Math.max(from - firstTile, 0);
      int b = Math.min(to - firstTile, matrix.tiles());
      if (a < b) {
        matrix.multiply(x, a, b, out, rows, offset, pool.scratch(worker));
      }
      firstTile += matrix.tiles();
      offset += matrix.rows();
    }
  }
}
