package org.folkmoot.engine.model;

import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;

/**
 * What distinguishes one decoder-only transformer from another, as data: {@link SpanModel#forward}
 * has one loop for all.
 *
 * @param architecture GGUF's {@code general.architecture}
 * @param layers number of layers
 * @param dim length of a hidden state
 * @param heads query heads
 * @param kvHeads key/value heads, a divisor of {@code heads}
 * @param headDim dimensions of a head
 * @param ffn length of the feed-forward's inner state
 * @param vocabulary number of token ids
 * @param contextLength most positions
 * @param normEpsilon of RMSNorm
 * @param rope how positions are told in the layers that see everything
 * @param window which layers do not
 * @param parts what a layer is made of
 * @param scales what some numbers are multiplied or bounded by
 * @param experts of the feed-forward, if it is a mixture
 * @param precision of the KV cache
 */
public record ModelConfig(
    String architecture,
    int layers,
    int dim,
    int heads,
    int kvHeads,
    int headDim,
    int ffn,
    int vocabulary,
    int contextLength,
    float normEpsilon,
    Rope rope,
    Window window,
    Parts parts,
    Scales scales,
    Experts experts,
    KvLayout.Precision precision) {
  /** What the feed-forward's gate goes through. */
  public enum Activation {
    /** Sigmoid-weighted (SwiGLU; Shazeer 2020, arXiv 2002.05202). */
    SILU,
    /** Gaussian error, by its approximation with a hyperbolic tangent (GeGLU). */
    GELU,
    /** Sigmoid-weighted, steeper, of numbers that are clamped, and one added to what it gates. */
    CLAMPED_SILU
  }

  /**
   * What a layer is made of.
   *
   * @param preNorms what attention and feed-forward read is normed
   * @param qkNorm how queries and keys are normed before they are turned
   * @param postNorms what attention and feed-forward give is normed before it is added
   * @param activation of the feed-forward's gate
   * @param fusedAttention query, key and value are one tensor of the file
   * @param fusedGateUp the feed-forward's gate and its inner state are one
   * @param unturned one layer of so many turns nothing, the last of them; 0 if all turn
   * @param sinks each head has a score beside those of positions, of no value
   * @param biased attention's output, the router and the experts have biases, too
   * @param feedForwardNorm the tensor that norms what the feed-forward reads
   */
  public record Parts(
      boolean preNorms,
      QkNorm qkNorm,
      boolean postNorms,
      Activation activation,
      boolean fusedAttention,
      boolean fusedGateUp,
      int unturned,
      boolean sinks,
      boolean biased,
      String feedForwardNorm) {
    /** Whether a layer of the model turns queries and keys by their position. */
    public boolean turns(int layer) {
      return unturned == 0 || (layer + 1) % unturned != 0;
    }
  }

  /** How queries and keys are normed. */
  public enum QkNorm {
    /** Not at all. */
    NONE,
    /** Each head by itself. */
    HEADS,
    /** All heads together. */
    WHOLE
  }

  /**
   * What some numbers are multiplied or bounded by.
   *
   * @param embedding what an embedding is multiplied by; 1 leaves it
   * @param attention what attention scores are multiplied by
   * @param attentionCap bound that scores approach, by a hyperbolic tangent; 0 for none
   * @param logitCap the same of logits
   * @param residual what attention and feed-forward give is multiplied by before it is added
   * @param logits what logits are multiplied by
   */
  public record Scales(
      float embedding,
      float attention,
      float attentionCap,
      float logitCap,
      float residual,
      float logits) {}

  /**
   * Reads the configuration of a file.
   *
   * @throws FolkmootException UNSUPPORTED for an architecture or option that is not handled,
   *     BAD_FILE if values are missing or contradict each other
   */
  public static ModelConfig of(GgufFile file) {
    return ConfigReader.read(file);
  }

  /** Query heads that share a KV head. */
  public int group() {
    return heads / kvHeads;
  }

  /** How positions are told in a layer. */
  public Rope rope(int layer) {
    return window.covers(layer) ? window.rope() : rope;
  }

  /** The cache layout of some layers. */
  public KvLayout kvLayout(int layerCount) {
    return new KvLayout(layerCount, kvHeads, headDim, precision);
  }

  /** The same model with another cache precision. */
  public ModelConfig withPrecision(KvLayout.Precision other) {
    return new ModelConfig(
        architecture,
        layers,
        dim,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocabulary,
        contextLength,
        normEpsilon,
        rope,
        window,
        parts,
        scales,
        experts,
        other);
  }
}
