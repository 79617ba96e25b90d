package org.folkmoot.engine.convert;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.folkmoot.engine.gguf.GgufWriter;

/**
 * How a {@code config.json} tells positions, and the keys and tensors that GGUF files have for it.
 *
 * @param text the part of the configuration that is about text
 * @param headDim the length of a head
 * @param context the most positions
 */
record HfRope(JsonNode text, HfFamily family, int headDim, int context) {
  /** Dimensions of a head that are turned. */
  int dims() {
    double usual =
        text.path("partial_rotary_factor").asDouble(family.usual("partial_rotary_factor"));
    double share = newer().path("partial_rotary_factor").asDouble(usual);
    if (!(share > 0 && share <= 1)) {
      throw HfConfig.bad("'partial_rotary_factor' is " + share);
    }
    return (int) (share * headDim);
  }

  /** The base of the frequencies. */
  double theta() {
    double older = text.path("rope_theta").asDouble(family.usual("rope_theta"));
    return HfConfig.sane("rope_theta", newer().path("rope_theta").asDouble(older));
  }

  /**
   * What transformers 5 writes of RoPE; of models whose windowed layers turn otherwise, that of the
   * others.
   */
  private JsonNode newer() {
    JsonNode newer = text.path("rope_parameters");
    return newer.path("full_attention").isObject() ? newer.path("full_attention") : newer;
  }

  private JsonNode scaling() {
    JsonNode scaling = text.path("rope_scaling");
    return scaling.isObject() ? scaling : newer();
  }

  /** The base of the layers with a window, which are turned without any scaling. */
  private double localTheta() {
    JsonNode newer = text.path("rope_parameters").path("sliding_attention");
    if (!newer.path("rope_type").asText("default").equals("default")) {
      throw HfConfig.unsupported(family, "RoPE scaling in layers with a window");
    }
    double older = text.path("rope_local_base_freq").asDouble(10_000);
    return HfConfig.sane("rope_local_base_freq", newer.path("rope_theta").asDouble(older));
  }

  private String type() {
    JsonNode scaling = scaling();
    String type = scaling.path("rope_type").asText(scaling.path("type").asText("default"));
    return type.isEmpty() ? "default" : type;
  }

  private int originalContext() {
    int own = text.path("original_max_position_embeddings").asInt(context);
    return scaling().path("original_max_position_embeddings").asInt(own);
  }

  /** Puts how the frequencies are changed into a file. */
  void putScalingInto(GgufWriter writer, String a) {
    JsonNode scaling = scaling();
    String prefix = a + ".rope.scaling.";
    switch (type()) {
      case "default", "llama3" -> {}
      case "linear" ->
          writer.put(prefix + "type", "linear").put(prefix + "factor", factor(scaling));
      case "yarn" -> putYarn(writer, prefix, scaling);
      case "longrope", "su" -> {
        double stretch = (double) context / originalContext();
        double usual =
            stretch > 1
                ? Math.sqrt(1 + StrictMath.log(stretch) / StrictMath.log(originalContext()))
                : 1;
        double magnitude = scaling.path("attention_factor").asDouble(usual);
        writer
            .put(prefix + "original_context_length", originalContext())
            .put(prefix + "attn_factor", (float) magnitude);
      }
      default ->
          throw HfConfig.unsupported(
              family,
              "RoPE scaling of the type '%s' (supported are linear, llama3, yarn and longrope)"
                  .formatted(Json.shown(type())));
    }
    boolean apart = text.path("rope_parameters").has("sliding_attention");
    if (family == HfFamily.GEMMA3 || (family == HfFamily.OLMO2 && apart)) {
      writer.put(a + ".rope.freq_base_swa", (float) localTheta());
    }
  }

  private void putYarn(GgufWriter writer, String prefix, JsonNode scaling) {
    if (scaling.hasNonNull("mscale") || !scaling.path("truncate").asBoolean(true)) {
      throw HfConfig.unsupported(family, "a YaRN of another kind (mscale, truncate)");
    }
    writer
        .put(prefix + "type", "yarn")
        .put(prefix + "factor", factor(scaling))
        .put(prefix + "original_context_length", originalContext());
    // GGUF's factor is one more to the paper's, transformers' is there instead of it.
    double magnitude = scaling.path("attention_factor").asDouble(0);
    if (magnitude > 0) {
      double paper = 1 + 0.1 * StrictMath.log(factor(scaling));
      writer.put(prefix + "attn_factor", (float) (magnitude / paper));
    }
    for (String beta : List.of("beta_fast", "beta_slow")) {
      double value = scaling.path(beta).asDouble(0);
      if (value > 0) {
        writer.put(prefix + "yarn_" + beta, (float) value);
      }
    }
  }

  private static float factor(JsonNode scaling) {
    double factor = scaling.path("factor").asDouble(0);
    if (!(factor >= 1 && factor <= 1e6)) {
      throw HfConfig.bad("rope_scaling has the factor " + factor);
    }
    return (float) factor;
  }

  /** A tensor of factors that RoPE's frequencies are divided by. */
  record Factors(String name, float[] values) {}

  /** The tensors of factors that the configuration stands for. */
  List<Factors> factorTensors() {
    JsonNode scaling = scaling();
    return switch (type()) {
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
    if (list.size() != dims() / 2) {
      throw HfConfig.bad("rope_scaling." + key + " has " + list.size() + " numbers");
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
      throw HfConfig.bad("rope_scaling has impossible factors");
    }
    float[] factors = new float[dims() / 2];
    for (int i = 0; i < factors.length; i++) {
      double frequency = 1 / StrictMath.pow(theta(), 2.0 * i / dims());
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
}
