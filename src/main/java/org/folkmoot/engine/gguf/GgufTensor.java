package org.folkmoot.engine.gguf;

import java.util.List;
import org.folkmoot.kernel.TensorType;

/**
 * Where a tensor lies in its file and what shape it has.
 *
 * @param name its name, for example {@code blk.0.attn_q.weight}
 * @param type its number format
 * @param shape lengths of its dimensions, the fastest-varying (the row length) first, one to four
 * @param offset its first byte, from the start of the file; of a split model as if one part lay
 *     behind the other
 * @param bytes its length
 */
public record GgufTensor(String name, TensorType type, List<Long> shape, long offset, long bytes) {
  /** Keeps its own copy of the shape. */
  public GgufTensor {
    shape = List.copyOf(shape);
  }

  /** Length of a row: the first dimension. */
  public long columns() {
    return shape.getFirst();
  }

  /** Number of rows: the product of the other dimensions. */
  public long rows() {
    return shape.stream().skip(1).reduce(1L, Math::multiplyExact);
  }

  /** Number of weights. */
  public long elements() {
    return Math.multiplyExact(columns(), rows());
  }
}
