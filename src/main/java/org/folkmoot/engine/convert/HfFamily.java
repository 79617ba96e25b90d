package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;

/** The families whose folders can be read, by the {@code model_type} of their configuration. */
enum HfFamily {
  /** Llama 1–3, SmolLM2. */
  LLAMA("llama"),
  /** Mistral; of Mistral Small 3.1 and 3.2 the text part. */
  MISTRAL("llama"),
  /** Mixtral. */
  MIXTRAL("llama"),
  /** Qwen2, Qwen2.5. */
  QWEN2("qwen2"),
  /** Qwen1.5 and Qwen2 with experts, of which one is always asked. */
  QWEN2_MOE("qwen2moe"),
  /** Qwen3. */
  QWEN3("qwen3"),
  /** Qwen3 with experts. */
  QWEN3_MOE("qwen3moe"),
  /** Gemma 1. */
  GEMMA("gemma"),
  /** Gemma 2. */
  GEMMA2("gemma2"),
  /** Gemma 3; of those that see pictures the text part. */
  GEMMA3("gemma3"),
  /** Phi-3 to Phi-4-mini. */
  PHI3("phi3"),
  /** Granite without state spaces. */
  GRANITE("granite"),
  /** SmolLM3. */
  SMOLLM3("smollm3"),
  /** OLMo 2 and 3. */
  OLMO2("olmo2"),
  /** GLM-4 of 2025. */
  GLM4("glm4");

  private final String architecture;

  HfFamily(String architecture) {
    this.architecture = architecture;
  }

  /**
   * The family of a model type.
   *
   * @throws FolkmootException UNSUPPORTED with those that there are
   */
  static HfFamily of(String modelType) {
    return Arrays.stream(values())
        .filter(family -> family.modelTypes().contains(modelType))
        .findFirst()
        .orElseThrow(() ->
            new FolkmootException(
                UNSUPPORTED,
                "config.json: models of the type '%s' are not supported; supported are %s"
                    .formatted(
                        Json.shown(modelType),
                        Arrays.stream(values())
                            .flatMap(family -> family.modelTypes().stream())
                            .sorted()
                            .collect(Collectors.joining(", ")))));
  }

  private Set<String> modelTypes() {
    String own = name().toLowerCase(Locale.ROOT);
    return switch (this) {
      case GEMMA3 -> Set.of(own, "gemma3_text");
      case MISTRAL -> Set.of(own, "mistral3");
      case OLMO2 -> Set.of(own, "olmo3");
      case GRANITE, SMOLLM3, GLM4 -> Set.of(own);
      case LLAMA, MIXTRAL, QWEN2, QWEN2_MOE, QWEN3, QWEN3_MOE, GEMMA, GEMMA2, PHI3 -> Set.of(own);
    };
  }

  /** GGUF's name. */
  String architecture() {
    return architecture;
  }

  /** Whether rows of query and key are reordered: GGUF's Llama turns neighbours, not halves. */
  boolean permutes() {
    return architecture.equals("llama") || this == GRANITE || this == SMOLLM3;
  }

  /** Whether norm weights are kept less one. */
  boolean normsLessOne() {
    return isGemma();
  }

  boolean isGemma() {
    return this == GEMMA || this == GEMMA2 || this == GEMMA3;
  }

  boolean tiesByDefault() {
    return isGemma() || this == SMOLLM3;
  }

  boolean hasWindow() {
    return Stream.of(MISTRAL, GEMMA2, GEMMA3, PHI3, OLMO2).anyMatch(this::equals);
  }

  boolean hasQwenExperts() {
    return this == QWEN2_MOE || this == QWEN3_MOE;
  }

  boolean isQwen() {
    return this == QWEN2 || this == QWEN3 || hasQwenExperts();
  }

  /**
   * What transformers takes where {@code config.json} leaves a key out, as it does in its text
   * parts with whatever is usual; 0 if it must be there, or stands for nothing. Source: the
   * families' {@code configuration_*.py}.
   */
  double usual(String key) {
    boolean gemma3 = this == GEMMA3;
    return switch (key) {
      case "vocab_size" -> gemma3 ? 262_208 : 0;
      case "hidden_size" -> gemma3 ? 2304 : 0;
      case "intermediate_size" -> gemma3 ? 9216 : 0;
      case "num_hidden_layers" -> gemma3 ? 26 : 0;
      case "num_attention_heads" -> gemma3 ? 8 : 0;
      case "max_position_embeddings" -> gemma3 ? 131_072 : 0;
      case "num_key_value_heads" ->
          switch (this) {
            case MISTRAL, MIXTRAL -> 8;
            case QWEN2, QWEN3 -> 32;
            case QWEN3_MOE, GEMMA2, GEMMA3 -> 4;
            case GEMMA, QWEN2_MOE -> 16;
            case SMOLLM3 -> 4;
            case GLM4 -> 2;
            case LLAMA, PHI3, GRANITE, OLMO2 -> 0;
          };
      case "head_dim" -> isGemma() ? 256 : this == QWEN3 || this == GLM4 ? 128 : 0;
      case "query_pre_attn_scalar" -> this == GEMMA2 || gemma3 ? 256 : 0;
      case "partial_rotary_factor" -> this == GLM4 ? 0.5 : 1;
      case "rms_norm_eps" ->
          this == GLM4 ? 1.5625e-7 : this == MIXTRAL || this == PHI3 || this == OLMO2 ? 1e-5 : 1e-6;
      case "rope_theta" -> this == SMOLLM3 ? 2e6 : this == MIXTRAL || gemma3 ? 1e6 : 1e4;
      case "sliding_window" -> this == MISTRAL || this == GEMMA2 || gemma3 ? 4096 : 0;
      case "attn_logit_softcapping" -> this == GEMMA2 ? 50 : 0;
      case "final_logit_softcapping" -> this == GEMMA2 ? 30 : 0;
      default -> 0;
    };
  }

  Set<String> activations() {
    return isGemma() ? Set.of("gelu_pytorch_tanh") : Set.of("silu");
  }
}
