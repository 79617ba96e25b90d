package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.convert.SafetensorsFile.Tensor;
import org.folkmoot.kernel.Dequantiser;
import org.folkmoot.kernel.TensorType;

/**
 * The tensors of a Hugging Face model under the names and in the order of rows that GGUF files have
 * for them. Each is demanded in the shape that the configuration gives it, and none is left over.
 */
final class HfWeights {
  private static final Pattern LAYER = Pattern.compile("model\\.layers\\.([0-9]{1,6})\\.(.+)");

  /** What the reference implementation keeps with the weights and computes anew. */
  private static final Pattern COMPUTED =
      Pattern.compile(".*(rotary_emb\\.inv_freq|\\.masked_bias|\\.attn\\.bias)");

  /** The parts for pictures of models that see. */
  private static final Pattern PICTURES =
      Pattern.compile("(model\\.)?(vision_tower|multi_modal_projector|vision_model)\\..*");

  private final HfConfig config;
  private final Map<String, Tensor> given = new LinkedHashMap<>();
  private final Set<String> used = new LinkedHashSet<>();
  private final List<WeightSource> sources = new ArrayList<>();

  private HfWeights(HfConfig config, Map<String, Tensor> tensors) {
    this.config = config;
    tensors.forEach((name, tensor) -> {
      if (!COMPUTED.matcher(name).matches() && !PICTURES.matcher(name).matches()) {
        given.put(plain(name), tensor);
      }
    });
  }

  /** Models that see have their text part one level deeper. */
  private static String plain(String name) {
    return name.replaceFirst("^model\\.language_model\\.", "model.")
        .replaceFirst("^language_model\\.(model|lm_head)\\.", "$1.");
  }

  /**
   * All tensors, in the order in which a model needs them.
   *
   * @throws FolkmootException BAD_FILE if one is missing or has another shape than the
   *     configuration says, UNSUPPORTED if there is one that is not known
   */
  static List<WeightSource> of(HfConfig config, Map<String, Tensor> tensors) {
    HfWeights weights = new HfWeights(config, tensors);
    weights.collect();
    weights.requireAllUsed();
    return Collections.unmodifiableList(weights.sources);
  }

  private void collect() {
    long dim = config.dim();
    add("token_embd.weight", "model.embed_tokens.weight", List.of(dim, (long) config.vocabulary()));
    for (HfRope.Factors factors : config.rope().factorTensors()) {
      sources.add(
          new WeightSource(
              factors.name(),
              TensorType.F32,
              List.of((long) factors.values().length),
              (_, _, to) -> System.arraycopy(factors.values(), 0, to, 0, to.length)));
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      layer("blk." + layer + ".", "model.layers." + layer + ".");
    }
    norm("output_norm.weight", "model.norm.weight", dim);
    if (!config.tied()) {
      add("output.weight", "lm_head.weight", List.of(dim, (long) config.vocabulary()));
    } else {
      used.add("lm_head.weight"); // some files have it twice
    }
  }

  private void layer(String to, String from) {
    HfFamily family = config.family();
    long dim = config.dim();
    long q = (long) config.heads() * config.headDim();
    long kv = (long) config.kvHeads() * config.headDim();
    if (family != HfFamily.OLMO2) {
      norm(to + "attn_norm.weight", from + "input_layernorm.weight", dim);
    }
    String attention = from + "self_attn.";
    if (family == HfFamily.PHI3) {
      add(to + "attn_qkv.weight", attention + "qkv_proj.weight", List.of(dim, q + 2 * kv));
    } else {
      turned(to + "attn_q", attention + "q_proj", dim, q, config.heads());
      turned(to + "attn_k", attention + "k_proj", dim, kv, config.kvHeads());
      withBias(to + "attn_v", attention + "v_proj", dim, kv);
    }
    add(to + "attn_output.weight", attention + "o_proj.weight", List.of(q, dim));
    boolean qkNorm =
        family == HfFamily.QWEN3 || family == HfFamily.QWEN3_MOE || family == HfFamily.GEMMA3;
    if (family == HfFamily.OLMO2) {
      norm(to + "attn_q_norm.weight", attention + "q_norm.weight", q);
      norm(to + "attn_k_norm.weight", attention + "k_norm.weight", kv);
    }
    if (qkNorm) {
      norm(to + "attn_q_norm.weight", attention + "q_norm.weight", config.headDim());
      norm(to + "attn_k_norm.weight", attention + "k_norm.weight", config.headDim());
    }
    feedForwardNorms(to, from);
    feedForward(to, from);
  }

