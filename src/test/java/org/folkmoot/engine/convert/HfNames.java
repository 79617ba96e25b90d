package org.folkmoot.engine.convert;

import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What transformers calls the tensors of GGUF files, and how it keeps them otherwise, written from
 * its modelling classes.
 *
 * @param modelType its name of the family
 */
record HfNames(String modelType) {
  private static final int EXPERTS = 8;

  private static final Map<String, String> COMMON =
      Map.ofEntries(
          Map.entry("attn_norm.weight", "input_layernorm.weight"),
          Map.entry("attn_q.weight", "self_attn.q_proj.weight"),
          Map.entry("attn_k.weight", "self_attn.k_proj.weight"),
          Map.entry("attn_v.weight", "self_attn.v_proj.weight"),
          Map.entry("attn_q.bias", "self_attn.q_proj.bias"),
          Map.entry("attn_k.bias", "self_attn.k_proj.bias"),
          Map.entry("attn_v.bias", "self_attn.v_proj.bias"),
          Map.entry("attn_q_norm.weight", "self_attn.q_norm.weight"),
          Map.entry("attn_k_norm.weight", "self_attn.k_norm.weight"),
          Map.entry("attn_qkv.weight", "self_attn.qkv_proj.weight"),
          Map.entry("attn_output.weight", "self_attn.o_proj.weight"),
          Map.entry("ffn_norm.weight", "post_attention_layernorm.weight"),
          Map.entry("ffn_gate.weight", "mlp.gate_proj.weight"),
          Map.entry("ffn_up.weight", "mlp.up_proj.weight"),
          Map.entry("ffn_down.weight", "mlp.down_proj.weight"),
          Map.entry("ffn_gate_inp.weight", "mlp.gate.weight"),
          Map.entry("ffn_gate_inp_shexp.weight", "mlp.shared_expert_gate.weight"),
          Map.entry("ffn_gate_shexp.weight", "mlp.shared_expert.gate_proj.weight"),
          Map.entry("ffn_up_shexp.weight", "mlp.shared_expert.up_proj.weight"),
          Map.entry("ffn_down_shexp.weight", "mlp.shared_expert.down_proj.weight"));

  private static final Map<String, String> WITH_POST_NORMS =
      Map.of(
          "post_attention_norm.weight", "post_attention_layernorm.weight",
          "ffn_norm.weight", "pre_feedforward_layernorm.weight",
          "post_ffw_norm.weight", "post_feedforward_layernorm.weight");

  private static final Map<String, String> GLM4 =
      Map.of(
          "post_attention_norm.weight", "post_self_attn_layernorm.weight",
          "post_ffw_norm.weight", "post_mlp_layernorm.weight",
          "ffn_up.weight", "mlp.gate_up_proj.weight");

  private static final Map<String, String> MIXTRAL =
      Map.of(
          "ffn_gate", "w1",
          "ffn_down", "w2",
          "ffn_up", "w3");

  private boolean isGemma() {
    return modelType.startsWith("gemma");
  }

  /** What its norms add to the weights that are kept. */
  int added(String tensor) {
    return isGemma() && tensor.endsWith("norm.weight") ? 1 : 0;
  }

  /** Whether it turns the halves of a head where the file's architecture turns neighbours. */
  boolean turnsHalves() {
    return Stream.of("llama", "mistral", "mixtral", "granite", "smollm3")
        .anyMatch(modelType::equals);
  }

  /** The names of a tensor: one, or that of each expert in it. */
  List<String> of(String tensor) {
    String[] parts = tensor.split("\\.", 3);
    if (!parts[0].equals("blk")) {
      return List.of(
          switch (tensor) {
            case "token_embd.weight" -> "model.embed_tokens.weight";
            case "output_norm.weight" -> "model.norm.weight";
            case "output.weight" -> "lm_head.weight";
            default -> throw new IllegalArgumentException(tensor);
          });
    }
    String layer = "model.layers." + parts[1] + ".";
    return inLayer(parts[2]).map(name -> layer + name).toList();
  }

  private Stream<String> inLayer(String own) {
    if (own.endsWith("_exps.weight")) {
      String part = own.replace("_exps.weight", "");
      return IntStream.range(0, EXPERTS).mapToObj(expert -> expert(part, expert));
    }
    String[] parts = own.split("\\.");
    if (parts.length == 3) { // a tensor for each expert, as files of Mixtral had at first
      return Stream.of(expert(parts[0], Integer.parseInt(parts[1])));
    }
    if (modelType.equals("mixtral") && own.equals("ffn_gate_inp.weight")) {
      return Stream.of("block_sparse_moe.gate.weight");
    }
    if (modelType.equals("glm4") && GLM4.containsKey(own)) {
      return Stream.of(GLM4.get(own));
    }
    if (modelType.equals("phi3") && own.equals("ffn_up.weight")) {
      return Stream.of("mlp.gate_up_proj.weight");
    }
    boolean both = (isGemma() && !modelType.equals("gemma")) || modelType.startsWith("olmo");
    boolean behind = both && WITH_POST_NORMS.containsKey(own);
    return Stream.of(behind ? WITH_POST_NORMS.get(own) : COMMON.get(own));
  }

  private String expert(String part, int expert) {
    return modelType.equals("mixtral")
        ? "block_sparse_moe.experts." + expert + "." + MIXTRAL.get(part) + ".weight"
        : "mlp.experts." + expert + "." + part.replace("ffn_", "") + "_proj.weight";
  }
}
