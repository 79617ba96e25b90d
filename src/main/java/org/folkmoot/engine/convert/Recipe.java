package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;

/**
 * Which number format each tensor of a file gets. As in llama.cpp, vectors stay floats, the head is
 * kept finer than the rest, and a matrix whose rows are not whole blocks gets the next coarser
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
  /** 2.6 bits. */
  Q2_K(TensorType.Q2_K, 10),
  /** 3.4 bits. */
  Q3_K(TensorType.Q3_K, 11),
  /** 4.5 bits. */
  Q4_K(TensorType.Q4_K, 14),
  /** The same, with some matrices in Q6_K. */
  Q4_K_M(TensorType.Q4_K, 15),
  /** 5.5 bits. */
  Q5_K(TensorType.Q5_K, 16),
  /** The same, with some matrices in Q6_K. */
  Q5_K_M(TensorType.Q5_K, 17),
  /** 6.6 bits. */
  Q6_K(TensorType.Q6_K, 18),
  /** 4.5 bits, unevenly spaced. */
  IQ4_NL(TensorType.IQ4_NL, 25),
  /** 4.25 bits, the same in blocks of 256. */
  IQ4_XS(TensorType.IQ4_XS, 30);

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
    String wanted = name.strip().toUpperCase(Locale.ROOT).replace('-', '_');
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
   * The format of one tensor.
   *
   * @param headless whether the file has no head of its own, so that the embedding serves as one
   * @param layers of the model
   */
  TensorType of(WeightSource tensor, boolean headless, int layers) {
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
    boolean head = name.equals("output.weight") || (headless && name.equals("token_embd.weight"));
    TensorType wanted = head && this != Q8_0 ? TensorType.Q6_K : type;
    boolean mixes = this == Q4_K_M || this == Q5_K_M;
    if (mixes && (name.contains("attn_v.") || name.contains("ffn_down"))) {
      wanted = finer(layer(name), layers) ? TensorType.Q6_K : type;
    }
    return fitting(wanted, tensor.columns());
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
          case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL -> wanted;
        };
  }
}
