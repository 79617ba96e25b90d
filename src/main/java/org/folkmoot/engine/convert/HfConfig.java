package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufWriter;

/**
 * A model's {@code config.json}, and the keys that GGUF files have for it, with the names and the
 * meaning that llama.cpp gives them.
 */
final class HfConfig {
  private static final int MAX = 1 << 24;

  private final JsonNode root;
  private final JsonNode text;
  private final HfFamily family;

  private HfConfig(JsonNode root, JsonNode text, HfFamily family) {
    this.root = root;
    this.text = text;
    this.family = family;
  }

  /**
   * Reads a configuration.
   *
   * @throws FolkmootException UNSUPPORTED for a family or option that is not handled
   */
  static HfConfig of(JsonNode root) {
    String type = root.path("model_type").asText();
    JsonNode text = root.path("text_config").isObject() ? root.path("text_config") : root;
    HfConfig config = new HfConfig(root, text, HfFamily.of(type));
    config.requireKnown();
    return config;
  }

  HfFamily family() {
    return family;
  }

  int layers() {
    return required("num_hidden_layers", 1, 1024);
  }

  int dim() {
    return required("hidden_size", 1, 1 << 17);
  }

  int heads() {
    return required("num_attention_heads", 1, 1 << 12);
  }

  int kvHeads() {
    return optional("num_key_value_heads", 1, 1 << 12, heads());
  }

  int headDim() {
    return optional("head_dim", 1, 1 << 12, Math.max(1, dim() / heads()));
  }

  int ffn() {
    return required("intermediate_size", 1, 1 << 20);
  }

  /** Length of the experts' feed-forwards. */
  int expertFfn() {
    return optional("moe_intermediate_size", 1, 1 << 20, family == HfFamily.MIXTRAL ? ffn() : 0);
  }

  int experts() {
    return family == HfFamily.MIXTRAL
        ? required("num_local_experts", 1, 4096)
        : family == HfFamily.QWEN3_MOE ? required("num_experts", 1, 4096) : 0;
  }

  int vocabulary() {
    return required("vocab_size", 1, 1 << 22);
  }

  int context() {
    return required("max_position_embeddings", 1, MAX);
  }

  boolean tied() {
    // Hugging Face's own default differs from family to family.
    JsonNode tied = text.has("tie_word_embeddings") ? text : root;
    return tied.path("tie_word_embeddings").asBoolean(family.tiesByDefault());
  }

  private int ropeDims() {
    double share = text.path("partial_rotary_factor").asDouble(1);
    return (int) (share * headDim());
  }

  private void requireKnown() {
    if (heads() % kvHeads() != 0) {
      throw bad("%d query heads cannot share %d key/value heads".formatted(heads(), kvHeads()));
    }
    String act = text.path("hidden_act").asText(text.path("hidden_activation").asText());
    if (text.has("hidden_activation") && !text.path("hidden_activation").isNull()) {
      act = text.path("hidden_activation").asText();
    }
    if (!act.isEmpty() && !family.activations().contains(act)) {
      throw unsupported("the activation '" + Json.shown(act) + "'");
    }
    if (text.path("mlp_bias").asBoolean(false)) {
      throw unsupported("feed-forwards with biases");
    }
    if (family == HfFamily.QWEN2 && text.path("use_sliding_window").asBoolean(false)) {
      throw unsupported("a sliding window in some layers (use_sliding_window)");
    }
    boolean plainLayers =
        text.path("decoder_sparse_step").asInt(1) != 1 || !text.path("mlp_only_layers").isEmpty();
    if (family == HfFamily.QWEN3_MOE && plainLayers) {
      throw unsupported("layers without experts among others");
    }
    if (root.has("quantization_config")) {
      throw unsupported("weights that are quantised already (quantization_config)");
    }
  }

