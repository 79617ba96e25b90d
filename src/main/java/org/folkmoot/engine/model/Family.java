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
  PHI3("phi3", "Phi-3, Phi-4-mini");

  /** What a family does otherwise than Llama. */
  enum Habit {
    /** Rotary pairs are neighbours; all others pair the halves of a head. */
    ADJACENT_PAIRS,
    /** Queries and keys of each head are normed before they are turned. */
    QK_NORM,
    /** What attention and feed-forward give is normed before it is added. */
    POST_NORMS,
    /** The gate is GELU's, not SiLU's. */
    GELU,
    /** Embeddings are multiplied by the root of their length. */
    SCALED_EMBEDDING,
    /** Query, key and value are one tensor, gate and up another. */
    FUSED,
    /** Feed-forwards may be mixtures of experts. */
    EXPERTS,
    /** The weights of the chosen experts need not add up to one. */
    LOOSE_WEIGHTS
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
      case PHI3 -> Set.of(Habit.FUSED);
    };
  }

  /** One layer of so many sees everything, the last of them; 0 if a window is for all layers. */
  int windowPeriod() {
    return switch (this) {
      case GEMMA2 -> 2;
      case GEMMA3 -> 6;
      case LLAMA, QWEN2, QWEN2MOE, QWEN3, QWEN3MOE, GEMMA, PHI3 -> 0;
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
