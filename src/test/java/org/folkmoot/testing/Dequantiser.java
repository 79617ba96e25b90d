package org.folkmoot.testing;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.TensorType;

/**
 * The real numbers that a tensor's bytes stand for. Every format's weights fit binary64 exactly:
 * with a minimum, the sum spans at most 45 bits.
 */
public final class Dequantiser {
  private static final int BLOCK = 32;

  private Dequantiser() {}

  /** A whole tensor, row after row. */
  public static double[] all(GgufFile file, GgufTensor tensor) {
    double[] weights = new double[Math.toIntExact(tensor.elements())];
    dequantise(tensor.type(), buffer(file.data(tensor)), weights);
    return weights;
  }

  /** One row of a tensor into an array as long as a row. */
  public static void row(GgufFile file, GgufTensor tensor, int row, double[] into) {
    long length = tensor.type().rowBytes(tensor.columns());
    MemorySegment bytes = file.data(tensor).asSlice(row * length, length);
    dequantise(tensor.type(), buffer(bytes), into);
  }

  /** As many weights as the array is long. */
  public static void dequantise(TensorType type, ByteBuffer in, double[] into) {
    for (int at = 0; at < into.length; at += type.blockSize()) {
      switch (type) {
        case F32 -> into[at] = in.getFloat();
        case F16 -> into[at] = half(in);
        case BF16 -> into[at] = Float.intBitsToFloat(in.getShort() << 16);
        case Q8_0 -> {
          double d = half(in);
          for (int j = 0; j < BLOCK; j++) {
            into[at + j] = in.get() * d;
          }
        }
        case Q4_0 -> {
          double d = half(in);
          nibbles(in, 0, -8, d, 0, into, at);
        }
        case Q4_1 -> {
          double d = half(in);
          double min = half(in);
          nibbles(in, 0, 0, d, min, into, at);
        }
        case Q5_0 -> {
          double d = half(in);
          int high = in.getInt();
          nibbles(in, high, -16, d, 0, into, at);
        }
        case Q5_1 -> {
          double d = half(in);
          double min = half(in);
          int high = in.getInt();
          nibbles(in, high, 0, d, min, into, at);
        }
        case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> {
          byte[] block = new byte[type.blockBytes()];
          in.get(block);
          PackedReference.block(type, block, into, at);
        }
      }
    }
  }

  /** 16 bytes of low and high nibbles, each with a fifth bit from {@code high}. */
  private static void nibbles(
      ByteBuffer in, int high, int shift, double d, double min, double[] into, int at) {
    for (int j = 0; j < BLOCK / 2; j++) {
      int both = in.get();
      int first = (both & 15) | (high >>> j & 1) << 4;
      int second = (both >> 4 & 15) | (high >>> (j + 16) & 1) << 4;
      into[at + j] = (first + shift) * d + min;
      into[at + j + BLOCK / 2] = (second + shift) * d + min;
    }
  }

  private static double half(ByteBuffer in) {
    return Float.float16ToFloat(in.getShort());
  }

  private static ByteBuffer buffer(MemorySegment bytes) {
    return bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  }
}