  /** Puts what describes the model into a file. */
  void putInto(GgufWriter writer, String name) {
    String a = family.architecture();
    writer
        .put("general.architecture", a)
        .put("general.type", "model")
        .put("general.name", name)
        .put(a + ".block_count", layers())
        .put(a + ".context_length", context())
        .put(a + ".embedding_length", dim())
        .put(a + ".feed_forward_length", ffn())
        .put(a + ".attention.head_count", heads())
        .put(a + ".attention.head_count_kv", kvHeads())
        .put(
            a + ".attention.layer_norm_rms_epsilon",
            (float) number("rms_norm_eps", family == HfFamily.LLAMA ? 1e-6 : 1e-5))
        .put(a + ".attention.key_length", headDim())
        .put(a + ".attention.value_length", headDim())
        .put(a + ".rope.dimension_count", ropeDims())
        .put(a + ".rope.freq_base", (float) ropeTheta())
        .put(a + ".vocab_size", vocabulary());
    if (experts() > 0) {
      writer
          .put(a + ".expert_count", experts())
          .put(a + ".expert_used_count", required("num_experts_per_tok", 1, experts()))
          .put(a + ".expert_feed_forward_length", expertFfn());
      if (family == HfFamily.QWEN3_MOE) {
        writer.put(a + ".expert_weights_norm", text.path("norm_topk_prob").asBoolean(false));
      }
    }
    putWindow(writer, a);
    putScales(writer, a);
    putRopeScaling(writer, a);
  }

  private void putWindow(GgufWriter writer, String a) {
    int window = text.path("sliding_window").asInt(0);
    if (window > 0 && family.hasWindow()) {
      writer.put(a + ".attention.sliding_window", window);
      int pattern = text.path("sliding_window_pattern").asInt(0);
      if (pattern > 0) {
        writer.put(a + ".attention.sliding_window_pattern", pattern);
      }
    }
  }

  private void putScales(GgufWriter writer, String a) {
    putIfSet(writer, a + ".attn_logit_softcapping", "attn_logit_softcapping");
    putIfSet(writer, a + ".final_logit_softcapping", "final_logit_softcapping");
    double scored = text.path("query_pre_attn_scalar").asDouble(headDim());
    if (scored != headDim()) {
      writer.put(a + ".attention.scale", (float) (1 / Math.sqrt(scored)));
    }
  }

  private void putIfSet(GgufWriter writer, String key, String of) {
    double value = text.path(of).asDouble(0);
    if (value > 0) {
      writer.put(key, (float) value);
    }
  }

  private double ropeTheta() {
    JsonNode newer = text.path("rope_parameters").path("rope_theta");
    return newer.isNumber() ? newer.asDouble() : number("rope_theta", 10_000);
  }

  private JsonNode ropeScaling() {
    JsonNode scaling = text.path("rope_scaling");
    if (scaling.isObject()) {
      return scaling;
    }
    JsonNode newer = text.path("rope_parameters");
    return newer.isObject() ? newer : MissingNode.getInstance();
  }

  private String ropeType() {
    JsonNode scaling = ropeScaling();
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    return type.isEmpty() ? "default" : type;
  }

  private int originalContext() {
    int own = text.path("original_max_position_embeddings").asInt(context());
    return ropeScaling().path("original_max_position_embeddings").asInt(own);
  }

  private void putRopeScaling(GgufWriter writer, String a) {
    JsonNode scaling = ropeScaling();
    String prefix = a + ".rope.scaling.";
    switch (ropeType()) {
      case "default", "llama3" -> {}
      case "linear" ->
          writer.put(prefix + "type", "linear").put(prefix + "factor", factor(scaling));
      case "yarn" ->
          writer
              .put(prefix + "type", "yarn")
              .put(prefix + "factor", factor(scaling))
              .put(prefix + "original_context_length", originalContext());
      case "longrope", "su" -> {
        double stretch = (double) context() / originalContext();
        double magnitude =
            stretch > 1
                ? Math.sqrt(1 + StrictMath.log(stretch) / StrictMath.log(originalContext()))
                : 1;
        writer
            .put(prefix + "original_context_length", originalContext())
            .put(prefix + "attn_factor", (float) magnitude);
      }
      default ->
          throw unsupported(
              "RoPE scaling of the type '%s' (supported are linear, llama3, yarn and longrope)"
                  .formatted(Json.shown(ropeType())));
    }
    if (family == HfFamily.GEMMA3) {
      writer.put(a + ".rope.freq_base_swa", (float) number("rope_local_base_freq", 10_000));
    }
  }

