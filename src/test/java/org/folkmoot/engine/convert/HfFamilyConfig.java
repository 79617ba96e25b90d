package org.folkmoot.engine.convert;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.testing.Dequantiser;

/**
 * The {@code config.json} that a model file could have come from, as transformers 4 writes it: what
 * is usual in a family is left out where transformers knows it.
 */
record HfFamilyConfig(GgufFile file, String modelType, String architecture) {
  private static final Map<String, String> NUMBERS =
      Map.of(
          "hidden_size", "embedding_length",
          "intermediate_size", "feed_forward_length",
          "num_hidden_layers", "block_count",
          "num_attention_heads", "attention.head_count",
          "num_key_value_heads", "attention.head_count_kv",
          "max_position_embeddings", "context_length",
          "sliding_window", "attention.sliding_window",
          "moe_intermediate_size", "expert_feed_forward_length",
          "shared_expert_intermediate_size", "expert_shared_feed_forward_length",
          "num_experts_per_tok", "expert_used_count");

  static HfFamilyConfig of(GgufFile file, String modelType) {
    return new HfFamilyConfig(
        file, modelType, file.metadata().string("general.architecture").orElseThrow());
  }

  void putInto(ObjectNode config) {
    GgufMetadata metadata = file.metadata();
    boolean gemma = modelType.startsWith("gemma");
    config
        .put("model_type", modelType)
        .put("_name_or_path", "somebody/tiny")
        .put(gemma ? "hidden_activation" : "hidden_act", gemma ? "gelu_pytorch_tanh" : "silu")
        .put("vocab_size", metadata.strings("tokenizer.ggml.tokens").orElseThrow().length)
        .put("bos_token_id", 1)
        .put("eos_token_id", 2);
    NUMBERS.forEach((name, key) ->
        metadata.integer(architecture + "." + key).ifPresent(value -> config.put(name, value)));
    if (!config.has("sliding_window") && !gemma) {
      config.putNull("sliding_window");
    }
    long heads = config.path("num_attention_heads").asLong();
    long headDim = integer("attention.key_length", config.path("hidden_size").asLong() / heads);
    config.put("head_dim", headDim);
    if (modelType.equals("gemma2") || modelType.startsWith("gemma3")) {
      config.put("query_pre_attn_scalar", headDim);
    }
    double epsilon = number("attention.layer_norm_rms_epsilon", 0);
    if (List.of("llama", "mixtral", "phi3", "olmo2", "olmo3", "glm4").contains(modelType)) {
      config.put("rms_norm_eps", (float) epsilon);
    }
    for (String cap : List.of("attn_logit_softcapping", "final_logit_softcapping")) {
      metadata.number(architecture + "." + cap).ifPresent(value -> config.put(cap, value));
    }
    metadata
        .integer(architecture + ".expert_count")
        .ifPresent(count ->
            config.put(modelType.equals("mixtral") ? "num_local_experts" : "num_experts", count));
    if (modelType.equals("qwen3_moe")) {
      config.put("norm_topk_prob", true);
    }
    boolean tied = file.tensor("output.weight").isEmpty();
    if (modelType.equals("granite")) {
      config
          .put("attention_multiplier", number("attention.scale", 0))
          .put("embedding_multiplier", number("embedding_scale", 0))
          .put("residual_multiplier", number("residual_scale", 0))
          .put("logits_scaling", number("logit_scale", 0));
    }
    if (tied != (gemma || modelType.equals("smollm3"))) {
      config.put("tie_word_embeddings", tied);
    }
    positions(config, headDim);
  }

  private void positions(ObjectNode config, long headDim) {
    boolean usual = modelType.startsWith("gemma3");
    if (!usual) {
      config.put("rope_theta", number("rope.freq_base", 10_000));
    }
    double turned = integer("rope.dimension_count", headDim);
    if (turned != headDim) {
      config.put("partial_rotary_factor", turned / headDim);
    }
    String type = file.metadata().string(architecture + ".rope.scaling.type").orElse("");
    if (!type.isEmpty()) {
      ObjectNode scaling = config.putObject("rope_scaling").put("rope_type", type);
      scaling.put("factor", number("rope.scaling.factor", 1));
      long original = integer("rope.scaling.original_context_length", 0);
      if (original > 0) {
        scaling.put("original_max_position_embeddings", original);
      }
    }
    if (file.tensor("rope_factors_long.weight").isPresent()) {
      ObjectNode scaling = config.putObject("rope_scaling").put("type", "longrope");
      factors(scaling.putArray("long_factor"), "rope_factors_long.weight");
      factors(scaling.putArray("short_factor"), "rope_factors_short.weight");
      scaling.put("attention_factor", number("rope.scaling.attn_factor", 1));
      config.put(
          "original_max_position_embeddings", integer("rope.scaling.original_context_length", 0));
    }
  }

  private void factors(ArrayNode list, String tensor) {
    for (double factor : Dequantiser.all(file, file.tensor(tensor).orElseThrow())) {
      list.add(factor);
    }
  }

  /**
   * Moves what is about positions to where transformers 5 has it, and names the layers' kinds. Of
   * Gemma 3 it names the two kinds of layers apart.
   */
  static void toNewer(ObjectNode config) {
    ObjectNode all = HfFolder.MAPPER.createObjectNode();
    if (config.get("rope_scaling") instanceof ObjectNode scaling) {
      all.setAll(scaling);
    }
    config.remove("rope_scaling");
    for (String key : List.of("rope_theta", "partial_rotary_factor")) {
      if (config.has(key)) {
        all.set(key, config.remove(key));
      }
    }
    if (all.has("type")) {
      all.set("rope_type", all.remove("type"));
    }
    String type = config.path("model_type").asText();
    if (!type.startsWith("gemma3")) {
      config.set("rope_parameters", all);
      return;
    }
    ObjectNode both = config.putObject("rope_parameters");
    both.set("full_attention", all.put("rope_theta", 1e6));
    both.putObject("sliding_attention").put("rope_type", "default").put("rope_theta", 1e4);
    ArrayNode kinds = config.putArray("layer_types");
    for (int layer = 0; layer < config.path("num_hidden_layers").asInt(); layer++) {
      kinds.add(layer % 6 == 5 ? "full_attention" : "sliding_attention");
    }
  }

  private long integer(String key, long otherwise) {
    return file.metadata().integer(architecture + "." + key).orElse(otherwise);
  }

  private double number(String key, double otherwise) {
    return file.metadata().number(architecture + "." + key).orElse(otherwise);
  }
}
