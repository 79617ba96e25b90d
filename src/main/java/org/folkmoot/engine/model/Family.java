package org.folkmoot.engine.model;

import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The families of models that {@link SpanModel#forward} knows, by the names of GGUF's {@code
 * general.architecture}, and what their files leave unsaid.
 */
enum Family {
  /** Llama 1–3, SmolLM2, Mistral and, with experts, Mixtral. */
  LLAMA("llama", "Llama, SmolLM2, Mistral, Mixtral"),
  /** Qwen2 and 2.5: with biases, which its files show by having them. */
  QWEN2("qwen2", "Qwen2, Qwen2.5"),
  /** Qwen1.5 and Qwen2 with experts, of which one is always asked. */
  QWEN2MOE("qwen2moe", "Qwen2-MoE"),
  /** Qwen3. */
  QWEN3("qwen3", "Qwen3"),
  /** Qwen3 with experts. */
  QWEN3MOE("qwen3moe", "Qwen3-MoE"),
  /** Gemma 1. */
  GEMMA("gemma", "Gemma"),
  /** Gemma 2: every second layer sees a window. */
  GEMMA2("gemma2", "Gemma 2"),
  /** Gemma 3, its text part: five layers with a window, then one without. */
  GEMMA3("gemma3", "Gemma 3"),
  /** Phi-3 to Phi-4-mini. */
  PHI3("phi3", "Phi-3, Phi-4-mini"),
  /** InternLM 2 and 2.5: Llama under another name. */
  INTERNLM2("internlm2", "InternLM2"),
  /** ERNIE 4.5 without experts: likewise. */
  ERNIE45("ernie4_5", "ERNIE 4.5"),
  /** GLM-4 9B of 2024. */
  CHATGLM("chatglm", "GLM-4-9B"),
  /** GLM-4 of 2025, with norms behind. */
  GLM4("glm4", "GLM-4-0414"),
  /** Granite 3 and the 4 without state spaces: Llama with four scales. */
  GRANITE("granite", "Granite"),
  /** SmolLM3: every fourth layer turns nothing. */
  SMOLLM3("smollm3", "SmolLM3"),
  /** OLMo 2 and 3: norms behind only. */
  OLMO2("olmo2", "OLMo 2, OLMo 3"),
  /** gpt-oss: experts, attention sinks, every second layer sees a window. */
  GPT_OSS("gpt-oss", "gpt-oss");

  /** What a family does otherwise than Llama. */
  enum Habit {
    /** Rotary pairs are neighbours; all others pair the halves of a head. */
    ADJACENT_PAIRS,
    /** Queries and keys of each head are normed before they are turned. */
    QK_NORM,
    /** The same of all heads together. */
    WHOLE_QK_NORM,
    /** What attention and feed-forward read is not normed. */
    NO_PRE_NORMS,
    /** What attention and feed-forward give is normed before it is added. */
    POST_NORMS,
    /** The gate is GELU's, not SiLU's. */
    GELU,
    /** Embeddings are multiplied by the root of their length. */
    SCALED_EMBEDDING,
    /** Query, key and value are one tensor. */
    FUSED_ATTENTION,
    /** Gate and up are one. */
    FUSED_GATE_UP,
    /** Feed-forwards may be mixtures of experts. */
    EXPERTS,
    /** The weights of the chosen experts need not add up to one. */
    LOOSE_WEIGHTS,
    /** Each head's softmax has a learned score of no value. */
    SINKS,
    /** Attention's output, router and experts have biases. */
    BIASES,
    /** The gate is SiLU's, steeper and clamped. */
    CLAMPED_SILU,
    /** The norm before the feed-forward is called one behind attention. */
    NORM_BY_OTHER_NAME,
    /** YaRN's bounds are not rounded to whole pairs. */
    EXACT_YARN
  }

  private final String architecture;
  private final String models;

  Family(String architecture, String models) {
    this.architecture = architecture;
    this.models = models;
  }

  boolean has(Habit habit) {
    return habits().contains(habit);
  }

  private Set<Habit> habits() {
    return switch (this) {
      case LLAMA -> Set.of(Habit.ADJACENT_PAIRS, Habit.EXPERTS);
      case QWEN2 -> Set.of();
      case QWEN2MOE -> Set.of(Habit.EXPERTS, Habit.LOOSE_WEIGHTS);
      case QWEN3 -> Set.of(Habit.QK_NORM);
      case QWEN3MOE -> Set.of(Habit.QK_NORM, Habit.EXPERTS);
      case GEMMA -> Set.of(Habit.GELU, Habit.SCALED_EMBEDDING);
      case GEMMA2 -> Set.of(Habit.GELU, Habit.SCALED_EMBEDDING, Habit.POST_NORMS);
      case GEMMA3 -> Set.of(Habit.GELU, Habit.SCALED_EMBEDDING, Habit.POST_NORMS, Habit.QK_NORM);
      case PHI3 -> Set.of(Habit.FUSED_ATTENTION, Habit.FUSED_GATE_UP);
      case INTERNLM2, ERNIE45, GRANITE, SMOLLM3 -> Set.of(Habit.ADJACENT_PAIRS);
      case CHATGLM -> Set.of(Habit.ADJACENT_PAIRS, Habit.FUSED_ATTENTION, Habit.FUSED_GATE_UP);
      case GLM4 -> Set.of(Habit.ADJACENT_PAIRS, Habit.FUSED_GATE_UP, Habit.POST_NORMS);
      case OLMO2 -> Set.of(Habit.NO_PRE_NORMS, Habit.WHOLE_QK_NORM, Habit.POST_NORMS);
      case GPT_OSS ->
          Set.of(
              Habit.EXPERTS,
              Habit.SINKS,
              Habit.BIASES,
              Habit.CLAMPED_SILU,
              Habit.NORM_BY_OTHER_NAME,
              Habit.EXACT_YARN);
    };
  }

  /** One layer of so many sees everything, the last of them; 0 if a window is for all layers. */
  int windowPeriod() {
    return switch (this) {
      case GEMMA2, GPT_OSS -> 2;
      case GEMMA3 -> 6;
      case OLMO2 -> 4;
      case LLAMA, QWEN2, QWEN2MOE, QWEN3, QWEN3MOE, GEMMA, PHI3 -> 0;
      case INTERNLM2, ERNIE45, CHATGLM, GLM4, GRANITE, SMOLLM3 -> 0;
    };
  }

  /**
   * Layers of the one size of the family that divides scores by the root of {@code dim / heads}
   * instead of that of the head's length (Gemma's 27B); 0 for none. Its files do not say so.
   */
  int layersOfOddScale() {
    return switch (this) {
      case GEMMA2 -> 46;
      case GEMMA3 -> 62;
      case LLAMA, QWEN2, QWEN2MOE, QWEN3, QWEN3MOE, GEMMA, PHI3 -> 0;
      case INTERNLM2, ERNIE45, CHATGLM, GLM4, GRANITE, SMOLLM3, OLMO2, GPT_OSS -> 0;
    };
  }

  static Optional<Family> of(String architecture) {
    return Arrays.stream(values()).filter(f -> f.architecture.equals(architecture)).findFirst();
  }

  /** All that are supported, for a message. */
  static String list() {
    return Arrays.stream(values())
        .map(family -> "'%s' (%s)".formatted(family.architecture, family.models))
        .collect(Collectors.joining(", "));
  }
}
