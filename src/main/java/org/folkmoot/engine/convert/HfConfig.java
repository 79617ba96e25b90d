package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeMap;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufWriter;

/**
 * A model's {@code config.json}, and the keys that GGUF files have for it, with the names and the
 * meaning that llama.cpp gives them.
 */
final class HfConfig {
  private static final int MAX = 1 << 24;

  /** What Granite scales, with GGUF's names. */
  private static final Map<String, String> GRANITE_SCALES =
      new TreeMap<>(
          Map.of(
              "attention_multiplier", "attention.scale",
              "embedding_multiplier", "embedding_scale",
              "residual_multiplier", "residual_scale",
              "logits_scaling", "logit_scale"));

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
    HfFamily family = HfFamily.of(type);
    String inner = text.path("model_type").asText(type);
    if (HfFamily.of(inner) != family) {
      throw new FolkmootException(
          UNSUPPORTED,
          "config.json: models of the type '%s' whose text part is of the type '%s' are not supported"
              .formatted(Json.shown(type), Json.shown(inner)));
    }
    HfConfig config = new HfConfig(root, text, family);
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
    JsonNode none = text.path("num_key_value_heads");
    int usual = none.isNull() ? 0 : (int) family.usual("num_key_value_heads");
    return optional("num_key_value_heads", 1, 1 << 12, usual > 0 ? usual : heads());
  }

  int headDim() {
    int usual = text.path("head_dim").isNull() ? 0 : (int) family.usual("head_dim");
    return optional("head_dim", 1, 1 << 12, usual > 0 ? usual : Math.max(1, dim() / heads()));
  }

  int ffn() {
    return required("intermediate_size", 1, 1 << 20);
  }

  /** Length of the feed-forward of an expert that is always asked; 0 if there is none. */
  int sharedFfn() {
    return family == HfFamily.QWEN2_MOE
        ? required("shared_expert_intermediate_size", 1, 1 << 20)
        : 0;
  }

  /** Length of the experts' feed-forwards. */
  int expertFfn() {
    return optional("moe_intermediate_size", 1, 1 << 20, family == HfFamily.MIXTRAL ? ffn() : 0);
  }

  int experts() {
    return family == HfFamily.MIXTRAL
        ? required("num_local_experts", 1, 4096)
        : family.hasQwenExperts() ? required("num_experts", 1, 4096) : 0;
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

  /** What of it decides the mixtures of formats. */
  Recipe.Model mixed() {
    return new Recipe.Model(
        family.architecture(), layers(), experts(), heads() / kvHeads(), tied());
  }

  /** How positions are told. */
  HfRope rope() {
    return new HfRope(text, family, headDim(), context());
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
    boolean switched = family.isQwen() || family == HfFamily.SMOLLM3;
    if (switched && text.path("use_sliding_window").asBoolean(false)) {
      throw unsupported("a sliding window in some layers (use_sliding_window)");
    }
    boolean plainLayers =
        text.path("decoder_sparse_step").asInt(1) != 1 || !text.path("mlp_only_layers").isEmpty();
    if (family.hasQwenExperts() && plainLayers) {
      throw unsupported("layers without experts among others");
    }
    if (family == HfFamily.SMOLLM3) {
      requireEveryFourth();
    }
    if (root.has("quantization_config")) {
      throw unsupported("weights that are quantised already (quantization_config)");
    }
  }

  /** GGUF's SmolLM3 leaves every fourth layer unturned, and files cannot say otherwise. */
  private void requireEveryFourth() {
    boolean usual = text.path("no_rope_layer_interval").asInt(4) == 4;
    JsonNode turned = text.path("no_rope_layers");
    for (int layer = 0; layer < turned.size(); layer++) {
      usual &= turned.get(layer).asInt(-1) == (layer % 4 == 3 ? 0 : 1);
    }
    if (!usual) {
      throw unsupported("other layers without RoPE than every fourth");
    }
  }

  /** A name for it, where its makers gave none: its family and size. */
  String describedName() {
    String own = family == HfFamily.PHI3 ? "phi" : family.architecture();
    return "%dx%d-%s".formatted(layers(), dim(), own);
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
        .put(a + ".attention.layer_norm_rms_epsilon", (float) number("rms_norm_eps"))
        .put(a + ".attention.key_length", headDim())
        .put(a + ".attention.value_length", headDim())
        .put(a + ".rope.dimension_count", rope().dims())
        .put(a + ".rope.freq_base", (float) rope().theta())
        .put(a + ".vocab_size", vocabulary());
    if (experts() > 0) {
      writer
          .put(a + ".expert_count", experts())
          .put(a + ".expert_used_count", required("num_experts_per_tok", 1, experts()))
          .put(a + ".expert_feed_forward_length", expertFfn());
      if (sharedFfn() > 0) {
        writer.put(a + ".expert_shared_feed_forward_length", sharedFfn());
      }
      if (family.hasQwenExperts()) {
        writer.put(a + ".expert_weights_norm", text.path("norm_topk_prob").asBoolean(false));
      }
    }
    putWindow(writer, a);
    putScales(writer, a);
    rope().putScalingInto(writer, a);
  }

  private void putWindow(GgufWriter writer, String a) {
    JsonNode given = text.path("sliding_window");
    int window = given.isMissingNode() ? (int) family.usual("sliding_window") : given.asInt(0);
    if (given.isMissingNode() && text.path("model_type").asText().equals("olmo3")) {
      throw bad("'sliding_window' is missing");
    }
    int period = windowPeriod();
    if (window > 0 && family.hasWindow()) {
      writer.put(a + ".attention.sliding_window", window);
      if (period >= 0) {
        writer.put(a + ".attention.sliding_window_pattern", period);
      }
    }
  }

  /**
   * One layer of so many has no window, 0 if all have one; -1 if the folder does not say. Older
   * folders name the number, newer ones each layer's kind.
   */
  private int windowPeriod() {
    boolean[] windowed = windowedLayers();
    if (windowed.length == 0) {
      int older = text.path("_sliding_window_pattern").asInt(-1);
      return text.path("sliding_window_pattern").asInt(older);
    }
    int period = 0;
    while (period < windowed.length && windowed[period]) {
      period++;
    }
    period = period == windowed.length ? 0 : period + 1;
    for (int layer = 0; layer < windowed.length; layer++) {
      if (windowed[layer] != (period == 0 || layer % period < period - 1)) {
        throw unsupported("windows in layers that follow no period");
      }
    }
    return period;
  }

  /** Which layers have a window, where the folder says so; else empty. */
  private boolean[] windowedLayers() {
    JsonNode kinds = text.path("layer_types");
    boolean[] windowed = new boolean[kinds.size()];
    for (int layer = 0; layer < windowed.length; layer++) {
      String kind = kinds.get(layer).asText();
      windowed[layer] = kind.equals("sliding_attention");
      if (!kind.equals("full_attention") && !(windowed[layer] && family.hasWindow())) {
        throw unsupported("layers of the kind '" + Json.shown(kind) + "'");
      }
    }
    if (windowed.length > 0 && windowed.length != layers()) {
      throw bad("'layer_types' names " + windowed.length + " of " + layers() + " layers");
    }
    return windowed;
  }

  private void putScales(GgufWriter writer, String a) {
    putIfSet(writer, a + ".attn_logit_softcapping", "attn_logit_softcapping");
    putIfSet(writer, a + ".final_logit_softcapping", "final_logit_softcapping");
    if (family == HfFamily.GRANITE) {
      for (Map.Entry<String, String> scale : GRANITE_SCALES.entrySet()) {
        double by = sane(scale.getKey(), text.path(scale.getKey()).asDouble(1));
        writer.put(a + "." + scale.getValue(), (float) by);
      }
      return;
    }
    double usual = family.usual("query_pre_attn_scalar");
    double scored =
        text.path("query_pre_attn_scalar").asDouble(usual > 0 ? usual : (double) headDim());
    if (!(scored > 0 && scored < 1e6)) {
      throw bad("'query_pre_attn_scalar' is " + scored);
    }
    if (scored != headDim()) {
      writer.put(a + ".attention.scale", (float) (1 / Math.sqrt(scored)));
    }
  }

  private void putIfSet(GgufWriter writer, String key, String of) {
    JsonNode given = text.path(of);
    double value = given.isMissingNode() ? family.usual(of) : given.asDouble(0);
    if (value > 0) {
      writer.put(key, (float) value);
    }
  }

  private int required(String key, int least, int most) {
    int value = optional(key, least, most, (int) family.usual(key));
    if (value < least) {
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

  private double number(String key) {
    return sane(key, text.path(key).asDouble(family.usual(key)));
  }

  /** Checks a number that must be positive. */
  static double sane(String key, double value) {
    if (!(value > 0 && value < 1e12)) {
      throw bad("'" + key + "' is " + value);
    }
    return value;
  }

  private FolkmootException unsupported(String what) {
    return unsupported(family, what);
  }

  static FolkmootException unsupported(HfFamily family, String what) {
    return new FolkmootException(
        UNSUPPORTED,
        "config.json: " + family.architecture() + " models with " + what + " are not supported");
  }

  static FolkmootException bad(String message) {
    return new FolkmootException(BAD_FILE, "config.json: " + message);
  }
}
