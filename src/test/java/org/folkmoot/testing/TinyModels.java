package org.folkmoot.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;

/**
 * Makes small Llama-architecture models with random weights that behave: every matrix keeps the
 * scale of what it is given, norms are near one, and logits spread by a few nats, so that a greedy
 * choice is seldom a near tie and softmax neither uniform nor saturated.
 */
public final class TinyModels {
  private static final double NORM_EPSILON = 1e-5;

  private TinyModels() {}

  /**
   * Writes a model into a folder, under a name that tells its format and differs from that of other
   * models.
   */
  public static Path write(Path folder, TinyModel model) {
    String name =
        "tiny-%s-%08x.gguf".formatted(model.formats().weights(), model.toString().hashCode());
    Path path = folder.resolve(name);
    GgufWriter writer = new GgufWriter();
    metadata(writer, model);
    TinyVocabulary.putInto(writer, model.vocab());
    tensors(writer, model);
    try {
      writer.write(path);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return path;
  }

  private static void metadata(GgufWriter writer, TinyModel model) {
    TinyModel.Widths widths = model.widths();
    writer
        .put("general.architecture", "llama")
        .put("general.name", "tiny")
        .put("llama.vocab_size", model.vocab())
        .put("llama.context_length", model.context())
        .put("llama.embedding_length", widths.dim())
        .put("llama.block_count", model.layers())
        .put("llama.feed_forward_length", widths.ffn())
        .put("llama.attention.head_count", widths.heads())
        .put("llama.attention.head_count_kv", widths.kvHeads())
        .put("llama.attention.key_length", widths.headDim())
        .put("llama.attention.value_length", widths.headDim())
        .put("llama.attention.layer_norm_rms_epsilon", (float) NORM_EPSILON)
        .put("llama.rope.dimension_count", widths.headDim())
        .put("llama.rope.freq_base", model.rope().base());
    if (model.rope().scaling() == TinyModel.Scaling.LINEAR) {
      writer.put("llama.rope.scaling.type", "linear").put("llama.rope.scaling.factor", 2f);
    }
  }

  private static void tensors(GgufWriter writer, TinyModel model) {
    TinyWeights weights = new TinyWeights(writer, model.seed());
    TinyModel.Widths widths = model.widths();
    int dim = widths.dim();
    int queries = widths.heads() * widths.headDim();
    int keys = widths.kvHeads() * widths.headDim();
    TensorType type = model.formats().weights();
    // A tied embedding is a head, too: its rows must then be small for logits to be.
    double embedding = model.parts().tiedHead() ? 2 / Math.sqrt(dim) : 1;
    weights.matrix("token_embd.weight", model.formats().embedding(), dim, model.vocab(), embedding);
    if (model.rope().scaling() == TinyModel.Scaling.LLAMA3) {
      weights.vector("rope_freqs.weight", llama3Factors(model));
    }
    for (int layer = 0; layer < model.layers(); layer++) {
      String block = "blk." + layer + ".";
      weights.norm(block + "attn_norm.weight", dim);
      weights.matrix(block + "attn_q.weight", type, dim, queries);
      weights.matrix(block + "attn_k.weight", type, dim, keys);
      weights.matrix(block + "attn_v.weight", model.formats().values(), dim, keys);
      weights.matrix(block + "attn_output.weight", model.formats().output(), queries, dim);
      if (model.parts().qkvBias()) {
        weights.bias(block + "attn_q.bias", queries);
        weights.bias(block + "attn_k.bias", keys);
        weights.bias(block + "attn_v.bias", keys);
      }
      if (model.parts().qkNorm()) {
        weights.norm(block + "attn_q_norm.weight", widths.headDim());
        weights.norm(block + "attn_k_norm.weight", widths.headDim());
      }
      weights.norm(block + "ffn_norm.weight", dim);
      weights.matrix(block + "ffn_gate.weight", type, dim, widths.ffn());
      weights.matrix(block + "ffn_up.weight", type, dim, widths.ffn());
      weights.matrix(block + "ffn_down.weight", model.formats().values(), widths.ffn(), dim);
    }
    weights.norm("output_norm.weight", dim);
    if (!model.parts().tiedHead()) {
      weights.matrix(
          "output.weight", model.formats().head(), dim, model.vocab(), 2 / Math.sqrt(dim));
    }
  }

  /**
   * What RoPE's frequencies are divided by in Llama 3.1 (Meta's {@code apply_scaling}): by 8 where
   * a wave is longer than the context first trained on, not at all where four fit in, in between
   * smoothly. A quarter of this model's context stands for the one first trained on.
   */
  private static float[] llama3Factors(TinyModel model) {
    double trained = model.context() / 4.0;
    int headDim = model.widths().headDim();
    float[] factors = new float[headDim / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = StrictMath.pow(model.rope().base(), -2.0 * i / headDim);
      double waves = trained * frequency / (2 * Math.PI);
      double smooth = Math.clamp((waves - 1) / (4 - 1), 0, 1);
      factors[i] = (float) (1 / ((1 - smooth) / 8 + smooth));
    }
    return factors;
  }
}