  private static float factor(JsonNode scaling) {
    double factor = scaling.path("factor").asDouble(0);
    if (!(factor >= 1 && factor <= 1e6)) {
      throw bad("rope_scaling has the factor " + factor);
    }
    return (float) factor;
  }

  /** A tensor of factors that RoPE's frequencies are divided by. */
  record Factors(String name, float[] values) {}

  /** The tensors of factors that the configuration stands for. */
  List<Factors> ropeFactors() {
    JsonNode scaling = ropeScaling();
    return switch (ropeType()) {
      case "llama3" -> List.of(new Factors("rope_freqs.weight", llama3(scaling)));
      case "longrope", "su" ->
          List.of(
              new Factors("rope_factors_long.weight", factors(scaling, "long_factor")),
              new Factors("rope_factors_short.weight", factors(scaling, "short_factor")));
      default -> List.of();
    };
  }

  private float[] factors(JsonNode scaling, String key) {
    JsonNode list = scaling.path(key);
    if (list.size() != ropeDims() / 2) {
      throw bad("rope_scaling." + key + " has " + list.size() + " numbers");
    }
    float[] factors = new float[list.size()];
    for (int i = 0; i < factors.length; i++) {
      factors[i] = (float) list.get(i).asDouble();
    }
    return factors;
  }

  /**
   * Llama 3.1's rule: waves that are shorter than the first training's context by {@code
   * high_freq_factor} stay, longer ones than by {@code low_freq_factor} are divided by {@code
   * factor}, between them in proportion.
   */
  private float[] llama3(JsonNode scaling) {
    double factor = factor(scaling);
    double low = scaling.path("low_freq_factor").asDouble(1);
    double high = scaling.path("high_freq_factor").asDouble(4);
    double original = scaling.path("original_max_position_embeddings").asDouble(8192);
    if (!(low > 0 && high > low && original >= 1)) {
      throw bad("rope_scaling has impossible factors");
    }
    float[] factors = new float[ropeDims() / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = 1 / StrictMath.pow(ropeTheta(), 2.0 * i / ropeDims());
      double wave = 2 * Math.PI / frequency;
      double smooth = (original / wave - low) / (high - low);
      factors[i] =
          (float)
              (wave < original / high
                  ? 1
                  : wave > original / low ? factor : 1 / ((1 - smooth) / factor + smooth));
    }
    return factors;
  }

  private int required(String key, int least, int most) {
    int value = optional(key, least, most, -1);
    if (value < 0) {
      throw bad("'" + key + "' is missing");
    }
    return value;
  }

  private int optional(String key, int least, int most, int otherwise) {
    JsonNode value = text.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.isIntegralNumber() || value.asLong() < least || value.asLong() > most) {
      throw bad("'%s' is %s".formatted(key, Json.shown(value.toString())));
    }
    return value.asInt();
  }

  private double number(String key, double otherwise) {
    double value = text.path(key).asDouble(otherwise);
    if (!(value > 0 && value < 1e12)) {
      throw bad("'" + key + "' is " + value);
    }
    return value;
  }

  private FolkmootException unsupported(String what) {
    return new FolkmootException(
        UNSUPPORTED,
        "config.json: " + family.architecture() + " models with " + what + " are not supported");
  }

  static FolkmootException bad(String message) {
    return new FolkmootException(BAD_FILE, "config.json: " + message);
  }
}
