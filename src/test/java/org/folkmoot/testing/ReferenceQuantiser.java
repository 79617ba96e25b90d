package org.folkmoot.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.folkmoot.kernel.TensorType;

/**
 * Floats to the bytes of each number format, by the definitions of GGML's reference quantisers
 * ({@code quantize_row_*_ref} in ggml-quants.c): all arithmetic in binary32, the inverse scale
 * taken before the scale is rounded to binary16. In a block of 32 with 4-bit parts, byte {@code j}
 * holds weight {@code j} low and weight {@code j + 16} high. For the packed formats only the layout
 * is GGML's; see {@link PackedReference}.
 */
public final class ReferenceQuantiser {
  private static final int BLOCK = 32;

  private ReferenceQuantiser() {}

  /** The bytes of a row, or of several that follow each other. */
  public static byte[] quantise(TensorType type, float[] weights) {
    ByteBuffer out =
        ByteBuffer.allocate((int) type.rowBytes(weights.length)).order(ByteOrder.LITTLE_ENDIAN);
    for (int at = 0; at < weights.length; at += type.blockSize()) {
      switch (type) {
        case F32 -> out.putFloat(weights[at]);
        case F16 -> out.putShort(Float.floatToFloat16(weights[at]));
        case BF16 -> out.putShort(bfloat16(weights[at]));
        case Q8_0 -> q8(weights, at, out);
        case Q4_0 -> symmetric(weights, at, 4, out);
        case Q5_0 -> symmetric(weights, at, 5, out);
        case Q4_1 -> affine(weights, at, 4, out);
        case Q5_1 -> affine(weights, at, 5, out);
        case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
            out.put(PackedReference.quantise(type, weights, at));
      }
    }
    return out.array();
  }

  /** The upper half of a binary32, rounded to nearest even; a NaN stays one. */
  static short bfloat16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) ((bits >>> 16) | 64);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  private static void q8(float[] x, int at, ByteBuffer out) {
    float most = 0;
    for (int j = 0; j < BLOCK; j++) {
      most = Math.max(most, Math.abs(x[at + j]));
    }
    float d = most / 127;
    float inverse = inverse(d);
    out.putShort(Float.floatToFloat16(d));
    for (int j = 0; j < BLOCK; j++) {
      out.put((byte) roundHalfAway(x[at + j] * inverse));
    }
  }

  /** Q4_0 and Q5_0: the weight of largest magnitude, with its sign, becomes the least integer. */
  private static void symmetric(float[] x, int at, int bits, ByteBuffer out) {
    float most = 0;
    for (int j = 0; j < BLOCK; j++) {
      if (Math.abs(x[at + j]) > Math.abs(most)) {
        most = x[at + j];
      }
    }
    int half = 1 << (bits - 1);
    float d = most / -half;
    float inverse = inverse(d);
    int[] q = new int[BLOCK];
    for (int j = 0; j < BLOCK; j++) {
      q[j] = Math.min(2 * half - 1, (int) (x[at + j] * inverse + (half + 0.5f)));
    }
    out.putShort(Float.floatToFloat16(d));
    pack(q, bits, out);
  }

  /** Q4_1 and Q5_1: integers from the minimum to the maximum. */
  private static void affine(float[] x, int at, int bits, ByteBuffer out) {
    float min = Float.MAX_VALUE;
    float max = -Float.MAX_VALUE;
    for (int j = 0; j < BLOCK; j++) {
      min = Math.min(min, x[at + j]);
      max = Math.max(max, x[at + j]);
    }
    int top = (1 << bits) - 1;
    float d = (max - min) / top;
    float inverse = inverse(d);
    int[] q = new int[BLOCK];
    for (int j = 0; j < BLOCK; j++) {
      q[j] = Math.min(top, (int) ((x[at + j] - min) * inverse + 0.5f));
    }
    out.putShort(Float.floatToFloat16(d));
    out.putShort(Float.floatToFloat16(min));
    pack(q, bits, out);
  }

  private static void pack(int[] q, int bits, ByteBuffer out) {
    if (bits == 5) {
      int high = 0;
      for (int j = 0; j < BLOCK; j++) {
        high |= (q[j] >> 4) << j;
      }
      out.putInt(high);
    }
    for (int j = 0; j < BLOCK / 2; j++) {
      out.put((byte) ((q[j] & 15) | (q[j + 16] & 15) << 4));
    }
  }

  private static float inverse(float d) {
    return d == 0 ? 0 : 1 / d;
  }

  private static int roundHalfAway(float value) {
    int magnitude = (int) (Math.abs((double) value) + 0.5);
    return value < 0 ? -magnitude : magnitude;
  }
}
