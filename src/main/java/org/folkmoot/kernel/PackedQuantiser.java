package org.folkmoot.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * {@link Quantiser} for the packed formats. Each part of a block (16 or 32 weights) gets the scale,
 * and the minimum, that {@link PartFit} finds for it; these are rounded to integer multiples of the
 * block's binary16 ones; then the integers are chosen anew for the scales as they are stored.
 */
final class PackedQuantiser {
  /** Below it all weights of a part count as zero. */
  static final float NOTHING = 1e-15f;

  private final int[] u = new int[256];
  private final float[] scales = new float[16];
  private final float[] minimums = new float[16];
  private final PartFit fit = new PartFit();

  /** One block of the weights {@code x[at], …} to bytes that are all overwritten. */
  void block(TensorType type, float[] x, int at, byte[] out, int to) {
    Arrays.fill(out, to, to + type.blockBytes(), (byte) 0);
    ByteBuffer block = ByteBuffer.wrap(out, to, type.blockBytes()).slice();
    block.order(ByteOrder.LITTLE_ENDIAN);
    switch (type) {
      case Q4_K -> withMinimums(type, x, at, 32, new Search(15, -1, 20), block);
      case Q5_K -> withMinimums(type, x, at, 32, new Search(31, -0.5f, 15), block);
      case Q2_K -> withMinimums(type, x, at, 16, new Search(3, -0.5f, 15), block);
      case Q6_K -> sixBits(x, at, block);
      case Q3_K -> threeBits(x, at, block);
      case IQ4_NL -> table(x, at, block);
      case IQ4_XS -> tables(x, at, block);
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException(type.name());
    }
  }

  /**
   * Which scales are tried.
   *
   * @param top the greatest integer
   * @param from the first one tried is as if the greatest were {@code top + from}
   * @param tries how many more follow, 0.1 apart
   */
  record Search(int top, float from, int tries) {}

  private void withMinimums(
      TensorType type, float[] x, int at, int size, Search search, ByteBuffer block) {
    int parts = 256 / size;
    int topScale = type == TensorType.Q2_K ? 15 : 63;
    float maxScale = 0;
    float maxMinimum = 0;
    for (int part = 0; part < parts; part++) {
      fit.weigh(x, at + part * size, size, type != TensorType.Q2_K);
      scales[part] =
          fit.withMinimum(x, at + part * size, size, search, type == TensorType.Q2_K, u, part);
      minimums[part] = fit.minimum();
      maxScale = scales[part] > maxScale ? scales[part] : maxScale;
      maxMinimum = minimums[part] > maxMinimum ? minimums[part] : maxMinimum;
    }
    float inverseScale = maxScale > 0 ? topScale / maxScale : 0;
    float inverseMinimum = maxMinimum > 0 ? topScale / maxMinimum : 0;
    short d = Quantiser.half(maxScale / topScale);
    short least = Quantiser.half(maxMinimum / topScale);
    block.putShort(type.scaleOffset(), d).putShort(type.scaleOffset() + 2, least);
    for (int part = 0; part < parts; part++) {
      int scale = Math.min(topScale, nearest(inverseScale * scales[part]));
      int minimum = Math.min(topScale, nearest(inverseMinimum * minimums[part]));
      putScales(type, block, part, scale, minimum);
      float step = Float.float16ToFloat(d) * scale;
      if (step != 0) {
        float added = Float.float16ToFloat(least) * minimum;
        for (int i = part * size; i < (part + 1) * size; i++) {
          u[i] = Math.clamp(nearest((x[at + i] + added) / step), 0, search.top);
        }
      }
    }
    for (int i = 0; i < 256; i++) {
      putInteger(type, block, i, u[i]);
    }
  }

  private void sixBits(float[] x, int at, ByteBuffer block) {
    float most = 0;
    for (int part = 0; part < 16; part++) {
      scales[part] = fit.symmetric(x, at + part * 16, 16, 32, u, part);
      most = Math.abs(scales[part]) > Math.abs(most) ? scales[part] : most;
    }
    if (Math.abs(most) < NOTHING) {
      return;
    }
    float inverse = -128f / most;
    short d = Quantiser.half(1 / inverse);
    block.putShort(TensorType.Q6_K.scaleOffset(), d);
    for (int part = 0; part < 16; part++) {
      int scale = Math.min(127, nearest(inverse * scales[part]));
      block.put(192 + part, (byte) scale);
      requantise(x, at, part, Float.float16ToFloat(d) * scale, 32);
    }
    for (int i = 0; i < 256; i++) {
      putInteger(TensorType.Q6_K, block, i, u[i]);
    }
  }

