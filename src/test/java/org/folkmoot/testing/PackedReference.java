package org.folkmoot.testing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.folkmoot.kernel.TensorType;

/**
 * The packed formats from their descriptions in ggml-common.h, walked through in the order in which
 * the bytes lie: what {@link Dequantiser} and {@link ReferenceQuantiser} know of them. All fits
 * binary64 exactly.
 */
final class PackedReference {
  /** The sixteen values of IQ4_NL, {@code kvalues_iq4nl}. */
  static final int[] VALUES = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
  };

  /** Twice those of MXFP4, {@code kvalues_mxfp4}. */
  static final int[] TWICE_E2M1 = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

  private PackedReference() {}

  /** A block's parts: weight {@code i} is {@code d·scale[i/16]·q[i] - least·min[i/16]}. */
  record Parts(double d, double least, int[] scale, int[] min, int[] q) {}

  static void block(TensorType type, byte[] block, double[] into, int at) {
    Parts parts = parts(type, block);
    for (int i = 0; i < parts.q.length; i++) {
      double weight = parts.d * (parts.scale[i / 16] * parts.q[i]);
      into[at + i] = weight - parts.least * parts.min[i / 16];
    }
  }

  private static Parts parts(TensorType type, byte[] b) {
    if (type == TensorType.MXFP4) {
      int[] q = new int[32];
      for (int j = 0; j < 16; j++) {
        q[j] = TWICE_E2M1[b[1 + j] & 15];
        q[j + 16] = TWICE_E2M1[(b[1 + j] & 255) >> 4];
      }
      return new Parts(Math.pow(2, (b[0] & 255) - 127) / 2, 0, new int[] {1, 1}, new int[2], q);
    }
    int[] q = new int[type.blockSize()];
    int[] scale = new int[type.blockSize() / 16];
    int[] min = new int[type.blockSize() / 16];
    double d = half(b, type.scaleOffset());
    double least = 0;
    switch (type) {
      case IQ4_NL -> {
        for (int j = 0; j < 16; j++) {
          q[j] = VALUES[b[2 + j] & 15];
          q[j + 16] = VALUES[(b[2 + j] & 255) >> 4];
        }
        scale[0] = 1;
        scale[1] = 1;
      }
      case IQ4_XS -> {
        int high = (b[2] & 255) | ((b[3] & 255) << 8);
        for (int ib = 0; ib < 8; ib++) {
          int low = (b[4 + ib / 2] >> (4 * (ib % 2))) & 15;
          scale[2 * ib] = scale[2 * ib + 1] = (low | ((high >> (2 * ib)) & 3) << 4) - 32;
          for (int j = 0; j < 16; j++) {
            q[32 * ib + j] = VALUES[b[8 + 16 * ib + j] & 15];
            q[32 * ib + j + 16] = VALUES[(b[8 + 16 * ib + j] & 255) >> 4];
          }
        }
      }
      case Q2_K -> {
        least = half(b, 82);
        for (int j = 0; j < 16; j++) {
          scale[j] = b[j] & 15;
          min[j] = (b[j] & 255) >> 4;
        }
        twos(b, 16, q);
      }
      case Q3_K -> {
        twos(b, 32, q);
        for (int i = 0; i < 256; i++) {
          q[i] -= (b[i % 32] >> (i / 32) & 1) == 1 ? 0 : 4;
        }
        for (int j = 0; j < 16; j++) {
          int low = j < 8 ? b[96 + j] & 15 : (b[96 + j - 8] & 255) >> 4;
          scale[j] = (low | (b[104 + j % 4] >> (2 * (j / 4)) & 3) << 4) - 32;
        }
      }
      case Q4_K, Q5_K -> {
        least = half(b, 2);
        boolean five = type == TensorType.Q5_K;
        for (int j = 0; j < 8; j++) {
          int[] both = scaleAndMin(b, j);
          scale[2 * j] = scale[2 * j + 1] = both[0];
          min[2 * j] = min[2 * j + 1] = both[1];
        }
        int ql = five ? 48 : 16;
        for (int j = 0; j < 256; j += 64, ql += 32) {
          for (int l = 0; l < 32; l++) {
            q[j + l] = b[ql + l] & 15;
            q[j + l + 32] = (b[ql + l] & 255) >> 4;
          }
        }
        for (int i = 0; i < 256 && five; i++) {
          q[i] += (b[16 + i % 32] >> (i / 32) & 1) * 16;
        }
      }
      case Q6_K -> {
        int ql = 0;
        int qh = 128;
        for (int n = 0; n < 256; n += 128, ql += 64, qh += 32) {
          for (int l = 0; l < 32; l++) {
            q[n + l] = ((b[ql + l] & 15) | (b[qh + l] & 3) << 4) - 32;
            q[n + l + 32] = ((b[ql + l + 32] & 15) | (b[qh + l] >> 2 & 3) << 4) - 32;
            q[n + l + 64] = ((b[ql + l] & 255) >> 4 | (b[qh + l] >> 4 & 3) << 4) - 32;
            q[n + l + 96] = ((b[ql + l + 32] & 255) >> 4 | (b[qh + l] >> 6 & 3) << 4) - 32;
          }
        }
        for (int j = 0; j < 16; j++) {
          scale[j] = b[192 + j];
        }
      }
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException();
    }
    return new Parts(d, least, scale, min, q);
  }

  /** 64 bytes of two bits: 128 weights in each half, 32 under each shift. */
  private static void twos(byte[] b, int from, int[] q) {
    for (int n = 0; n < 256; n += 128, from += 32) {
      for (int shift = 0; shift < 8; shift += 2) {
        for (int l = 0; l < 32; l++) {
          q[n + 16 * shift + l] = b[from + l] >> shift & 3;
        }
      }
    }
  }

  /** {@code get_scale_min_k4}. */
  private static int[] scaleAndMin(byte[] b, int j) {
    int at = 4 + j;
    return j < 4
        ? new int[] {b[at] & 63, b[at + 4] & 63}
        : new int[] {
          (b[at + 4] & 15) | (b[at - 4] >> 6 & 3) << 4,
          (b[at + 4] & 255) >> 4 | (b[at] >> 6 & 3) << 4
        };
  }

  private static double half(byte[] b, int at) {
    return Float.float16ToFloat(ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN).getShort(at));
  }

  /**
   * A block for weights {@code x[at], …}: not the best one (GGML searches), but a plain one. Parts
   * with a minimum reach from the least weight to the greatest, others from the greatest magnitude
   * to its opposite.
   */
  static byte[] quantise(TensorType type, float[] x, int at) {
    byte[] block = new byte[type.blockBytes()];
    if (type == TensorType.MXFP4) {
      powerOfTwo(x, at, block);
      return block;
    }
    ByteBuffer out = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    int size = type == TensorType.Q4_K || type == TensorType.Q5_K || type.hasTable() ? 32 : 16;
    int parts = type.blockSize() / size;
    int top = top(type);
    double[] step = new double[parts];
    double[] least = new double[parts];
    double d = 0;
    double dmin = 0;
    for (int part = 0; part < parts; part++) {
      double low = 0;
      double high = 0;
      for (int i = 0; i < size; i++) {
        low = Math.min(low, x[at + part * size + i]);
        high = Math.max(high, x[at + part * size + i]);
      }
      double most = Math.max(high, -low);
      step[part] = type.hasMinimum() ? (high - low) / top : most / (top / 2 + 1);
      least[part] = -low;
      d = Math.max(d, step[part] / topScale(type));
      dmin = Math.max(dmin, least[part] / topScale(type));
    }
    d = rounded(out, type.scaleOffset(), d);
    dmin = type.hasMinimum() ? rounded(out, type.scaleOffset() + 2, dmin) : 0;
    for (int part = 0; part < parts; part++) {
      int scale = type == TensorType.IQ4_NL ? 1 : nearest(step[part], d, 0, topScale(type));
      int min = nearest(least[part], dmin, 0, topScale(type));
      if (type.hasSubBlocks()) {
        put(type, block, part, scale, min);
      }
      for (int i = 0; i < size; i++) {
        double wanted = x[at + part * size + i] + dmin * min;
        int zero = type.hasMinimum() ? 0 : top / 2 + 1;
        int q =
            type.hasTable()
                ? place(wanted, d * scale)
                : nearest(wanted, d * scale, -zero, top - zero) + zero;
        put(type, block, part * size + i, q);
      }
    }
    return block;
  }

  /** The greatest magnitude gets the greatest exponent, which reaches from 4 to 6. */
  private static void powerOfTwo(float[] x, int at, byte[] block) {
    float most = 0;
    for (int i = 0; i < 32; i++) {
      most = Math.max(most, Math.abs(x[at + i]));
    }
    int exponent = most == 0 ? -127 : Math.max(-127, Math.getExponent(most) - 2);
    block[0] = (byte) (exponent + 127);
    for (int i = 0; i < 32; i++) {
      int best = 0;
      for (int q = 1; q < 16; q++) {
        double error = Math.abs(Math.scalb(TWICE_E2M1[q], exponent - 1) - x[at + i]);
        if (error < Math.abs(Math.scalb(TWICE_E2M1[best], exponent - 1) - x[at + i])) {
          best = q;
        }
      }
      block[1 + i % 16] |= (byte) (best << (i < 16 ? 0 : 4));
    }
  }

  private static int top(TensorType type) {
    return switch (type) {
      case Q2_K -> 3;
      case Q3_K -> 7;
      case Q4_K -> 15;
      case Q5_K -> 31;
      case Q6_K -> 63;
      case IQ4_NL, IQ4_XS -> 253;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException();
    };
  }

  private static int topScale(TensorType type) {
    return switch (type) {
      case Q2_K -> 15;
      case Q3_K, IQ4_XS -> 31;
      case Q4_K, Q5_K -> 63;
      case Q6_K -> 127;
      case IQ4_NL -> 1;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException();
    };
  }

  private static double rounded(ByteBuffer out, int at, double value) {
    short half = Float.floatToFloat16((float) value);
    out.putShort(at, half);
    return Float.float16ToFloat(half);
  }

  private static int nearest(double value, double unit, int least, int most) {
    return unit == 0 ? 0 : Math.clamp(Math.round(value / unit), least, most);
  }

  private static int place(double value, double d) {
    int best = 8;
    for (int i = 0; i < 16 && d != 0; i++) {
      if (Math.abs(VALUES[i] * d - value) < Math.abs(VALUES[best] * d - value)) {
        best = i;
      }
    }
    return best;
  }

  private static void put(TensorType type, byte[] b, int part, int scale, int min) {
    switch (type) {
      case Q2_K -> b[part] = (byte) (scale | min << 4);
      case Q3_K -> {
        int biased = scale + 32;
        b[96 + part % 8] |= (byte) ((biased & 15) << (part < 8 ? 0 : 4));
        b[104 + part % 4] |= (byte) ((biased >> 4) << (2 * (part / 4)));
      }
      case Q4_K, Q5_K -> {
        if (part < 4) {
          b[4 + part] |= (byte) scale;
          b[8 + part] |= (byte) min;
        } else {
          b[8 + part] = (byte) ((scale & 15) | (min & 15) << 4);
          b[part] |= (byte) (scale >> 4 << 6);
          b[4 + part] |= (byte) (min >> 4 << 6);
        }
      }
      case IQ4_XS -> {
        b[4 + part / 2] |= (byte) (((scale + 32) & 15) << (4 * (part % 2)));
        b[2 + part / 4] |= (byte) (((scale + 32) >> 4) << (2 * (part % 4)));
      }
      case Q6_K -> b[192 + part] = (byte) scale;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, MXFP4 ->
          throw new IllegalArgumentException();
    }
  }

  private static void put(TensorType type, byte[] b, int i, int q) {
    int j = i / 32;
    switch (type) {
      case IQ4_NL -> b[2 + i % 16] |= (byte) (q << (i < 16 ? 0 : 4));
      case IQ4_XS -> b[8 + 16 * j + i % 16] |= (byte) (q << (i % 32 < 16 ? 0 : 4));
      case Q2_K -> b[16 + 32 * (i / 128) + i % 32] |= (byte) (q << (2 * (j % 4)));
      case Q3_K -> {
        b[32 + 32 * (i / 128) + i % 32] |= (byte) ((q & 3) << (2 * (j % 4)));
        b[i % 32] |= (byte) (q >> 2 << j);
      }
      case Q4_K -> b[16 + 32 * (i / 64) + i % 32] |= (byte) (q << (4 * (j % 2)));
      case Q5_K -> {
        b[48 + 32 * (i / 64) + i % 32] |= (byte) ((q & 15) << (4 * (j % 2)));
        b[16 + i % 32] |= (byte) (q >> 4 << j);
      }
      case Q6_K -> {
        b[64 * (i / 128) + i % 64] |= (byte) ((q & 15) << (4 * (i / 64 % 2)));
        b[128 + 32 * (i / 128) + i % 32] |= (byte) ((q >> 4) << (2 * (j % 4)));
      }
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException();
    }
  }
}
