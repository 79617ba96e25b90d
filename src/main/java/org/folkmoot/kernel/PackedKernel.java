package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.HALF_SHORTS;
import static org.folkmoot.kernel.Lanes.I;
import static org.folkmoot.kernel.Lanes.ORDER;
import static org.folkmoot.kernel.Lanes.QUARTER_BYTES;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rule 2 for packed weights (see {@link PackedLayout}), block after block of 32 rows × 32 columns.
 *
 * <p>A block is first unpacked to whole-numbered floats that have their integer scales in them
 * already. Their magnitude is at most 128·32, so a sum of 32 products with activations stays below
 * 32·128·32·127 &lt; 2^24 and is exact in any order.
 */
final class PackedKernel {
  private static final float REBIAS = 0x1p112f;

  private static final float[] TABLE = floats(SuperBlocks.table(TensorType.IQ4_NL));
  private static final float[] POWERS_TABLE = floats(SuperBlocks.table(TensorType.MXFP4));

  private PackedKernel() {}

  private static float[] floats(int[] table) {
    float[] floats = new float[table.length];
    for (int i = 0; i < table.length; i++) {
      floats[i] = table[i];
    }
    return floats;
  }

  /** {@code weights[column][row] = scale[row] * (integer - zero)}. */
  static void unpack(MemorySegment tile, long block, PackedLayout layout, float[] weights) {
    int lowBits = layout.lowBits();
    int highBits = layout.highBits();
    int lowMask = ((1 << lowBits) - 1) * 0x0101_0101;
    int highMask = ((1 << highBits) - 1) * 0x0101_0101;
    int lowWords = 8 / lowBits;
    int highWords = highBits == 0 ? 1 : 8 / highBits;
    long lowAt = block + layout.lowAt();
    long highAt = block + layout.highAt();
    float zero = layout.zero();
    int scaleMask = layout.nibbles() ? 15 : -1;
    long second = layout.secondScale() * 32L;
    for (int row = 0; row < 32; row += FLOATS) {
      long scales = block + row;
      FloatVector firstScale =
          (FloatVector)
              ((IntVector)
                      ByteVector.fromMemorySegment(QUARTER_BYTES, tile, scales, ORDER)
                          .convertShape(VectorOperators.B2I, I, 0))
                  .and(scaleMask)
                  .convertShape(VectorOperators.I2F, F, 0);
      FloatVector secondScale =
          (FloatVector)
              ((IntVector)
                      ByteVector.fromMemorySegment(QUARTER_BYTES, tile, scales + second, ORDER)
                          .convertShape(VectorOperators.B2I, I, 0))
                  .and(scaleMask)
                  .convertShape(VectorOperators.I2F, F, 0);
      for (int k = 0; k < 8; k++) {
        IntVector four =
            IntVector.fromMemorySegment(I, tile, lowAt + (k / lowWords) * 128L + row * 4L, ORDER)
                .lanewise(VectorOperators.LSHR, lowBits * (k % lowWords))
                .and(lowMask);
        if (highBits > 0) {
          four =
              four.or(
                  IntVector.fromMemorySegment(
                          I, tile, highAt + (k / highWords) * 128L + row * 4L, ORDER)
                      .lanewise(VectorOperators.LSHR, highBits * (k % highWords))
                      .and(highMask)
                      .lanewise(VectorOperators.LSHL, lowBits));
        }
        FloatVector scale = k < 4 ? firstScale : secondScale;
        int to = k * 128 + row;
        ((FloatVector) four.and(255).convertShape(VectorOperators.I2F, F, 0))
            .sub(zero)
            .mul(scale)
            .intoArray(weights, to);
        ((FloatVector)
                four.lanewise(VectorOperators.LSHR, 8)
                    .and(255)
                    .convertShape(VectorOperators.I2F, F, 0))
            .sub(zero)
            .mul(scale)
            .intoArray(weights, to + 32);
        ((FloatVector)
                four.lanewise(VectorOperators.LSHR, 16)
                    .and(255)
                    .convertShape(VectorOperators.I2F, F, 0))
            .sub(zero)
            .mul(scale)
            .intoArray(weights, to + 64);
        ((FloatVector)
                four.lanewise(VectorOperators.LSHR, 24).convertShape(VectorOperators.I2F, F, 0))
            .sub(zero)
            .mul(scale)
            .intoArray(weights, to + 96);
      }
    }
  }

  /** {@code weights[column][row]} of the formats with a table. */
  static void lookUp(
      MemorySegment tile, long block, TensorType type, int[] indices, float[] weights) {
    PackedLayout layout = PackedLayout.of(type);
    float[] table = type == TensorType.MXFP4 ? POWERS_TABLE : TABLE;
    long lowAt = block + layout.lowAt();
    for (int row = 0; row < 32; row += FLOATS) {
      for (int c = 0; c < 32; c++) {
        IntVector.fromMemorySegment(I, tile, lowAt + (c / 8) * 128L + row * 4L, ORDER)
            .lanewise(VectorOperators.LSHR, 8 * (c % 4) + 4 * (c / 4 % 2))
            .and(15)
            .intoArray(indices, c * 32 + row);
      }
    }
    for (int i = 0; i < 1024; i++) {
      weights[i] = table[indices[i]];
    }
    if (layout.scaleRows() > 0) {
      scale(tile, block, weights);
    }
  }

