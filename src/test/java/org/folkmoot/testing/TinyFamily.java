package org.folkmoot.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;

/**
 * Small models with random weights, one for each family and each of its switches, with the keys and
 * tensor names that llama.cpp writes. Windows are short and first contexts small, so that a few
 * dozen positions reach beyond them.
 */
public enum TinyFamily {
  /** Biases. */
  QWEN2("qwen2", 2),
  /** The same with its long-context setting. */
  QWEN2_YARN("qwen2", 2),
  /** Norms of queries and keys, heads longer than their share of the hidden state. */
  QWEN3("qwen3", 2),
  /** Scaled embeddings and GELU. */
  GEMMA("gemma", 2),
  /** Norms behind, bounded scores and logits, every second layer with a window. */
  GEMMA2("gemma2", 4),
  /** Five layers of six with a window and a rope of their own, the others stretched. */
  GEMMA3("gemma3", 7),
  /** Fused tensors, heads that are turned in part, a window in every layer. */
  PHI3("phi3", 2),
  /** A context beyond that of the first training: the long factors. */
  PHI3_LONG("phi3", 2),
  /** No longer context than the first: the short factors. */
  PHI3_SHORT("phi3", 2),
  /** A window in every layer. */
  MISTRAL("llama", 2),
  /** Two of eight experts, whose weights add up to one. */
  MIXTRAL("llama", 2),
  /** The same with a tensor for each expert, as files were at first. */
  MIXTRAL_OLD("llama", 2),
  /** Norms of queries and keys, experts of another length than the key for plain ones says. */
  QWEN3MOE("qwen3moe", 2),
  /** A shared expert, and weights that do not add up to one. */
  QWEN2MOE("qwen2moe", 2),
  /** Llama 3.1 and 3.2: factors that divide the low frequencies. */
  LLAMA3("llama", 2),
  /** Positions divided by a factor. */
  LLAMA_LINEAR("llama", 2),
  /** Llama under another name. */
  INTERNLM2("internlm2", 2),
  /** Likewise, with an embedding that is the head. */
  ERNIE45("ernie4_5", 2),
  /** Fused tensors with biases, heads that are turned in part, neighbours together. */
  CHATGLM("chatglm", 2),
  /** Gate and up fused, query, key and value not; norms behind. */
  GLM4("glm4", 2),
  /** Scaled embeddings, scores, residuals and logits. */
  GRANITE("granite", 2),
  /** Every fourth layer turns nothing. */
  SMOLLM3("smollm3", 4),
  /** Norms behind only, and of all queries and keys together. */
  OLMO2("olmo2", 2),
  /** The same with a window in three layers of four, which alone are not stretched. */
  OLMO3("olmo2", 4),
  /** Sinks, biases everywhere, clamped experts, every second layer with a window. */
  GPT_OSS("gpt-oss", 4);

  private static final Set<TinyFamily> LONG = EnumSet.of(MISTRAL, GEMMA2, GPT_OSS);

  private static final int DIM = 64;
  private static final int HEADS = 4;
  private static final int KV_HEADS = 2;
  private static final int FFN = 160;
  private static final int VOCABULARY = 512;
  private static final int CONTEXT = 256;
  private static final int USED_EXPERTS = 2;

  private final String architecture;
  private final int layers;

  TinyFamily(String architecture, int layers) {
    this.architecture = architecture;
    this.layers = layers;
  }

