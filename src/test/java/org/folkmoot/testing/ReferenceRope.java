package org.folkmoot.testing;

import java.util.Arrays;
import java.util.Set;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;

/**
 * Rotary position embedding (Su et al., "RoFormer", 2021) in binary64: pair {@code i} of a head is
 * turned by {@code position * base^(-2i/n)}, that divided by the file's factors where it has them.
 */
public final class ReferenceRope {
  /** Which two numbers of a head make a pair. */
  public enum Pairing {
    /**
     * {@code (2i, 2i + 1)}: the llama architecture, whose files have their rows permuted for it.
     */
    NEIGHBOURS,
    /** {@code (i, i + n/2)}: GPT-NeoX, Qwen, Phi, Gemma. */
    HALVES
  }

  private static final Set<String> NEIGHBOURLY =
      Set.of("llama", "internlm2", "ernie4_5", "chatglm", "glm4", "granite", "smollm3");

  private final Pairing pairing;
  private final int headDim;
  private final double[] frequencies;
  private final boolean whole;
  private double magnitude = 1;

  /** As trained, over whole heads. */
  ReferenceRope(int headDim, Pairing pairing, double base) {
    this.pairing = pairing;
    this.headDim = headDim;
    whole = true;
    frequencies = new double[headDim / 2];
    Arrays.setAll(frequencies, i -> Math.pow(base, -2.0 * i / headDim));
  }

  ReferenceRope(GgufFile file, String family, int headDim, Pairing pairing) {
    this.pairing = pairing;
    this.headDim = headDim;
    whole = !family.equals("gpt-oss");
    GgufMetadata metadata = file.metadata();
    int rotated = (int) metadata.integer(family + ".rope.dimension_count").orElse(headDim);
    double base = metadata.number(family + ".rope.freq_base").orElse(10_000);
    String scaling = metadata.string(family + ".rope.scaling.type").orElse("none");
    double factor = metadata.number(family + ".rope.scaling.factor").orElse(1);
    long context = metadata.integer(family + ".context_length").orElse(0);
    long original =
        metadata.integer(family + ".rope.scaling.original_context_length").orElse(context);
    frequencies = new double[rotated / 2];
    Arrays.setAll(frequencies, i -> Math.pow(base, -2.0 * i / rotated));
    switch (scaling) {
      case "none" -> {}
      case "linear" -> Arrays.setAll(frequencies, i -> frequencies[i] / factor);
      case "yarn" -> {
        double fast = metadata.number(family + ".rope.scaling.yarn_beta_fast").orElse(32);
        double slow = metadata.number(family + ".rope.scaling.yarn_beta_slow").orElse(1);
        double low = pairOf(2 * Math.PI * fast / original, base);
        double high = pairOf(2 * Math.PI * slow / original, base);
        Arrays.setAll(frequencies, i -> yarn(frequencies[i], base, factor, low, high));
        double more = metadata.number(family + ".rope.scaling.attn_factor").orElse(1);
        magnitude = more * (1 + 0.1 * Math.log(factor));
      }
      default -> throw new IllegalStateException("the reference has no scaling " + scaling);
    }
    String length = context > original ? "long" : "short";
    for (String factors : new String[] {"rope_freqs", "rope_factors_" + length}) {
      file.tensor(factors + ".weight")
          .map(tensor -> Dequantiser.all(file, tensor))
          .ifPresent(divisors -> Arrays.setAll(frequencies, i -> frequencies[i] / divisors[i]));
    }
    if (file.tensor("rope_factors_long.weight").isPresent()) {
      magnitude = metadata.number(family + ".rope.scaling.attn_factor").orElse(1);
    }
  }

  /**
   * Peng et al. 2023, "NTK-by-parts": by how often a pair turns within the original context, 32 and
   * 1 times being the usual bounds, which are rounded outwards to whole pairs as in the authors'
   * code, but not in OpenAI's.
   */
  private double yarn(double frequency, double base, double factor, double fast, double slow) {
    double low = Math.max(0, whole ? Math.floor(fast) : fast);
    double high = Math.min(2 * frequencies.length - 1, whole ? Math.ceil(slow) : slow);
    double pair = pairOf(frequency, base);
    double ramp = Math.clamp((pair - low) / (high - low), 0, 1);
    return frequency * (1 - ramp) + frequency / factor * ramp;
  }

  /** The pair whose frequency this is. */
  private double pairOf(double frequency, double base) {
    return -Math.log(frequency) / Math.log(base) * frequencies.length;
  }

  /** The pairing of a file's architecture. */
  static Pairing pairing(GgufFile file) {
    String family = file.metadata().string("general.architecture").orElseThrow();
    return NEIGHBOURLY.contains(family) ? Pairing.NEIGHBOURS : Pairing.HALVES;
  }

  /** Turns every head of a vector; numbers of a head beyond those rotated stay. */
  void rotate(double[] heads, int position) {
    int step = pairing == Pairing.NEIGHBOURS ? 2 : 1;
    int apart = pairing == Pairing.NEIGHBOURS ? 1 : frequencies.length;
    for (int head = 0; head < heads.length; head += headDim) {
      for (int i = 0; i < frequencies.length; i++) {
        double angle = position * frequencies[i];
        int a = head + i * step;
        int b = a + apart;
        double cos = magnitude * Math.cos(angle);
        double sin = magnitude * Math.sin(angle);
        double turned = heads[a] * cos - heads[b] * sin;
        heads[b] = heads[a] * sin + heads[b] * cos;
        heads[a] = turned;
      }
    }
  }
}
