package org.folkmoot.testing;

import java.util.Arrays;
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

  private final Pairing pairing;
  private final int headDim;
  private final double[] frequencies;

  ReferenceRope(GgufFile file, String family, int headDim, Pairing pairing) {
    this.pairing = pairing;
    this.headDim = headDim;
    GgufMetadata metadata = file.metadata();
    int rotated = (int) metadata.integer(family + ".rope.dimension_count").orElse(headDim);
    double base = metadata.number(family + ".rope.freq_base").orElse(10_000);
    String scaling = metadata.string(family + ".rope.scaling.type").orElse("none");
    double factor =
        switch (scaling) {
          case "none" -> 1;
          case "linear" -> metadata.number(family + ".rope.scaling.factor").orElse(1);
          default -> throw new IllegalStateException("the reference has no scaling " + scaling);
        };
    frequencies = new double[rotated / 2];
    Arrays.setAll(frequencies, i -> Math.pow(base, -2.0 * i / rotated) / factor);
    file.tensor("rope_freqs.weight")
        .map(tensor -> Dequantiser.all(file, tensor))
        .ifPresent(factors -> Arrays.setAll(frequencies, i -> frequencies[i] / factors[i]));
  }

  /** The pairing of a file's architecture. */
  static Pairing pairing(GgufFile file) {
    String family = file.metadata().string("general.architecture").orElseThrow();
    return family.equals("llama") ? Pairing.NEIGHBOURS : Pairing.HALVES;
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
        double turned = heads[a] * Math.cos(angle) - heads[b] * Math.sin(angle);
        heads[b] = heads[a] * Math.sin(angle) + heads[b] * Math.cos(angle);
        heads[a] = turned;
      }
    }
  }
}
