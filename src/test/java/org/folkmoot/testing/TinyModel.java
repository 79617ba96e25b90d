package org.folkmoot.testing;

import org.folkmoot.kernel.TensorType;

/**
 * What a made model is to be like. The same values give the same file; models that differ only in
 * their number formats are roundings of the same weights.
 *
 * @param layers number of transformer blocks
 * @param widths of its vectors
 * @param vocab token ids, at least {@link TinyVocabulary#LEAST}
 * @param context positions
 * @param formats of its matrices
 * @param rope how positions are told
 * @param parts which tensors it has
 * @param seed of the weights
 */
public record TinyModel(
    int layers,
    Widths widths,
    int vocab,
    int context,
    Formats formats,
    Rope rope,
    Parts parts,
    long seed) {

  /**
   * Lengths of vectors.
   *
   * @param dim of the residual stream, whole blocks of 32
   * @param heads query heads
   * @param kvHeads key and value heads, a divisor of {@code heads}
   * @param headDim of a head, even; {@code heads * headDim} is whole blocks of 32
   * @param ffn of the feed-forward layer, whole blocks of 32
   */
  public record Widths(int dim, int heads, int kvHeads, int headDim, int ffn) {
    /** Checks what GGUF and attention demand. */
    public Widths {
      if (dim % 32 != 0 || ffn % 32 != 0 || heads * headDim % 32 != 0) {
        throw new IllegalArgumentException("rows must be whole blocks of 32");
      }
      if (heads % kvHeads != 0 || headDim % 2 != 0) {
        throw new IllegalArgumentException("heads cannot be grouped or rotated");
      }
    }
  }

  /**
   * Number formats.
   *
   * @param weights of the blocks' matrices, but for those that follow
   * @param values of the values' projection and of the feed-forward's last matrix
   * @param output of attention's output
   * @param embedding of the embedding
   * @param head of the head, where it is not the embedding
   */
  public record Formats(
      TensorType weights,
      TensorType values,
      TensorType output,
      TensorType embedding,
      TensorType head) {
    /** All of the blocks' matrices alike. */
    public Formats(TensorType weights, TensorType embedding, TensorType head) {
      this(weights, weights, weights, embedding, head);
    }
  }

  /**
   * Rotary positions.
   *
   * @param base of the frequencies
   * @param scaling of the frequencies
   */
  public record Rope(float base, Scaling scaling) {}

  /** Ways to scale RoPE's frequencies. */
  public enum Scaling {
    /** Not at all. */
    NONE,
    /** All by a half. */
    LINEAR,
    /** The low ones, by a tensor of factors, as Llama 3.1 does. */
    LLAMA3
  }

  /**
   * Which tensors there are.
   *
   * @param tiedHead the embedding serves as the head, too
   * @param qkvBias queries, keys and values have a bias, as in Qwen2
   * @param qkNorm queries and keys are normed per head, as in Qwen3
   */
  public record Parts(boolean tiedHead, boolean qkvBias, boolean qkNorm) {}

  /** Checks the vocabulary's size. */
  public TinyModel {
    if (vocab < TinyVocabulary.LEAST) {
      throw new IllegalArgumentException("a vocabulary of only " + vocab);
    }
  }

  /**
   * Two layers in this format throughout, tied head, grouped heads, some 110,000 weights; 800,000
   * where a block takes 256.
   */
  public static TinyModel of(TensorType type) {
    boolean wide = type.hasSubBlocks();
    return new TinyModel(
        2,
        wide ? new Widths(256, 8, 2, 32, 256) : new Widths(64, 4, 2, 16, 160),
        512,
        256,
        new Formats(type, type, type),
        new Rope(10_000, Scaling.NONE),
        new Parts(true, false, false),
        1);
  }

  /** With another number of layers. */
  public TinyModel withLayers(int other) {
    return new TinyModel(other, widths, vocab, context, formats, rope, parts, seed);
  }

  /** With other widths. */
  public TinyModel withWidths(Widths other) {
    return new TinyModel(layers, other, vocab, context, formats, rope, parts, seed);
  }

  /** With a vocabulary of another size. */
  public TinyModel withVocab(int other) {
    return new TinyModel(layers, widths, other, context, formats, rope, parts, seed);
  }

  /** With another number of positions. */
  public TinyModel withContext(int other) {
    return new TinyModel(layers, widths, vocab, other, formats, rope, parts, seed);
  }

  /** With other formats. */
  public TinyModel withFormats(Formats other) {
    return new TinyModel(layers, widths, vocab, context, other, rope, parts, seed);
  }

  /** With other positions. */
  public TinyModel withRope(Rope other) {
    return new TinyModel(layers, widths, vocab, context, formats, other, parts, seed);
  }

  /** With other tensors. */
  public TinyModel withParts(Parts other) {
    return new TinyModel(layers, widths, vocab, context, formats, rope, other, seed);
  }

  /** With other weights. */
  public TinyModel withSeed(long other) {
    return new TinyModel(layers, widths, vocab, context, formats, rope, parts, other);
  }
}