  private void threeBits(float[] x, int at, ByteBuffer block) {
    float most = 0;
    for (int part = 0; part < 16; part++) {
      scales[part] = fit.oneByOne(x, at + part * 16, 16, 4, u, part);
      most = Math.abs(scales[part]) > Math.abs(most) ? scales[part] : most;
    }
    float inverse = most == 0 ? 0 : -32f / most;
    short d = most == 0 ? 0 : Quantiser.half(1 / inverse);
    block.putShort(TensorType.Q3_K.scaleOffset(), d);
    for (int part = 0; part < 16; part++) {
      // Without any scale GGML leaves the bytes zero, which stand for -32.
      int scale = most == 0 ? -32 : Math.clamp(nearest(inverse * scales[part]), -32, 31);
      putScales(TensorType.Q3_K, block, part, scale + 32, 0);
      requantise(x, at, part, Float.float16ToFloat(d) * scale, 4);
    }
    for (int i = 0; i < 256; i++) {
      putInteger(TensorType.Q3_K, block, i, u[i]);
    }
  }

  private void requantise(float[] x, int at, int part, float step, int zero) {
    for (int i = part * 16; i < (part + 1) * 16 && step != 0; i++) {
      u[i] = Math.clamp(nearest(x[at + i] / step), -zero, zero - 1) + zero;
    }
  }

  private void table(float[] x, int at, ByteBuffer block) {
    float d = fit.table(x, at);
    block.putShort(0, Quantiser.half(d));
    float inverse = d == 0 ? 0 : 1 / d;
    for (int i = 0; i < 32; i++) {
      putInteger(TensorType.IQ4_NL, block, i, PartFit.place(inverse * x[at + i]));
    }
  }

  /** Eight tables whose scales are integers, too: -32 to 31 times that of the block. */
  private void tables(float[] x, int at, ByteBuffer block) {
    float most = 0;
    for (int part = 0; part < 8; part++) {
      scales[part] = fit.table(x, at + 32 * part);
      most = Math.abs(scales[part]) > Math.abs(most) ? scales[part] : most;
    }
    float d = -most / 32;
    block.putShort(0, Quantiser.half(d));
    float inverse = d == 0 ? 0 : 1 / d;
    for (int part = 0; part < 8; part++) {
      int scale = Math.clamp(nearest(inverse * scales[part]), -32, 31);
      or(block, 4 + part / 2, (scale + 32) & 15, 4 * (part % 2));
      or(block, 2 + part / 4, (scale + 32) >> 4, 2 * (part % 4));
      // GGML divides by the scale as it was before it was rounded to binary16.
      float step = d * scale;
      float inverseStep = step == 0 ? 0 : 1 / step;
      for (int i = 32 * part; i < 32 * (part + 1); i++) {
        putInteger(TensorType.IQ4_XS, block, i, PartFit.place(inverseStep * x[at + i]));
      }
    }
  }

  /** The nearest integer, ties to even; what is beyond all integers becomes the last one. */
  static int nearest(float x) {
    return (int) Math.rint(x);
  }

  private static void putScales(
      TensorType type, ByteBuffer block, int part, int scale, int minimum) {
    if (type == TensorType.Q2_K) {
      block.put(part, (byte) (scale | (minimum << 4)));
    } else if (type == TensorType.Q3_K) {
      or(block, 96 + part % 8, scale & 15, 4 * (part / 8));
      or(block, 104 + part % 4, scale >> 4, 2 * (part / 4));
    } else if (part < 4) {
      or(block, 4 + part, scale, 0);
      or(block, 8 + part, minimum, 0);
    } else {
      or(block, 8 + part, (scale & 15) | ((minimum & 15) << 4), 0);
      or(block, part, scale >> 4, 6);
      or(block, 4 + part, minimum >> 4, 6);
    }
  }

  /** Puts the integer of column {@code i} into its bits, which are zero. */
  private static void putInteger(TensorType type, ByteBuffer block, int i, int u) {
    int j = i / 32;
    switch (type) {
      case IQ4_NL -> or(block, 2 + i % 16, u, 4 * (i / 16));
      case IQ4_XS -> or(block, 8 + 16 * j + i % 16, u, 4 * (i / 16 % 2));
      case Q4_K -> or(block, 16 + 32 * (j / 2) + i % 32, u, 4 * (j % 2));
      case Q5_K -> {
        or(block, 48 + 32 * (j / 2) + i % 32, u & 15, 4 * (j % 2));
        or(block, 16 + i % 32, u >> 4, j);
      }
      case Q6_K -> {
        or(block, 64 * (j / 4) + i % 64, u & 15, 4 * (j / 2 % 2));
        or(block, 128 + 32 * (j / 4) + i % 32, u >> 4, 2 * (j % 4));
      }
      case Q2_K -> or(block, 16 + 32 * (j / 4) + i % 32, u, 2 * (j % 4));
      case Q3_K -> {
        or(block, 32 + 32 * (j / 4) + i % 32, u & 3, 2 * (j % 4));
        or(block, i % 32, u >> 2, j);
      }
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, MXFP4 ->
          throw new IllegalArgumentException(type.name());
    }
  }

  private static void or(ByteBuffer block, int at, int bits, int shift) {
    block.put(at, (byte) (block.get(at) | (bits << shift)));
  }
}
