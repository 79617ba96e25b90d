package org.folkmoot.engine.model;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.folkmoot.kernel.Dequantiser;
import org.folkmoot.kernel.TensorType;
import org.jspecify.annotations.Nullable;

/** The weights of a span, ready for the kernels. */
record SpanWeights(
    @Nullable Embedding embedding, List<Layer> layers, @Nullable Head head, float[] ropeFactors) {
  /** The token embedding, left as it is in the file: a pass reads a few rows of it. */
  record Embedding(MemorySegment rows, TensorType type, int dim) {
    void lookUp(int id, float[] to, int at) {
      Dequantiser.row(rows, id * type.rowBytes(dim), type, dim, to, at);
    }
  }

  /** One layer. */
  record Layer(
      float[] attentionNorm,
      MatrixGroup queryKeyValue,
      float[] queryKeyValueBias,
      MatrixGroup attentionOutput,
      float[] feedForwardNorm,
      MatrixGroup gateUp,
      MatrixGroup down) {
    long bytes() {
      return queryKeyValue.bytes() + attentionOutput.bytes() + gateUp.bytes() + down.bytes();
    }
  }

  /** Final norm and projection to the vocabulary. */
  record Head(float[] norm, MatrixGroup projection) {}

  /** Bytes of all matrices: what a token's pass reads. */
  long matrixBytes() {
    return layers.stream().mapToLong(Layer::bytes).sum()
        + (head == null ? 0 : head.projection().bytes());
  }
}
