package org.folkmoot.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.SplittableRandom;

/** Seeded vectors and weights, ordinary and at the edges of what numbers can be. */
final class AwkwardData {
  /** What a block of 32 activations is like. */
  enum Input {
    /** Magnitudes near one. */
    ORDINARY,
    /** Whole and half numbers to ±127, so that {@code dx} is one and roundings are ties. */
    TIES,
    /** All of one magnitude: every {@code q} is ±127. */
    FULL,
    /** Magnitudes from the smallest subnormal to 2^60. */
    SPREAD,
    /** Magnitudes that binary16 has, and half of its smallest. */
    HALF_SPREAD,
    /** +0 and -0. */
    ZEROS,
    /** Subnormal only. */
    SUBNORMAL,
    /** The largest magnitude is just below 2^-100. */
    BELOW_NEGLIGIBLE,
    /** The largest magnitude is 2^-100, or just above. */
    ABOVE_NEGLIGIBLE,
    /** Up to the largest float, so that results overflow. */
    HUGE
  }

  /** All that leave results finite. */
  static final Input[] FINITE = EnumSet.complementOf(EnumSet.of(Input.HUGE)).toArray(new Input[0]);

  /** What a block of weights is like. */
  enum Weight {
    /** Any integers, scales near 1/100. */
    ORDINARY,
    /** Least and greatest integers only, scales near one. */
    LIMITS,
    /** All bits of the integers are zero, and of their scales if these are integers. */
    ALL_LEAST,
    /** All bits of both are one. */
    ALL_GREATEST,
    /** The largest scales. */
    LARGE_SCALE,
    /** Subnormal scales, of either sign. */
    SUBNORMAL_SCALE,
    /** Scales +0 and -0. */
    ZERO_SCALE
  }

  private static final float[] ZEROS = {0f, -0f};

  private final SplittableRandom random;

  AwkwardData(long seed) {
    random = new SplittableRandom(seed);
  }

  /** A vector, each block of one of these kinds. */
  float[] vector(int length, Input... kinds) {
    float[] x = new float[length];
    for (int at = 0; at < length; at += 32) {
      fill(x, at, Math.min(length, at + 32), kinds[random.nextInt(kinds.length)]);
    }
    return x;
  }

  private void fill(float[] x, int from, int to, Input kind) {
    for (int i = from; i < to; i++) {
      x[i] =
          switch (kind) {
            case ORDINARY -> number(1);
            case TIES -> (random.nextInt(509) - 254) / 2f;
            case FULL -> sign() * 0x1.23456p5f;
            case SPREAD -> sign() * (float) StrictMath.pow(2, random.nextDouble(-149, 60));
            case HALF_SPREAD -> sign() * (float) StrictMath.pow(2, random.nextDouble(-25, 15.9));
            case ZEROS -> ZEROS[random.nextInt(2)];
            case SUBNORMAL -> sign() * Float.intBitsToFloat(random.nextInt(1 << 23));
            case BELOW_NEGLIGIBLE -> sign() * Math.nextDown(0x1p-100f) * random.nextInt(2);
            case ABOVE_NEGLIGIBLE -> sign() * 0x1p-100f * random.nextFloat();
            case HUGE -> sign() * Float.MAX_VALUE * random.nextFloat();
          };
    }
    int one = from + random.nextInt(to - from);
    switch (kind) {
      case TIES -> x[one] = 127 * sign();
      case BELOW_NEGLIGIBLE -> x[one] = sign() * Math.nextDown(0x1p-100f);
      case ABOVE_NEGLIGIBLE -> x[one] = sign() * 0x1p-100f * (1 + random.nextInt(2) * 0x1p-23f);
      case HALF_SPREAD -> x[one] = Math.nextDown(65_520f); // rounds to the largest half
      case HUGE -> x[one] = sign() * Float.MAX_VALUE;
      default -> {}
    }
  }

  /** Rows as GGML stores them, each block of one of these kinds. */
  byte[] matrix(TensorType type, int rows, int columns, Weight... kinds) {
    byte[] bytes = new byte[Math.toIntExact(rows * type.rowBytes(columns))];
    ByteBuffer out = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    while (out.hasRemaining()) {
      block(type, kinds[random.nextInt(kinds.length)], out);
    }
    return bytes;
  }

  private void block(TensorType type, Weight kind, ByteBuffer out) {
    switch (type) {
      case F32 -> out.putFloat(wide(kind));
      case F16 -> out.putShort(half(kind));
      case BF16 -> out.putShort((short) (Float.floatToRawIntBits(wide(kind)) >>> 16));
      case Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> {
        byte[] block = new byte[type.blockBytes()];
        int limit = kind == Weight.ALL_LEAST ? 0 : 255;
        for (int i = 0; i < block.length; i++) {
          block[i] =
              (byte)
                  switch (kind) {
                    case LIMITS -> limits(type);
                    case ALL_LEAST, ALL_GREATEST -> limit;
                    case ORDINARY, LARGE_SCALE, SUBNORMAL_SCALE, ZERO_SCALE -> random.nextInt(256);
                  };
        }
        ByteBuffer halves = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        if (type.hasPowerOfTwo()) {
          block[type.scaleOffset()] = (byte) powerOfTwo(kind);
        } else {
          halves.putShort(type.scaleOffset(), half(kind));
        }
        if (type.hasMinimum()) {
          halves.putShort(type.scaleOffset() + 2, half(kind));
        }
        out.put(block);
      }
    }
  }

  /** A byte of least and greatest integers: -128 and 127, or nibbles 0 and 15. */
  private int limits(TensorType type) {
    int any = random.nextInt(4);
    return type == TensorType.Q8_0 ? 127 + any % 2 : ((any & 1) * 15) | ((any >> 1) * 240);
  }

  /** The byte of a scale that is a power of two; there is none of zero. */
  private int powerOfTwo(Weight kind) {
    return switch (kind) {
      case ORDINARY -> random.nextInt(117, 125);
      case LIMITS, ALL_LEAST, ALL_GREATEST -> 127 + random.nextInt(2);
      case LARGE_SCALE -> 190 - random.nextInt(2);
      case SUBNORMAL_SCALE -> random.nextInt(3);
      case ZERO_SCALE -> random.nextInt(191);
    };
  }

  private short half(Weight kind) {
    return switch (kind) {
      case ORDINARY -> Float.floatToFloat16(number(0.01f));
      case LIMITS, ALL_LEAST, ALL_GREATEST -> Float.floatToFloat16(number(1));
      case LARGE_SCALE -> (short) (0x7bff | (random.nextInt(2) << 15));
      case SUBNORMAL_SCALE -> (short) ((1 + random.nextInt(0x400)) | (random.nextInt(2) << 15));
      case ZERO_SCALE -> (short) (random.nextInt(2) << 15);
    };
  }

  private float wide(Weight kind) {
    return switch (kind) {
      case ORDINARY -> number(0.01f);
      case LIMITS, ALL_LEAST, ALL_GREATEST -> number(1);
      case LARGE_SCALE -> sign() * 0x1p60f * (1 + random.nextFloat());
      case SUBNORMAL_SCALE -> sign() * Float.intBitsToFloat(1 + random.nextInt(1 << 23));
      case ZERO_SCALE -> ZEROS[random.nextInt(2)];
    };
  }

  /** Bell-shaped, so that magnitudes differ. */
  float number(float deviation) {
    float sum = 0;
    for (int i = 0; i < 4; i++) {
      sum += random.nextFloat() - 0.5f;
    }
    return sum * 1.7f * deviation;
  }

  private int sign() {
    return random.nextBoolean() ? 1 : -1;
  }
}