  /** Sets what it has. */
  private void shape(Writing w) {
    switch (this) {
      case QWEN2 -> w.biases = true;
      case QWEN2_YARN -> {
        w.biases = true;
        w.put("rope.scaling.type", "yarn");
        w.put("rope.scaling.factor", 4f);
        w.put("rope.scaling.original_context_length", 64);
      }
      case QWEN3 -> {
        w.qkNorm = true;
        w.headDim = 24;
        w.put("rope.freq_base", 1_000_000f);
      }
      case GEMMA -> w.headDim = 32;
      case GEMMA2 -> {
        w.headDim = 32;
        w.postNorms = true;
        w.put("attention.sliding_window", 20);
        w.put("attn_logit_softcapping", 3f);
        w.put("final_logit_softcapping", 2f);
      }
      case GEMMA3 -> {
        w.headDim = 24;
        w.postNorms = true;
        w.qkNorm = true;
        w.put("attention.sliding_window", 20);
        w.put("rope.freq_base", 1_000_000f);
        w.put("rope.scaling.type", "linear");
        w.put("rope.scaling.factor", 8f);
      }
      case PHI3 -> {
        w.fusedAttention = true;
        w.fusedGateUp = true;
        w.put("rope.dimension_count", 12);
        w.put("attention.sliding_window", 20);
      }
      case PHI3_LONG -> {
        w.fusedAttention = true;
        w.fusedGateUp = true;
        w.ropeFactors = true;
        w.put("rope.dimension_count", 12);
        w.put("rope.scaling.original_context_length", 64);
        w.put("rope.scaling.attn_factor", 1.19f);
      }
      case PHI3_SHORT -> {
        w.fusedAttention = true;
        w.fusedGateUp = true;
        w.ropeFactors = true;
        w.tied = true;
        w.put("rope.scaling.original_context_length", 256);
        w.put("rope.scaling.attn_factor", 1.19f);
      }
      case MISTRAL -> w.put("attention.sliding_window", 20);
      case MIXTRAL -> w.experts = 8;
      case MIXTRAL_OLD -> {
        w.experts = 8;
        w.stacked = false;
      }
      case QWEN3MOE -> {
        w.qkNorm = true;
        w.experts = 8;
        w.expertFfn = 64;
        w.put("expert_feed_forward_length", 64);
      }
      case QWEN2MOE -> {
        w.biases = true;
        w.experts = 8;
        w.expertFfn = 64;
        w.sharedFfn = 96;
        w.put("expert_feed_forward_length", 64);
        w.put("expert_shared_feed_forward_length", 96);
      }
      case LLAMA3 -> {
        w.llama3Factors = true;
        w.put("rope.freq_base", 500_000f);
      }
      case ERNIE45 -> w.tied = true;
      case INTERNLM2 -> w.put("rope.freq_base", 1_000_000f);
      case CHATGLM -> {
        w.fusedAttention = true;
        w.fusedGateUp = true;
        w.biases = true;
        w.put("rope.dimension_count", 8);
      }
      case GLM4 -> {
        w.fusedGateUp = true;
        w.biases = true;
        w.postNorms = true;
        w.headDim = 24;
        w.put("rope.dimension_count", 12);
      }
      case GRANITE -> {
        w.tied = true;
        w.put("embedding_scale", 6f);
        w.put("attention.scale", 0.2f);
        w.put("residual_scale", 0.3f);
        w.put("logit_scale", 1.7f);
      }
      case SMOLLM3 -> w.tied = true;
      case OLMO2 -> w.olmo();
      case OLMO3 -> {
        w.olmo();
        w.put("attention.sliding_window", 20);
        w.put("rope.scaling.type", "yarn");
        w.put("rope.scaling.factor", 4f);
        w.put("rope.scaling.original_context_length", 64);
      }
      case GPT_OSS -> {
        w.headDim = 32;
        w.biases = true;
        w.sinks = true;
        w.experts = 8;
        w.expertFfn = 96;
        w.put("expert_feed_forward_length", 96);
        w.put("attention.sliding_window", 20);
        w.put("rope.scaling.type", "yarn");
        w.put("rope.scaling.factor", 4f);
        w.put("rope.scaling.original_context_length", 64);
        // With this base the bounds are whole pairs: llama.cpp rounds them, their authors do not.
        w.put("rope.freq_base", 1681.2f);
      }
      case LLAMA_LINEAR -> {
        w.put("rope.scaling.type", "linear");
        w.put("rope.scaling.factor", 4f);
      }
    }
  }

  /** What its files call it. */
  public String architecture() {
    return architecture;
  }

  /** Writes the model into a folder. */
  public Path write(Path folder, TensorType type) {
    return write(folder, type, _ -> {});
  }

  /** The same with something added to the file, or said otherwise. */
  public Path write(Path folder, TensorType type, Consumer<GgufWriter> more) {
    return write(folder, type, layers, more);
  }