  /** The norm before the feed-forward, and those behind attention and feed-forward. */
  private void feedForwardNorms(String to, String from) {
    String behindAttention = from + "post_attention_layernorm.weight";
    switch (config.family()) {
      case GEMMA2, GEMMA3 -> {
        norms(to, behindAttention, from + "post_feedforward_layernorm.weight");
        norm(to + "ffn_norm.weight", from + "pre_feedforward_layernorm.weight", config.dim());
      }
      case OLMO2 -> norms(to, behindAttention, from + "post_feedforward_layernorm.weight");
      case GLM4 -> {
        norms(to, from + "post_self_attn_layernorm.weight", from + "post_mlp_layernorm.weight");
        norm(to + "ffn_norm.weight", behindAttention, config.dim());
      }
      case LLAMA, MISTRAL, MIXTRAL, QWEN2, QWEN2_MOE, QWEN3, QWEN3_MOE, GEMMA, PHI3 ->
          norm(to + "ffn_norm.weight", behindAttention, config.dim());
      case GRANITE, SMOLLM3 -> norm(to + "ffn_norm.weight", behindAttention, config.dim());
    }
  }

  private void norms(String to, String behindAttention, String behindFeedForward) {
    norm(to + "post_attention_norm.weight", behindAttention, config.dim());
    norm(to + "post_ffw_norm.weight", behindFeedForward, config.dim());
  }

  private void feedForward(String to, String from) {
    long dim = config.dim();
    long ffn = config.ffn();
    switch (config.family()) {
      case MIXTRAL ->
          experts(to, from + "block_sparse_moe.", List.of("w1", "w3", "w2"), config.expertFfn());
      case QWEN3_MOE, QWEN2_MOE -> {
        experts(
            to, from + "mlp.", List.of("gate_proj", "up_proj", "down_proj"), config.expertFfn());
        if (config.sharedFfn() > 0) {
          shared(to, from + "mlp.", config.sharedFfn());
        }
      }
      case PHI3, GLM4 -> {
        add(to + "ffn_up.weight", from + "mlp.gate_up_proj.weight", List.of(dim, 2 * ffn));
        add(to + "ffn_down.weight", from + "mlp.down_proj.weight", List.of(ffn, dim));
      }
      case LLAMA, MISTRAL, QWEN2, QWEN3, GEMMA, GEMMA2, GEMMA3, GRANITE, SMOLLM3, OLMO2 -> {
        add(to + "ffn_gate.weight", from + "mlp.gate_proj.weight", List.of(dim, ffn));
        add(to + "ffn_up.weight", from + "mlp.up_proj.weight", List.of(dim, ffn));
        add(to + "ffn_down.weight", from + "mlp.down_proj.weight", List.of(ffn, dim));
      }
    }
  }

  /** The expert that is always asked, and the gate that weighs it. */
  private void shared(String to, String from, long ffn) {
    long dim = config.dim();
    add(to + "ffn_gate_inp_shexp.weight", from + "shared_expert_gate.weight", List.of(dim, 1L));
    add(to + "ffn_gate_shexp.weight", from + "shared_expert.gate_proj.weight", List.of(dim, ffn));
    add(to + "ffn_up_shexp.weight", from + "shared_expert.up_proj.weight", List.of(dim, ffn));
    add(to + "ffn_down_shexp.weight", from + "shared_expert.down_proj.weight", List.of(ffn, dim));
  }

  /** Experts lie one behind the other in one tensor. */
  private void experts(String to, String from, List<String> gateUpDown, long ffn) {
    long dim = config.dim();
    long count = config.experts();
    add(to + "ffn_gate_inp.weight", from + "gate.weight", List.of(dim, count));
    List<String> names = List.of("ffn_gate_exps", "ffn_up_exps", "ffn_down_exps");
    for (int part = 0; part < 3; part++) {
      long columns = part == 2 ? ffn : dim;
      long rows = part == 2 ? dim : ffn;
      List<WeightSource.Rows> each = new ArrayList<>();
      TensorType type = TensorType.F32;
      for (int e = 0; e < count; e++) {
        String name = from + "experts." + e + "." + gateUpDown.get(part) + ".weight";
        Tensor tensor = take(name, List.of(columns, rows));
        type = tensor.type();
        each.add(rows(tensor, columns));
      }
      sources.add(
          new WeightSource(
              to + names.get(part) + ".weight",
              type,
              List.of(columns, rows, count),
              (first, n, floats) -> {
                float[] one = new float[Math.toIntExact(columns)];
                for (int row = 0; row < n; row++) {
                  long at = first + row;
                  each.get((int) (at / rows)).read(at % rows, 1, one);
                  System.arraycopy(one, 0, floats, row * one.length, one.length);
                }
              }));
    }
  }

