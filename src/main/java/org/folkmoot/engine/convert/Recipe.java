package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;

/**
 * Which number format each tensor of a file gets. As in llama.cpp (its {@code llama-quant.cpp} of
 * 2026, without importances), vectors stay floats, the head is kept finer than the rest, mixtures
 * keep finer what answers depend on most, and a matrix whose rows are not whole blocks gets other
 * blocks that fit.
 */
public enum Recipe {
  /** Floats as they are, widened. */
  F32(TensorType.F32, 0),
  /** Half of that. */
  F16(TensorType.F16, 1),
  /** The same size, with F32's range. */
  BF16(TensorType.BF16, 32),
  /** 4.5 bits. */
  Q4_0(TensorType.Q4_0, 2),
  /** 5 bits. */
  Q4_1(TensorType.Q4_1, 3),
  /** 8.5 bits: hardly to be told from the floats. */
  Q8_0(TensorType.Q8_0, 7),
  /** 5.5 bits. */
  Q5_0(TensorType.Q5_0, 8),
  /** 6 bits. */
  Q5_1(TensorType.Q5_1, 9),
  /** 2.6 bits, with the more delicate matrices in Q3_K and Q4_K. */
  Q2_K(TensorType.Q2_K, 10),
  /** 3.4 bits. */
  Q3_K_S(TensorType.Q3_K, 11),
  /** The same, with the more delicate matrices in Q4_K and Q5_K. */
  Q3_K_M(TensorType.Q3_K, 12),
  /** The same, with these in Q5_K. */
  Q3_K_L(TensorType.Q3_K, 13),
  /** 4.5 bits, with some matrices of the first layers in Q5_K. */
  Q4_K_S(TensorType.Q4_K, 14),
  /** The same, with some matrices of every third layer in Q6_K. */
  Q4_K_M(TensorType.Q4_K, 15),
  /** 5.5 bits. */
  Q5_K_S(TensorType.Q5_K, 16),
  /** The same, with some matrices of every third layer in Q6_K. */
  Q5_K_M(TensorType.Q5_K, 17),
  /** 6.6 bits. */
  Q6_K(TensorType.Q6_K, 18),
  /** 4.5 bits, unevenly spaced, with some matrices in Q5_K. */
  IQ4_NL(TensorType.IQ4_NL, 25),
  /** 4.25 bits, the same in blocks of 256. */
  IQ4_XS(TensorType.IQ4_XS, 30);

  /** What the short names mean: the medium mixture. */
  private static final Set<String> MEDIUM = Set.of("Q3_K", "Q4_K", "Q5_K");

  /** Experts of a Mixtral, whose few matrices of attention are worth more. */
  private static final int MIXTRAL = 8;

  /** Layers of Llama's 70B and Qwen's 72B. */
  private static final int LARGE = 80;

  /** Query heads for a KV head from which values are kept finer: there are few of them. */
  private static final int MANY = 4;

  private final TensorType type;
  private final int fileType;

  Recipe(TensorType type, int fileType) {
    this.type = type;
    this.fileType = fileType;
  }

  /** The number that GGUF files have for it in {@code general.file_type}. */
  int fileType() {
    return fileType;
  }

  /**
   * The recipe of a name, however it is written.
   *
   * @throws FolkmootException BAD_REQUEST with the names that there are
   */
  public static Recipe named(String name) {
    String asked = name.strip().toUpperCase(Locale.ROOT).replace('-', '_');
    String wanted = MEDIUM.contains(asked) ? asked + "_M" : asked;
    return Arrays.stream(values())
        .filter(recipe -> recipe.name().equals(wanted))
        .findFirst()
        .orElseThrow(() ->
            new FolkmootException(
                BAD_REQUEST, "there is no type '" + name + "'; there are " + names()));
  }

  /** All names. */
  public static String names() {
    return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "));
  }

  /**
   * What of a model decides its mixtures.
   *
   * @param layers how many
   * @param experts how many, 0 for none
   * @param group query heads that share a KV head
   * @param headless whether it has no head of its own, so that the embedding serves as one
   */
  record Model(String architecture, int layers, int experts, int group, boolean headless) {
    boolean isMixtral() {
      return experts == MIXTRAL;
    }

    boolean is70B() {
      boolean such = architecture.equals("llama") || architecture.equals("qwen2");
      return such && layers == LARGE && group > 1;
    }
  }