  /** {@code weights[column][row] *= scale[row]}. */
  private static void scale(MemorySegment tile, long scales, float[] weights) {
    for (int row = 0; row < 32; row += FLOATS) {
      FloatVector scale =
          (FloatVector)
              ((IntVector)
                      ByteVector.fromMemorySegment(QUARTER_BYTES, tile, scales + row, ORDER)
                          .convertShape(VectorOperators.B2I, I, 0))
                  .convertShape(VectorOperators.I2F, F, 0);
      for (int at = row; at < 1024; at += 32) {
        FloatVector.fromArray(F, weights, at).mul(scale).intoArray(weights, at);
      }
    }
  }

  /** {@code sums[row]}, exactly. */
  static void one(float[] weights, float[] q, int qAt, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      FloatVector s0 = FloatVector.zero(F);
      FloatVector s1 = FloatVector.zero(F);
      FloatVector s2 = FloatVector.zero(F);
      FloatVector s3 = FloatVector.zero(F);
      for (int c = 0; c < 32; c += 4) {
        int at = c * 32 + row;
        s0 = FloatVector.fromArray(F, weights, at).fma(FloatVector.broadcast(F, q[qAt + c]), s0);
        s1 =
            FloatVector.fromArray(F, weights, at + 32)
                .fma(FloatVector.broadcast(F, q[qAt + c + 1]), s1);
        s2 =
            FloatVector.fromArray(F, weights, at + 64)
                .fma(FloatVector.broadcast(F, q[qAt + c + 2]), s2);
        s3 =
            FloatVector.fromArray(F, weights, at + 96)
                .fma(FloatVector.broadcast(F, q[qAt + c + 3]), s3);
      }
      s0.add(s1).add(s2.add(s3)).intoArray(sums, row);
    }
  }

  /** {@code sums[token][row]} of eight tokens, exactly. */
  static void eight(float[] weights, float[] q, int qAt, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      FloatVector s0 = FloatVector.zero(F);
      FloatVector s1 = FloatVector.zero(F);
      FloatVector s2 = FloatVector.zero(F);
      FloatVector s3 = FloatVector.zero(F);
      FloatVector s4 = FloatVector.zero(F);
      FloatVector s5 = FloatVector.zero(F);
      FloatVector s6 = FloatVector.zero(F);
      FloatVector s7 = FloatVector.zero(F);
      for (int c = 0; c < 32; c++) {
        FloatVector w = FloatVector.fromArray(F, weights, c * 32 + row);
        int k = qAt + c * 8;
        s0 = w.fma(FloatVector.broadcast(F, q[k]), s0);
        s1 = w.fma(FloatVector.broadcast(F, q[k + 1]), s1);
        s2 = w.fma(FloatVector.broadcast(F, q[k + 2]), s2);
        s3 = w.fma(FloatVector.broadcast(F, q[k + 3]), s3);
        s4 = w.fma(FloatVector.broadcast(F, q[k + 4]), s4);
        s5 = w.fma(FloatVector.broadcast(F, q[k + 5]), s5);
        s6 = w.fma(FloatVector.broadcast(F, q[k + 6]), s6);
        s7 = w.fma(FloatVector.broadcast(F, q[k + 7]), s7);
      }
      s0.intoArray(sums, row);
      s1.intoArray(sums, row + 32);
      s2.intoArray(sums, row + 64);
      s3.intoArray(sums, row + 96);
      s4.intoArray(sums, row + 128);
      s5.intoArray(sums, row + 160);
      s6.intoArray(sums, row + 192);
      s7.intoArray(sums, row + 224);
    }
  }

  /** {@code sums[row] = fma(values[row], scale[row] * dx, sums[row])}, scales in binary16. */
  static void step(MemorySegment tile, long at, float[] values, float dx, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(HALF_SHORTS, tile, at + row * 2L, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0);
      FloatVector.fromArray(F, values, row)
          .fma(
              bits.and(0x7fff)
                  .lanewise(VectorOperators.LSHL, 13)
                  .reinterpretAsFloats()
                  .mul(REBIAS)
                  .reinterpretAsInts()
                  .or(bits.and(0x8000_0000))
                  .reinterpretAsFloats()
                  .mul(dx),
              FloatVector.fromArray(F, sums, row))
          .intoArray(sums, row);
    }
  }

  /**
   * {@code values[row] = -(firstMinimum[row] * firstSum + secondMinimum[row] * secondSum)}, of the
   * columns 0–15 and 16–31 of a block.
   */
  static void minimums(
      MemorySegment tile,
      long block,
      PackedLayout layout,
      int firstSum,
      int secondSum,
      float[] values,
      int at) {
    int shift = layout.nibbles() ? 4 : 0;
    int mask = layout.nibbles() ? 15 : 255;
    for (int row = 0; row < 32; row += FLOATS) {
      long from = block + row;
      IntVector first =
          ((IntVector)
                  ByteVector.fromMemorySegment(
                          QUARTER_BYTES, tile, from + layout.firstMinimum() * 32L, ORDER)
                      .convertShape(VectorOperators.B2I, I, 0))
              .lanewise(VectorOperators.LSHR, shift)
              .and(mask)
              .mul(firstSum);
      IntVector second =
          ((IntVector)
                  ByteVector.fromMemorySegment(
                          QUARTER_BYTES, tile, from + layout.secondMinimum() * 32L, ORDER)
                      .convertShape(VectorOperators.B2I, I, 0))
              .lanewise(VectorOperators.LSHR, shift)
              .and(mask)
              .mul(secondSum);
      ((FloatVector) first.add(second).convertShape(VectorOperators.I2F, F, 0))
          .neg()
          .intoArray(values, at + row);
    }
  }
}