  private void add(String to, String from, List<Long> shape) {
    Tensor tensor = take(from, shape);
    sources.add(new WeightSource(to, tensor.type(), shape, rows(tensor, shape.getFirst())));
  }

  private void withBias(String to, String from, long columns, long rows) {
    add(to + ".weight", from + ".weight", List.of(columns, rows));
    if (given.containsKey(from + ".bias")) {
      add(to + ".bias", from + ".bias", List.of(rows));
    }
  }

  /** Query or key: within each head, the rows of its two halves alternate. */
  private void turned(String to, String from, long columns, long rows, long heads) {
    if (!config.family().permutes()) {
      withBias(to, from, columns, rows);
      return;
    }
    long headDim = rows / heads;
    Tensor tensor = take(from + ".weight", List.of(columns, rows));
    WeightSource.Rows weight = rows(tensor, columns);
    sources.add(
        new WeightSource(
            to + ".weight",
            tensor.type(),
            List.of(columns, rows),
            (first, count, floats) -> {
              float[] one = new float[Math.toIntExact(columns)];
              for (int row = 0; row < count; row++) {
                weight.read(sourceRow(first + row, headDim), 1, one);
                System.arraycopy(one, 0, floats, row * one.length, one.length);
              }
            }));
    if (given.containsKey(from + ".bias")) {
      WeightSource.Rows bias = rows(take(from + ".bias", List.of(rows)), rows);
      sources.add(
          new WeightSource(
              to + ".bias",
              TensorType.F32,
              List.of(rows),
              (_, _, floats) -> {
                float[] all = new float[Math.toIntExact(rows)];
                bias.read(0, 1, all);
                for (int i = 0; i < all.length; i++) {
                  floats[i] = all[(int) sourceRow(i, headDim)];
                }
              }));
    }
  }

  private static long sourceRow(long row, long headDim) {
    long inHead = row % headDim;
    return row - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
  }

  private void norm(String to, String from, long length) {
    Tensor tensor = take(from, List.of(length));
    WeightSource.Rows rows = rows(tensor, length);
    float added = config.family().normsLessOne() ? 1 : 0;
    sources.add(
        new WeightSource(
            to,
            TensorType.F32,
            List.of(length),
            (first, count, floats) -> {
              rows.read(first, count, floats);
              for (int i = 0; i < floats.length; i++) {
                floats[i] = floats[i] + added;
              }
            }));
  }

  /** Takes a tensor; its shape has the row length last, as PyTorch writes it. */
  private Tensor take(String name, List<Long> shape) {
    Tensor tensor = given.get(name);
    if (tensor == null) {
      throw new FolkmootException(
          BAD_FILE,
          "the tensor '%s' is missing: the folder is not complete, or config.json belongs to another model"
              .formatted(name));
    }
    used.add(name);
    if (!tensor.shape().equals(shape.reversed())) {
      throw new FolkmootException(
          BAD_FILE,
          "the tensor '%s' has the shape %s, but by config.json it must be %s: they belong to different models"
              .formatted(name, tensor.shape(), shape.reversed()));
    }
    return tensor;
  }

  private static WeightSource.Rows rows(Tensor tensor, long columns) {
    MemorySegment data = tensor.data();
    long rowBytes = tensor.type().rowBytes(columns);
    int length = Math.toIntExact(columns);
    return (first, count, to) -> {
      for (int row = 0; row < count; row++) {
        Dequantiser.row(data, (first + row) * rowBytes, tensor.type(), length, to, row * length);
      }
    };
  }

  private void requireAllUsed() {
    for (String name : given.keySet()) {
      if (used.contains(name)) {
        continue;
      }
      Matcher layer = LAYER.matcher(name);
      if (layer.matches() && Integer.parseInt(layer.group(1)) >= config.layers()) {
        throw new FolkmootException(
            BAD_FILE,
            "there is a tensor '%s', but config.json says %d layers: they belong to different models"
                .formatted(Json.shown(name), config.layers()));
      }
      throw new FolkmootException(
          UNSUPPORTED,
          "there is a tensor '%s', which %s models have no use for here: this variant is not supported"
              .formatted(Json.shown(name), config.family().architecture()));
    }
  }

  /** The format that most weights have. */
  static TensorType mostCommon(List<WeightSource> sources) {
    Map<TensorType, Long> weights = new HashMap<>();
    for (WeightSource source : sources) {
      weights.merge(source.type(), source.columns() * source.count(), Long::sum);
    }
    return weights.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey)
        .orElse(TensorType.F32);
  }
}
