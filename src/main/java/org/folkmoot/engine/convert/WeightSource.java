package org.folkmoot.engine.convert;

import java.util.List;
import org.folkmoot.kernel.TensorType;

/**
 * A tensor that is to be written into a model file.
 *
 * @param name by GGUF's naming
 * @param type how its source keeps it
 * @param shape lengths of its dimensions, the row length first
 * @param rows where its weights come from
 */
record WeightSource(String name, TensorType type, List<Long> shape, Rows rows) {
  /** Gives rows as floats. Safe for many threads. */
  @FunctionalInterface
  interface Rows {
    /** Fills {@code to} with whole rows, row {@code first} first. */
    void read(long first, int count, float[] to);
  }

  WeightSource {
    shape = List.copyOf(shape);
  }

  /** Length of a row. */
  long columns() {
    return shape.getFirst();
  }

  /** Number of rows. */
  long count() {
    return shape.stream().skip(1).reduce(1L, Math::multiplyExact);
  }
}
