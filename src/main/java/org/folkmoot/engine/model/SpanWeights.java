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

  /**
   * One layer. What a family has not is empty.
   *
   * @param sinks a score for each query head
   * @param queryNorm of each query head
   * @param keyNorm of each key head
   * @param attentionPostNorm of what the attention gives, before it is added
   * @param feedForwardPostNorm the same of the feed-forward
   */
  record Layer(
      float[] attentionNorm,
      MatrixGroup queryKeyValue,
      float[] queryKeyValueBias,
      float[] queryNorm,
      float[] keyNorm,
      float[] sinks,
      MatrixGroup attentionOutput,
      float[] attentionOutputBias,
      float[] attentionPostNorm,
      float[] feedForwardNorm,
      FeedForward feedForward,
      float[] feedForwardPostNorm) {
    long bytes() {
      return queryKeyValue.bytes() + attentionOutput.bytes() + feedForward.readBytes();
    }
  }

  /** What follows the attention. */
  sealed interface FeedForward {
    /** Bytes of weights that a pass for one token reads. */
    long readBytes();
  }

  /**
   * One network for all tokens: gate and up side by side, then down.
   *
   * @param gateUpBias one after the other; empty for none
   * @param downBias empty for none
   */
  record Plain(MatrixGroup gateUp, float[] gateUpBias, MatrixGroup down, float[] downBias)
      implements FeedForward {
    @Override
    public long readBytes() {
      return gateUp.bytes() + down.bytes();
    }
  }

  /**
   * A mixture of experts.
   *
   * @param router a row for each expert, and one for the gate of the shared one
   * @param routerBias empty for none
   * @param used experts that a token is sent to
   * @param shared asked for every token, if there is one
   */
  record Mixture(
      MatrixGroup router, float[] routerBias, List<Plain> experts, int used, @Nullable Plain shared)
      implements FeedForward {
    /** Keeps its own list. */
    Mixture {
      experts = List.copyOf(experts);
    }

    @Override
    public long readBytes() {
      long each = experts.stream().mapToLong(Plain::readBytes).max().orElse(0);
      return router.bytes() + used * each + (shared == null ? 0 : shared.readBytes());
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
