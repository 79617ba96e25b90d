package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.BYTES;
import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.I;
import static org.folkmoot.kernel.Lanes.ORDER;
import static org.folkmoot.kernel.Lanes.S;
import static org.folkmoot.kernel.Lanes.SHORTS;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rule 2 for weights of four bits (Q4_0, Q4_1).
 *
 * <p>A tile block holds 32 rows × 32 columns: for each four columns one 16-bit lane per row, lowest
 * nibble first, then the rows' scales, then their minimums if there are any (binary16). Products
 * are summed in 16-bit lanes modulo 2^16: {@code Σ u·q} itself may overflow, but {@code Σ (u - 8)·q
 * = Σ u·q - 8·qsum} has a magnitude of at most 32·8·127 = 32,512, so subtracting {@code 8·qsum}
 * modulo 2^16 gives it exactly.
 */
final class NibbleKernel {
  /** Bytes of the nibbles of a tile block. */
  static final int WEIGHT_BYTES = 512;

  private static final int ROW_OF_NIBBLES = 64;
  private static final int NIBBLES = 0x000f_000f;
  private static final int MAGNITUDE = 0x7fff;
  private static final int SIGN = 0x8000_0000;

  /** A binary16's bits, moved to a binary32's place, times this is its value. */
  private static final float REBIAS = 0x1p112f;

  private NibbleKernel() {}

