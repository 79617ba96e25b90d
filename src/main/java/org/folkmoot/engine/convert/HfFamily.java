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
  /** Mistral. */
  MISTRAL("llama"),
  /** Mixtral. */
  MIXTRAL("llama"),
  /** Qwen2, Qwen2.5. */
  QWEN2("qwen2"),
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
  PHI3("phi3");

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
    return this == GEMMA3 ? Set.of(own, "gemma3_text") : Set.of(own);
  }

  /** GGUF's name. */
  String architecture() {
    return architecture;
  }

  /** Whether rows of query and key are reordered: GGUF's Llama turns neighbours, not halves. */
  boolean permutes() {
    return architecture.equals("llama");
  }

  /** Whether norm weights are kept less one. */
  boolean normsLessOne() {
    return isGemma();
  }

  boolean isGemma() {
    return this == GEMMA || this == GEMMA2 || this == GEMMA3;
  }

  boolean tiesByDefault() {
    return isGemma();
  }

  boolean hasWindow() {
    return Stream.of(MISTRAL, GEMMA2, GEMMA3, PHI3).anyMatch(this::equals);
  }

  Set<String> activations() {
    return isGemma() ? Set.of("gelu_pytorch_tanh") : Set.of("silu");
  }
}
