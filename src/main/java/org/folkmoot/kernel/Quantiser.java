package org.folkmoot.kernel;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.folkmoot.base.FolkmootException;

/**
 * Floats to the blocks of a number format, the same bytes on every machine: binary32 and one
 * operation at a time, in the order in which GGML's reference quantisers ({@code
 * quantize_row_*_ref}) go, so that the bytes are GGML's, too. In the formats of 32 the scale is
 * divided by before it is rounded to binary16.
 */
public final class Quantiser {
  private static final int BLOCK = 32;

  private Quantiser() {}

  /**
   * Quantises whole blocks.
   *
   * @param type any but MXFP4, which nobody needs: what is in it was trained so
   * @param x weights; {@code length} from {@code from} on are whole blocks
   * @param out gets the blocks from {@code at} on
   * @throws FolkmootException BAD_FILE if a weight is not finite, or too large for the format
   */
  public static void row(TensorType type, float[] x, int from, int length, byte[] out, int at) {
    for (int i = from; i < from + length; i++) {
      if (!Float.isFinite(x[i])) {
        throw Faults.stored("a weight");
      }
    }
    ByteBuffer to = ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).position(at);
    PackedQuantiser packed = new PackedQuantiser();
    for (int i = from; i < from + length; i += type.blockSize()) {
      switch (type) {
        case F32 -> to.putFloat(x[i]);
        case F16 -> to.putShort(half(x[i]));
        case BF16 -> to.putShort(brain(x[i]));
        case Q8_0 -> bytes(x, i, to);
        case Q4_0 -> symmetric(x, i, 4, to);
        case Q5_0 -> symmetric(x, i, 5, to);
        case Q4_1 -> affine(x, i, 4, to);
        case Q5_1 -> affine(x, i, 5, to);
        case IQ4_NL, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> {
          packed.block(type, x, i, out, to.position());
          to.position(to.position() + type.blockBytes());
        }
        case MXFP4 -> throw new IllegalArgumentException("models are trained in " + type);
      }
    }
  }

  /**
   * Binary16, nearest even.
   *
   * @throws FolkmootException BAD_FILE if it is too large
   */
  static short half(float x) {
    short half = Float.floatToFloat16(x);
    if ((half & 0x7c00) == 0x7c00) {
      throw new FolkmootException(
          BAD_FILE,
          "a weight or scale of %s is too large for binary16: choose the type BF16 or F32"
              .formatted(x));
    }
    return half;
  }

  private static short brain(float x) {
    int bits = Float.floatToRawIntBits(x);
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }

  /** Q8_0: the greatest magnitude becomes 127; halves are rounded away from zero. */
  private static void bytes(float[] x, int at, ByteBuffer out) {
    float amax = 0;
    for (int i = at; i < at + BLOCK; i++) {
      amax = Math.max(amax, Math.abs(x[i]));
    }
    float d = amax / 127;
    float inverse = inverse(d);
    out.putShort(half(d));
    for (int i = at; i < at + BLOCK; i++) {
      float scaled = x[i] * inverse;
      int magnitude = (int) (Math.abs((double) scaled) + 0.5);
      out.put((byte) (scaled < 0 ? -magnitude : magnitude));
    }
  }

  /** Q4_0 and Q5_0: the weight of greatest magnitude, with its sign, becomes the least integer. */
  private static void symmetric(float[] x, int at, int bits, ByteBuffer out) {
    float most = 0;
    for (int i = at; i < at + BLOCK; i++) {
      if (Math.abs(x[i]) > Math.abs(most)) {
        most = x[i];
      }
    }
    int zero = 1 << (bits - 1);
    float d = most / -zero;
    float inverse = inverse(d);
    int[] u = new int[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      u[i] = Math.min(2 * zero - 1, (int) (x[at + i] * inverse + (zero + 0.5f)));
    }
    out.putShort(half(d));
    pack(u, bits, out);
  }

  /** Q4_1 and Q5_1: integers from the least weight to the greatest. */
  private static void affine(float[] x, int at, int bits, ByteBuffer out) {
    float least = Float.MAX_VALUE;
    float most = -Float.MAX_VALUE;
    for (int i = at; i < at + BLOCK; i++) {
      least = x[i] < least ? x[i] : least;
      most = x[i] > most ? x[i] : most;
    }
    int top = (1 << bits) - 1;
    float d = (most - least) / top;
    float inverse = inverse(d);
    int[] u = new int[BLOCK];
    for (int i = 0; i < BLOCK; i++) {
      u[i] = Math.min(top, (int) ((x[at + i] - least) * inverse + 0.5f));
    }
    out.putShort(half(d));
    out.putShort(half(least));
    pack(u, bits, out);
  }

  private static void pack(int[] u, int bits, ByteBuffer out) {
    if (bits == 5) {
      int high = 0;
      for (int i = 0; i < BLOCK; i++) {
        high |= (u[i] >> 4) << i;
      }
      out.putInt(high);
    }
    for (int i = 0; i < BLOCK / 2; i++) {
      out.put((byte) ((u[i] & 15) | ((u[i + 16] & 15) << 4)));
    }
  }

  private static float inverse(float d) {
    return d == 0 ? 0 : 1 / d;
  }
}
