package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.folkmoot.base.FolkmootException;

/** Rule 2's embedding rows: weights of a row as binary32, from the integers that GGML stores. */
public final class Dequantiser {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Dequantiser() {}

  /**
   * Widens one row.
   *
   * @param source bytes of GGML blocks
   * @param at where the row begins
   * @param length weights of the row, whole blocks
   * @throws FolkmootException BAD_FILE if a weight is NaN or infinite
   */
  public static void row(
      MemorySegment source, long at, TensorType type, int length, float[] to, int toAt) {
    for (int i = 0; i < length; i += type.blockSize()) {
      long block = at + (long) (i / type.blockSize()) * type.blockBytes();
      switch (type) {
        case F32 -> to[toAt + i] = source.get(FLOAT, block);
        case F16 -> to[toAt + i] = half(source, block);
        case BF16 -> to[toAt + i] = Float.intBitsToFloat(source.get(SHORT, block) << 16);
        case Q8_0 -> {
          float d = half(source, block);
          for (int c = 0; c < 32; c++) {
            to[toAt + i + c] = source.get(ValueLayout.JAVA_BYTE, block + 2 + c) * d;
          }
        }
        case Q4_0, Q4_1, Q5_0, Q5_1 -> unpack(source, block, type, to, toAt + i);
        case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
            unpackParts(source, block, type, to, toAt + i);
      }
    }
    for (int i = toAt; i < toAt + length; i++) {
      if (!Float.isFinite(to[i])) {
        throw Faults.stored("a weight");
      }
    }
  }

  private static void unpack(
      MemorySegment source, long block, TensorType type, float[] to, int toAt) {
    boolean five = type == TensorType.Q5_0 || type == TensorType.Q5_1;
    float d = half(source, block);
    float m = type.hasMinimum() ? half(source, block + 2) : 0;
    long at = block + (type.hasMinimum() ? 4 : 2);
    int high = five ? source.get(INT, at) : 0;
    long nibbles = at + (five ? 4 : 0);
    for (int c = 0; c < 32; c++) {
      int pair = source.get(ValueLayout.JAVA_BYTE, nibbles + c % 16);
      int low = c < 16 ? pair & 15 : (pair >>> 4) & 15;
      int u = low | (((high >>> c) & 1) << 4);
      to[toAt + c] = type.hasMinimum() ? Math.fma((float) u, d, m) : (u - (five ? 16 : 8)) * d;
    }
  }

  /** A packed block, by parts of 16 columns that share a scale. */
  private static void unpackParts(
      MemorySegment source, long block, TensorType type, float[] to, int toAt) {
    byte[] in = source.asSlice(block, type.blockBytes()).toArray(ValueLayout.JAVA_BYTE);
    float d =
        type.hasPowerOfTwo()
            ? Float.intBitsToFloat(SuperBlocks.upperHalf(in[type.scaleOffset()] & 0xff) << 16)
            : half(source, block + type.scaleOffset());
    float least = type.hasMinimum() ? half(source, block + type.scaleOffset() + 2) : 0;
    PackedLayout layout = PackedLayout.of(type);
    for (int part = 0; part < type.blockSize() / 16; part++) {
      int scale = SuperBlocks.scale(type, in, 0, part);
      float min = -((float) SuperBlocks.minimum(type, in, 0, part) * least);
      for (int c = 0; c < 16; c++) {
        int k = (part & 1) * 4 + c / 4;
        int four =
            SuperBlocks.low(type, in, 0, part / 2, k)
                | (SuperBlocks.high(type, in, 0, part / 2, k) << layout.lowBits());
        int u = (four >>> (8 * (c % 4))) & 0xff;
        float w = scale * (type.hasTable() ? SuperBlocks.table(type)[u] : u - layout.zero());
        to[toAt + part * 16 + c] = type.hasMinimum() ? Math.fma(w, d, min) : w * d;
      }
    }
  }

  private static float half(MemorySegment source, long at) {
    return Float.float16ToFloat(source.get(SHORT, at));
  }
}
