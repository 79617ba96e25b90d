package org.folkmoot.kernel;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Where GGML keeps the parts of its packed blocks (IQ4_NL, MXFP4, and the blocks of 256 with scales
 * of their own). In all of them the weights of four neighbouring columns lie in four neighbouring
 * bytes under one shift, so four are taken at once. Integers come out unsigned, as they are stored.
 */
final class SuperBlocks {
  /** What the sixteen integers of IQ4_NL and IQ4_XS stand for. */
  static final int[] TABLE = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** What those of MXFP4 stand for: twice the numbers of E2M1. */
  private static final int[] TWICE_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  /** Turns signed bytes into unsigned ones that are greater by 128. */
  static final int SIGNS = 0x8080_8080;

  /** Times four bits, and masked, this is a bit in each of four bytes. */
  static final int SPREAD = 0x0020_4081;

  private SuperBlocks() {}

  /** What the integers of a format with a table stand for. */
  static int[] table(TensorType type) {
    return type == TensorType.MXFP4 ? TWICE_E2M1 : TABLE;
  }

  /** The upper half of {@code 2^(e - 128)} as binary32, which below {@code e = 2} is subnormal. */
  static int upperHalf(int e) {
    return e < 2 ? 0x20 << e : (e - 1) << 7;
  }

  /**
   * The lower bits of four columns, a byte each.
   *
   * @param at where the block begins
   * @param block which 32 columns of it
   * @param k which four of these, 0 to 7
   */
  static int low(TensorType type, byte[] in, int at, int block, int k) {
    int mask = (1 << PackedLayout.of(type).lowBits()) - 1;
    int four = field(in, at + lowAt(type, block, k), lowShift(type, block, k), mask);
    return type == TensorType.Q8_0 ? four ^ SIGNS : four;
  }

  /** Where in a block the four bytes lie that hold {@link #low}. */
  static int lowAt(TensorType type, int block, int k) {
    return switch (type) {
      case Q8_0 -> 2 + 4 * k;
      case Q4_0, IQ4_NL -> 2 + 4 * (k & 3);
      case MXFP4 -> 1 + 4 * (k & 3);
      case IQ4_XS -> 8 + 16 * block + 4 * (k & 3);
      case Q4_1 -> 4 + 4 * (k & 3);
      case Q5_0 -> 6 + 4 * (k & 3);
      case Q5_1 -> 8 + 4 * (k & 3);
      case Q4_K -> 16 + 32 * (block >> 1) + 4 * k;
      case Q5_K -> 48 + 32 * (block >> 1) + 4 * k;
      case Q6_K -> 64 * (block >> 2) + 32 * (block & 1) + 4 * k;
      case Q2_K -> 16 + 32 * (block >> 2) + 4 * k;
      case Q3_K -> 32 + 32 * (block >> 2) + 4 * k;
      case F32, F16, BF16 -> throw other(type);
    };
  }

  /** How far right they must be shifted. */
  static int lowShift(TensorType type, int block, int k) {
    return switch (type) {
      case Q8_0 -> 0;
      case Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4, IQ4_XS -> k & 4;
      case Q4_K, Q5_K -> 4 * (block & 1);
      case Q6_K, Q2_K, Q3_K -> 2 * (block & (type == TensorType.Q6_K ? 2 : 3));
      case F32, F16, BF16 -> throw other(type);
    };
  }

  /** The higher bits of four columns, a byte each; zero where the format has none. */
  static int high(TensorType type, byte[] in, int at, int block, int k) {
    return switch (type) {
      case Q5_0, Q5_1 -> fourBits(in, at + highAt(type, block, k), highShift(type, block, k));
      case Q5_K, Q6_K, Q3_K -> {
        int mask = (1 << PackedLayout.of(type).highBits()) - 1;
        yield field(in, at + highAt(type, block, k), highShift(type, block, k), mask);
      }
      case IQ4_NL, MXFP4, IQ4_XS, Q4_0, Q4_1, Q8_0, Q4_K, Q2_K -> 0;
      case F32, F16, BF16 -> throw other(type);
    };
  }

  /** Where in a block the four bytes lie that hold {@link #high}. */
  static int highAt(TensorType type, int block, int k) {
    return switch (type) {
      case Q5_0 -> 2;
      case Q5_1 -> 4;
      case Q5_K -> 16 + 4 * k;
      case Q6_K -> 128 + 32 * (block >> 2) + 4 * k;
      case Q3_K -> 4 * k;
      case F32, F16, BF16, IQ4_NL, MXFP4, IQ4_XS, Q4_0, Q4_1, Q8_0, Q4_K, Q2_K -> throw other(type);
    };
  }

  /** How far right they must be shifted. */
  static int highShift(TensorType type, int block, int k) {
    return switch (type) {
      case Q5_0, Q5_1 -> 4 * k;
      case Q5_K, Q3_K -> block;
      case Q6_K -> 2 * (block & 3);
      case F32, F16, BF16, IQ4_NL, MXFP4, IQ4_XS, Q4_0, Q4_1, Q8_0, Q4_K, Q2_K -> throw other(type);
    };
  }

  /** Four neighbouring bits, a byte each. */
  private static int fourBits(byte[] in, int at, int shift) {
    int four = ((int) INT.get(in, at) >>> shift) & 15;
    return (four * SPREAD) & 0x0101_0101;
  }

  private static int field(byte[] in, int at, int shift, int mask) {
    return ((int) INT.get(in, at) >>> shift) & (mask * 0x0101_0101);
  }

  /** The integer scale of 16 columns, number {@code part} of the block. */
  static int scale(TensorType type, byte[] in, int at, int part) {
    return switch (type) {
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 -> 1;
      case Q4_K, Q5_K -> six(in, at + 4, at + 12, 0, part >> 1);
      case Q6_K -> in[at + 192 + part];
      case Q2_K -> in[at + part] & 15;
      case IQ4_XS -> {
        int j = part >> 1;
        int low = (in[at + 4 + (j >> 1)] >> (4 * (j & 1))) & 15;
        int high = (in[at + 2 + (j >> 2)] >> (2 * (j & 3))) & 3;
        yield (low | (high << 4)) - 32;
      }
      case Q3_K -> {
        int low = (in[at + 96 + (part & 7)] >> ((part & 8) / 2)) & 15;
        int high = (in[at + 104 + (part & 3)] >> (2 * (part >> 2))) & 3;
        yield (low | (high << 4)) - 32;
      }
      case F32, F16, BF16 -> throw other(type);
    };
  }

  /** The integer minimum of 16 columns, number {@code part} of the block. */
  static int minimum(TensorType type, byte[] in, int at, int part) {
    return switch (type) {
      case Q4_K, Q5_K -> six(in, at + 8, at + 12, 4, part >> 1);
      case Q2_K -> (in[at + part] >> 4) & 15;
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4, IQ4_XS, Q3_K, Q6_K -> 0;
      case F32, F16, BF16 -> throw other(type);
    };
  }

  /**
   * One of eight numbers of six bits: the first four lie in the lower bits of four bytes, the
   * others have their upper two bits in the same bytes, their lower four in half a byte of another
   * four.
   */
  private static int six(byte[] in, int at, int rest, int shift, int j) {
    return j < 4
        ? in[at + j] & 63
        : ((in[rest + j - 4] >> shift) & 15) | (((in[at + j - 4] >> 6) & 3) << 4);
  }

  private static IllegalArgumentException other(TensorType type) {
    return new IllegalArgumentException(type + " has another layout");
  }
}