  /** One token: {@code sums[row]}. */
  static void one(
      MemorySegment tile,
      int blocks,
      int blockBytes,
      boolean minimums,
      int[] q,
      float[] scales,
      int[] qsums,
      float[] sums) {
    for (int part = 0; part < ROW_OF_NIBBLES; part += BYTES) {
      FloatVector low = FloatVector.zero(F);
      FloatVector high = FloatVector.zero(F);
      for (int b = 0; b < blocks; b++) {
        long at = (long) b * blockBytes + part;
        int k = b * 32;
        ShortVector s = ShortVector.zero(S);
        for (int g = 0; g < 8; g++) {
          IntVector x =
              ShortVector.fromMemorySegment(S, tile, at + (long) g * ROW_OF_NIBBLES, ORDER)
                  .reinterpretAsInts();
          s =
              s.add(
                  x.and(NIBBLES)
                      .reinterpretAsShorts()
                      .mul(IntVector.broadcast(I, q[k + 4 * g]).reinterpretAsShorts()));
          s =
              s.add(
                  x.lanewise(VectorOperators.LSHR, 4)
                      .and(NIBBLES)
                      .reinterpretAsShorts()
                      .mul(IntVector.broadcast(I, q[k + 4 * g + 1]).reinterpretAsShorts()));
          s =
              s.add(
                  x.lanewise(VectorOperators.LSHR, 8)
                      .and(NIBBLES)
                      .reinterpretAsShorts()
                      .mul(IntVector.broadcast(I, q[k + 4 * g + 2]).reinterpretAsShorts()));
          s =
              s.add(
                  x.lanewise(VectorOperators.LSHR, 12)
                      .and(NIBBLES)
                      .reinterpretAsShorts()
                      .mul(IntVector.broadcast(I, q[k + 4 * g + 3]).reinterpretAsShorts()));
        }
        int eight = 8 * qsums[b];
        s = s.sub((short) eight);
        int back = minimums ? eight : 0;
        FloatVector lowSum =
            (FloatVector)
                ((IntVector) s.convertShape(VectorOperators.S2I, I, 0))
                    .add(back)
                    .convertShape(VectorOperators.I2F, F, 0);
        FloatVector highSum =
            (FloatVector)
                ((IntVector) s.convertShape(VectorOperators.S2I, I, 1))
                    .add(back)
                    .convertShape(VectorOperators.I2F, F, 0);
        ShortVector d = ShortVector.fromMemorySegment(S, tile, at + WEIGHT_BYTES, ORDER);
        IntVector lowBits = (IntVector) d.convertShape(VectorOperators.S2I, I, 0);
        IntVector highBits = (IntVector) d.convertShape(VectorOperators.S2I, I, 1);
        float dx = scales[b];
        low =
            lowSum.fma(
                lowBits
                    .and(MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(REBIAS)
                    .reinterpretAsInts()
                    .or(lowBits.and(SIGN))
                    .reinterpretAsFloats()
                    .mul(dx),
                low);
        high =
            highSum.fma(
                highBits
                    .and(MAGNITUDE)
                    .lanewise(VectorOperators.LSHL, 13)
                    .reinterpretAsFloats()
                    .mul(REBIAS)
                    .reinterpretAsInts()
                    .or(highBits.and(SIGN))
                    .reinterpretAsFloats()
                    .mul(dx),
                high);
        if (minimums) {
          ShortVector m = ShortVector.fromMemorySegment(S, tile, at + WEIGHT_BYTES + 64, ORDER);
          IntVector lowMin = (IntVector) m.convertShape(VectorOperators.S2I, I, 0);
          IntVector highMin = (IntVector) m.convertShape(VectorOperators.S2I, I, 1);
          FloatVector qsum = FloatVector.broadcast(F, (float) qsums[b]);
          low =
              qsum.fma(
                  lowMin
                      .and(MAGNITUDE)
                      .lanewise(VectorOperators.LSHL, 13)
                      .reinterpretAsFloats()
                      .mul(REBIAS)
                      .reinterpretAsInts()
                      .or(lowMin.and(SIGN))
                      .reinterpretAsFloats()
                      .mul(dx),
                  low);
          high =
              qsum.fma(
                  highMin
                      .and(MAGNITUDE)
                      .lanewise(VectorOperators.LSHL, 13)
                      .reinterpretAsFloats()
                      .mul(REBIAS)
                      .reinterpretAsInts()
                      .or(highMin.and(SIGN))
                      .reinterpretAsFloats()
                      .mul(dx),
                  high);
        }
      }
      low.intoArray(sums, part / 2);
      high.intoArray(sums, part / 2 + FLOATS);
    }
  }

  /**
   * Eight tokens: exact sums of one block, less {@code 8·qsum}, as {@code shortSums[token][row]}.
   */
  static void eightBlock(MemorySegment tile, long block, int[] q, int qAt, short[] shortSums) {
    for (int part = 0; part < ROW_OF_NIBBLES; part += BYTES) {
      ShortVector s0 = ShortVector.zero(S);
      ShortVector s1 = ShortVector.zero(S);
      ShortVector s2 = ShortVector.zero(S);
      ShortVector s3 = ShortVector.zero(S);
      ShortVector s4 = ShortVector.zero(S);
      ShortVector s5 = ShortVector.zero(S);
      ShortVector s6 = ShortVector.zero(S);
      ShortVector s7 = ShortVector.zero(S);
      for (int c = 0; c < 32; c++) {
        ShortVector w =
            ShortVector.fromMemorySegment(
                    S, tile, block + part + (long) (c >> 2) * ROW_OF_NIBBLES, ORDER)
                .reinterpretAsInts()
                .lanewise(VectorOperators.LSHR, (c & 3) * 4)
                .and(NIBBLES)
                .reinterpretAsShorts();
        int k = qAt + c * 8;
        s0 = s0.add(w.mul(IntVector.broadcast(I, q[k]).reinterpretAsShorts()));
        s1 = s1.add(w.mul(IntVector.broadcast(I, q[k + 1]).reinterpretAsShorts()));
        s2 = s2.add(w.mul(IntVector.broadcast(I, q[k + 2]).reinterpretAsShorts()));
        s3 = s3.add(w.mul(IntVector.broadcast(I, q[k + 3]).reinterpretAsShorts()));
        s4 = s4.add(w.mul(IntVector.broadcast(I, q[k + 4]).reinterpretAsShorts()));
        s5 = s5.add(w.mul(IntVector.broadcast(I, q[k + 5]).reinterpretAsShorts()));
        s6 = s6.add(w.mul(IntVector.broadcast(I, q[k + 6]).reinterpretAsShorts()));
        s7 = s7.add(w.mul(IntVector.broadcast(I, q[k + 7]).reinterpretAsShorts()));
      }
      int at = part / 2;
      s0.intoArray(shortSums, at);
      s1.intoArray(shortSums, at + 32);
      s2.intoArray(shortSums, at + 64);
      s3.intoArray(shortSums, at + 96);
      s4.intoArray(shortSums, at + 128);
      s5.intoArray(shortSums, at + 160);
      s6.intoArray(shortSums, at + 192);
      s7.intoArray(shortSums, at + 224);
    }
  }

  /**
   * Eight tokens: turns {@link #eightBlock}'s sums into the exact {@code isum} as {@code
   * blockSums[token][row]}.
   */
  static void eightWiden(
      boolean minimums, short[] shortSums, int[] qsums, int qsumAt, float[] blockSums) {
    for (int t = 0; t < 8; t++) {
      int eight = 8 * qsums[qsumAt + t];
      int back = minimums ? eight : 0;
      for (int row = 0; row < 32; row += SHORTS) {
        int at = t * 32 + row;
        ShortVector s = ShortVector.fromArray(S, shortSums, at).sub((short) eight);
        ((IntVector) s.convertShape(VectorOperators.S2I, I, 0))
            .add(back)
            .convertShape(VectorOperators.I2F, F, 0)
            .reinterpretAsFloats()
            .intoArray(blockSums, at);
        ((IntVector) s.convertShape(VectorOperators.S2I, I, 1))
            .add(back)
            .convertShape(VectorOperators.I2F, F, 0)
            .reinterpretAsFloats()
            .intoArray(blockSums, at + FLOATS);
      }
    }
  }
}