  /** The format of one tensor. */
  TensorType of(WeightSource tensor, Model model) {
    String name = tensor.name();
    if (!name.endsWith(".weight")
        || tensor.count() == 1
        || name.contains("norm")
        || name.contains("ffn_gate_inp")) {
      return TensorType.F32;
    }
    if (!type.isQuantised()) {
      return type;
    }
    return fitting(wanted(name, model), tensor.columns());
  }

  private TensorType wanted(String name, Model model) {
    boolean embedding = name.equals("token_embd.weight");
    if (name.equals("output.weight") || (embedding && model.headless)) {
      return this == Q8_0 ? type : TensorType.Q6_K;
    }
    int layer = layer(name);
    if (name.contains("attn_v.") || name.contains("attn_qkv.")) {
      return model.isMixtral() ? TensorType.Q8_0 : value(layer, model);
    }
    if (name.contains("attn_k.")) {
      return model.isMixtral() ? TensorType.Q8_0 : type;
    }
    if (name.contains("ffn_down")) {
      return down(layer, model.layers);
    }
    return name.contains("attn_output.") ? attentionOutput(model) : type;
  }

  /** Of the values, and of what holds them among others. */
  private TensorType value(int layer, Model model) {
    TensorType wanted =
        switch (this) {
          case Q2_K -> model.group >= MANY ? TensorType.Q4_K : TensorType.Q3_K;
          case Q3_K_M -> layer < 2 ? TensorType.Q5_K : TensorType.Q4_K;
          case Q3_K_L -> TensorType.Q5_K;
          case Q4_K_S -> layer < 4 ? TensorType.Q5_K : type;
          case Q4_K_M, Q5_K_M -> finer(layer, model.layers) ? TensorType.Q6_K : type;
          case IQ4_NL, IQ4_XS -> model.group >= MANY ? TensorType.Q5_K : type;
          case F32, F16, BF16, Q4_0, Q4_1, Q8_0, Q5_0, Q5_1, Q3_K_S, Q5_K_S, Q6_K -> type;
        };
    boolean coarse = wanted == TensorType.Q3_K || wanted == TensorType.Q4_K;
    return coarse && model.is70B() ? TensorType.Q5_K : wanted;
  }

  private TensorType down(int layer, int layers) {
    return switch (this) {
      case Q2_K -> TensorType.Q3_K;
      case Q3_K_M -> layer < layers / 16 ? TensorType.Q5_K : TensorType.Q4_K;
      case Q3_K_L -> TensorType.Q5_K;
      case Q4_K_S, IQ4_NL, IQ4_XS -> layer < layers / 8 ? TensorType.Q5_K : type;
      case Q4_K_M, Q5_K_M -> finer(layer, layers) ? TensorType.Q6_K : type;
      case F32, F16, BF16, Q4_0, Q4_1, Q8_0, Q5_0, Q5_1, Q3_K_S, Q5_K_S, Q6_K -> type;
    };
  }

  private TensorType attentionOutput(Model model) {
    return switch (this) {
      case Q2_K -> model.isMixtral() ? TensorType.Q5_K : TensorType.Q3_K;
      case Q3_K_M -> model.isMixtral() ? TensorType.Q5_K : TensorType.Q4_K;
      case Q3_K_L -> model.isMixtral() ? type : TensorType.Q5_K;
      case Q3_K_S, Q4_K_S, Q4_K_M, IQ4_NL, IQ4_XS -> model.isMixtral() ? TensorType.Q5_K : type;
      case F32, F16, BF16, Q4_0, Q4_1, Q8_0, Q5_0, Q5_1, Q5_K_S, Q5_K_M, Q6_K -> type;
    };
  }

  /** The first and last eighth of the layers and every third between, as llama.cpp chooses. */
  private static boolean finer(int layer, int layers) {
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
  }

  private static int layer(String name) {
    String[] parts = name.split("\\.", 3);
    return parts[0].equals("blk") && parts[1].matches("[0-9]{1,6}")
        ? Integer.parseInt(parts[1])
        : 0;
  }

  private static TensorType fitting(TensorType wanted, long columns) {
    if (columns % wanted.blockSize() == 0) {
      return wanted;
    }
    return columns % 32 != 0
        ? TensorType.F16
        : switch (wanted) {
          case Q2_K, Q3_K, IQ4_XS -> TensorType.IQ4_NL;
          case Q4_K -> TensorType.Q5_0;
          case Q5_K -> TensorType.Q5_1;
          case Q6_K -> TensorType.Q8_0;
          case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> wanted;
        };
  }
}