  /** The same with another number of layers. */
  public Path write(Path folder, TensorType type, int layers, Consumer<GgufWriter> more) {
    Path path =
        folder.resolve(
            "tiny-%s-%s.gguf".formatted(name().toLowerCase(java.util.Locale.ROOT), type));
    Writing writing = new Writing(architecture, type, LONG.contains(this));
    writing.metadata(layers);
    shape(writing);
    writing.tensors(layers);
    more.accept(writing.writer);
    try {
      writing.writer.write(path);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    return path;
  }

  /** A file in the making. */
  private static final class Writing {
    final GgufWriter writer = new GgufWriter();
    final TinyWeights weights = new TinyWeights(writer, 5);
    final String architecture;
    final TensorType type;
    int headDim = 16;
    boolean biases;
    boolean qkNorm;
    boolean postNorms;
    boolean fusedAttention;
    boolean fusedGateUp;
    boolean preNorms = true;
    boolean wholeNorms;
    boolean ropeFactors;
    boolean llama3Factors;
    boolean tied;
    int experts;
    int expertFfn = FFN;
    int sharedFfn;
    boolean stacked = true;

    /** As in gpt-oss, and with them biases everywhere. */
    boolean sinks;

    /** Long enough for windows to pass whole pages of a cache. */
    final boolean longContext;

    Writing(String architecture, TensorType type, boolean longContext) {
      this.longContext = longContext;
      this.architecture = architecture;
      this.type = type;
      tied = architecture.startsWith("gemma");
    }

    void olmo() {
      preNorms = false;
      qkNorm = true;
      wholeNorms = true;
      postNorms = true;
    }

    void put(String key, int value) {
      writer.put(architecture + "." + key, value);
    }

    void put(String key, float value) {
      writer.put(architecture + "." + key, value);
    }

    void put(String key, String value) {
      writer.put(architecture + "." + key, value);
    }

    void metadata(int layers) {
      writer.put("general.architecture", architecture).put("general.name", "tiny");
      put("vocab_size", VOCABULARY);
      put("context_length", longContext ? 4 * CONTEXT : CONTEXT);
      put("embedding_length", DIM);
      put("block_count", layers);
      put("feed_forward_length", FFN);
      put("attention.head_count", HEADS);
      put("attention.head_count_kv", KV_HEADS);
      put("attention.layer_norm_rms_epsilon", 1e-6f);
      TinyVocabulary.putInto(writer, VOCABULARY);
    }

    void tensors(int layers) {
      if (headDim != DIM / HEADS) {
        put("attention.key_length", headDim);
        put("attention.value_length", headDim);
      }
      if (experts > 0) {
        put("expert_count", experts);
        put("expert_used_count", USED_EXPERTS);
      }
      weights.matrix("token_embd.weight", type, DIM, VOCABULARY, tied ? 2 / Math.sqrt(DIM) : 1);
      if (ropeFactors) {
        weights.vector("rope_factors_long.weight", factors(5));
        weights.vector("rope_factors_short.weight", factors(1.2));
      }
      if (llama3Factors) {
        weights.vector("rope_freqs.weight", factors(8));
      }
      for (int layer = 0; layer < layers; layer++) {
        attention("blk." + layer + ".");
        feedForward("blk." + layer + ".");
      }
      weights.norm("output_norm.weight", DIM);
      if (!tied) {
        weights.matrix("output.weight", type, DIM, VOCABULARY, 2 / Math.sqrt(DIM));
      }
    }

    private float[] factors(double most) {
      float[] factors = new float[architecture.equals("phi3") && !tied ? 6 : 8];
      for (int i = 0; i < factors.length; i++) {
        factors[i] = (float) (1 + (most - 1) * i / (factors.length - 1));
      }
      return factors;
    }

    private void attention(String block) {
      int queries = HEADS * headDim;
      int keys = KV_HEADS * headDim;
      if (preNorms) {
        weights.norm(block + "attn_norm.weight", DIM);
      }
      BiConsumer<String, Integer> matrix =
          (name, rows) -> {
            weights.matrix(block + name + ".weight", type, DIM, rows);
            if (biases) {
              weights.bias(block + name + ".bias", rows);
            }
          };
      if (fusedAttention) {
        matrix.accept("attn_qkv", queries + 2 * keys);
      } else {
        matrix.accept("attn_q", queries);
        matrix.accept("attn_k", keys);
        matrix.accept("attn_v", keys);
      }
      weights.matrix(block + "attn_output.weight", type, queries, DIM);
      if (sinks) {
        weights.bias(block + "attn_output.bias", DIM);
        weights.normal(block + "attn_sinks.weight", HEADS, 1);
        weights.norm(block + "post_attention_norm.weight", DIM); // before the feed-forward
      }
      if (qkNorm) {
        weights.norm(block + "attn_q_norm.weight", wholeNorms ? queries : headDim);
        weights.norm(block + "attn_k_norm.weight", wholeNorms ? keys : headDim);
      }
      if (postNorms) {
        weights.norm(block + "post_attention_norm.weight", DIM);
      }
    }

    private void feedForward(String block) {
      if (preNorms && !sinks) {
        weights.norm(block + "ffn_norm.weight", DIM);
      }
      if (experts > 0) {
        experts(block);
      } else if (fusedGateUp) {
        weights.matrix(block + "ffn_up.weight", type, DIM, 2 * FFN);
        weights.matrix(block + "ffn_down.weight", type, FFN, DIM);
      } else {
        weights.matrix(block + "ffn_gate.weight", type, DIM, FFN);
        weights.matrix(block + "ffn_up.weight", type, DIM, FFN);
        weights.matrix(block + "ffn_down.weight", type, FFN, DIM);
      }
      if (postNorms) {
        weights.norm(block + "post_ffw_norm.weight", DIM);
      }
    }

    /**
     * In MXFP4 where the other matrices are quantised. Gates and inner states reach beyond the
     * bounds that they are clamped to.
     */
    private void biasedExperts(String block) {
      TensorType own = type.isQuantised() ? TensorType.MXFP4 : type;
      weights.bias(block + "ffn_gate_inp.bias", experts);
      weights.stack(block + "ffn_gate_exps.weight", own, DIM, expertFfn, experts, 4);
      weights.stack(block + "ffn_up_exps.weight", own, DIM, expertFfn, experts, 4);
      weights.stack(block + "ffn_down_exps.weight", own, expertFfn, DIM, experts, 0.2);
      weights.biases(block + "ffn_gate_exps.bias", expertFfn, experts);
      weights.biases(block + "ffn_up_exps.bias", expertFfn, experts);
      weights.biases(block + "ffn_down_exps.bias", DIM, experts);
    }

    private void experts(String block) {
      // A router's logits spread, so that which experts are chosen is seldom a near tie.
      weights.matrix(block + "ffn_gate_inp.weight", TensorType.F32, DIM, experts, 0.3);
      if (sinks) {
        biasedExperts(block);
      } else if (stacked) {
        weights.stack(block + "ffn_gate_exps.weight", type, DIM, expertFfn, experts);
        weights.stack(block + "ffn_up_exps.weight", type, DIM, expertFfn, experts);
        weights.stack(block + "ffn_down_exps.weight", type, expertFfn, DIM, experts);
      } else {
        for (int e = 0; e < experts; e++) {
          weights.matrix(block + "ffn_gate." + e + ".weight", type, DIM, expertFfn);
          weights.matrix(block + "ffn_up." + e + ".weight", type, DIM, expertFfn);
          weights.matrix(block + "ffn_down." + e + ".weight", type, expertFfn, DIM);
        }
      }
      if (sharedFfn > 0) {
        weights.matrix(block + "ffn_gate_inp_shexp.weight", TensorType.F32, DIM, 1);
        weights.matrix(block + "ffn_gate_shexp.weight", type, DIM, sharedFfn);
        weights.matrix(block + "ffn_up_shexp.weight", type, DIM, sharedFfn);
        weights.matrix(block + "ffn_down_shexp.weight", type, sharedFfn, DIM);
      }
    }
  }
}
