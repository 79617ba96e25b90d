package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.kernel.KvLayout;

/**
 * What distinguishes one decoder-only transformer from another, as data: {@link SpanModel#forward}
 * has one loop for all.
 *
 * @param architecture GGUF's {@code general.architecture}
 * @param layers number of layers
 * @param dim length of a hidden state
 * @param heads query heads
 * @param kvHeads key/value heads, a divisor of {@code heads}
 * @param headDim dimensions of a head
 * @param ffn length of the feed-forward's inner state
 * @param vocabulary number of token ids
 * @param contextLength most positions
 * @param normEpsilon of RMSNorm
 * @param ropeBase base of the rotary angles
 * @param ropeDims dimensions of a head that are rotated
 * @param ropePairing which dimensions form a pair
 * @param ropeScaling stretching of positions
 * @param precision of the KV cache
 */
public record ModelConfig(
    String architecture,
    int layers,
    int dim,
    int heads,
    int kvHeads,
    int headDim,
    int ffn,
    int vocabulary,
    int contextLength,
    float normEpsilon,
    double ropeBase,
    int ropeDims,
    RopePairing ropePairing,
    RopeScaling ropeScaling,
    KvLayout.Precision precision) {
  /** Which dimensions of a head are rotated together. */
  public enum RopePairing {
    /** Neighbours: {@code (2i, 2i + 1)}. */
    ADJACENT,
    /** Halves: {@code (i, i + n/2)}, GPT-NeoX. */
    HALVES
  }

  private static final int MAX_LAYERS = 1024;
  private static final int MAX_DIM = 1 << 17;
  private static final int MAX_HEADS = 1 << 12;
  private static final int MAX_VOCABULARY = 1 << 22;
  private static final int MAX_CONTEXT = 1 << 24;

  /**
   * Reads the configuration of a file.
   *
   * @throws FolkmootException UNSUPPORTED for an architecture or option that is not handled,
   *     BAD_FILE if values are missing or contradict each other
   */
  public static ModelConfig of(GgufFile file) {
    GgufMetadata metadata = file.metadata();
    String architecture =
        metadata
            .string("general.architecture")
            .orElseThrow(() -> bad("it does not say its architecture (general.architecture)"));
    Reader keys = new Reader(metadata, architecture);
    if (!architecture.equals("llama")) {
      throw new FolkmootException(
          UNSUPPORTED,
          "models of the architecture '%s' are not supported; supported is 'llama' (Llama, SmolLM2, Mistral)"
              .formatted(architecture.replaceAll("\\p{Cntrl}", "?")));
    }
    if (keys.optional("expert_count", 0, MAX_HEADS, 0) > 0) {
      throw new FolkmootException(
          UNSUPPORTED, "models with experts (mixture of experts) are not supported");
    }
    int dim = keys.required("embedding_length", 1, MAX_DIM);
    int heads = keys.required("attention.head_count", 1, MAX_HEADS);
    int kvHeads = keys.optional("attention.head_count_kv", 1, MAX_HEADS, heads);
    if (heads % kvHeads != 0) {
      throw bad("%d query heads cannot share %d KV heads".formatted(heads, kvHeads));
    }
    int headDim = keys.optional("attention.key_length", 1, 4096, dim / heads);
    if (keys.optional("attention.value_length", 1, 4096, headDim) != headDim) {
      throw new FolkmootException(
          UNSUPPORTED, "models whose keys and values differ in length are not supported");
    }
    int ropeDims = keys.optional("rope.dimension_count", 2, headDim, headDim);
    if (ropeDims % 2 != 0 || headDim < 1) {
      throw bad("an odd number of rotated dimensions");
    }
    int vocabulary =
        file.tensor("token_embd.weight")
            .map(tensor -> (int) Math.min(tensor.rows(), Integer.MAX_VALUE))
            .orElseThrow(() -> bad("the tensor 'token_embd.weight' is missing"));
    if (vocabulary > MAX_VOCABULARY) {
      throw bad("a vocabulary of " + vocabulary + " tokens");
    }
    return new ModelConfig(
        architecture,
        keys.required("block_count", 1, MAX_LAYERS),
        dim,
        heads,
        kvHeads,
        headDim,
        keys.required("feed_forward_length", 1, 8 * MAX_DIM),
        vocabulary,
        keys.required("context_length", 1, MAX_CONTEXT),
        (float) keys.number("attention.layer_norm_rms_epsilon", 1e-5, 0, 1),
        keys.number("rope.freq_base", 10_000, 1, 1e12),
        ropeDims,
        RopePairing.ADJACENT,
        ropeScaling(metadata, keys, architecture),
        KvLayout.Precision.F16);
  }

  private static RopeScaling ropeScaling(GgufMetadata metadata, Reader keys, String architecture) {
    String type = metadata.string(architecture + ".rope.scaling.type").orElse("none");
    double factor = keys.number("rope.scaling.factor", 1, 1, 1e6);
    return switch (type) {
      case "none" -> new RopeScaling.None();
      case "linear" -> new RopeScaling.Linear(factor);
      default ->
          throw new FolkmootException(
              UNSUPPORTED,
              "RoPE scaling of the type '%s' is not supported; supported are none, linear and per-frequency factors"
                  .formatted(type.replaceAll("\\p{Cntrl}", "?")));
    };
  }

  /** Query heads that share a KV head. */
  public int group() {
    return heads / kvHeads;
  }

  /** The cache layout of some layers. */
  public KvLayout kvLayout(int layerCount) {
    return new KvLayout(layerCount, kvHeads, headDim, precision);
  }

  /** The same model with another cache precision. */
  public ModelConfig withPrecision(KvLayout.Precision other) {
    return new ModelConfig(
        architecture,
        layers,
        dim,
        heads,
        kvHeads,
        headDim,
        ffn,
        vocabulary,
        contextLength,
        normEpsilon,
        ropeBase,
        ropeDims,
        ropePairing,
        ropeScaling,
        other);
  }

  private static FolkmootException bad(String message) {
    return new FolkmootException(
        BAD_FILE, message + ": the model file is damaged or was made wrongly, pull it again");
  }

  private record Reader(GgufMetadata metadata, String architecture) {
    int required(String key, int least, int most) {
      OptionalLong value = metadata.integer(architecture + "." + key);
      if (value.isEmpty()) {
        throw bad("the key '" + architecture + "." + key + "' is missing");
      }
      return check(key, value.getAsLong(), least, most);
    }

    int optional(String key, int least, int most, int otherwise) {
      OptionalLong value = metadata.integer(architecture + "." + key);
      return value.isEmpty() ? otherwise : check(key, value.getAsLong(), least, most);
    }

    double number(String key, double otherwise, double least, double most) {
      OptionalDouble value = metadata.number(architecture + "." + key);
      if (value.isEmpty()) {
        return otherwise;
      }
      if (!(value.getAsDouble() >= least && value.getAsDouble() <= most)) {
        throw bad("'" + key + "' is " + value.getAsDouble());
      }
      return value.getAsDouble();
    }

    private static int check(String key, long value, int least, int most) {
      if (value < least || value > most) {
        throw bad("'%s' is %d, but must be between %d and %d".formatted(key, value, least, most));
      }
      return (int) value;
    }
  }
}
