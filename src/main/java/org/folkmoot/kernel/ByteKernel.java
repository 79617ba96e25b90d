package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.BYTES;
import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.HALF_BYTES;
import static org.folkmoot.kernel.Lanes.I;
import static org.folkmoot.kernel.Lanes.ORDER;
import static org.folkmoot.kernel.Lanes.QUARTER_BYTES;
import static org.folkmoot.kernel.Lanes.S;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Rule 2 for weights of eight bits (Q8_0; Q5_0 and Q5_1 widened at load).
 *
 * <p>A tile block holds 32 rows × 32 columns: for each column the 32 rows' bytes, then the rows'
 * scales, then their minimums if there are any (binary16). One token: the products of two columns
 * are summed in 16 bits (at most 2·128·127 = 32,512), then widened. Eight tokens: whole-numbered
 * floats, whose sums stay below 32·128·127 &lt; 2^24 and so are exact in any order.
 */
final class ByteKernel {
  /** Bytes of the weights of a tile block. */
  static final int WEIGHT_BYTES = 1024;

  private static final float REBIAS = 0x1p112f;

  private ByteKernel() {}

  /**
   * One token. Even and odd rows are kept apart until the end: {@code evenOdd} holds the 16 even
   * rows, then the 16 odd ones.
   */
  static void one(
      MemorySegment tile,
      int blocks,
      int blockBytes,
      boolean minimums,
      int[] q,
      float[] scales,
      int[] qsums,
      float[] evenOdd) {
    for (int part = 0; part < 64; part += BYTES) {
      FloatVector even = FloatVector.zero(F);
      FloatVector odd = FloatVector.zero(F);
      for (int b = 0; b < blocks; b++) {
        long block = (long) b * blockBytes;
        long at = block + part / 2;
        int k = b * 32;
        IntVector evenSum = IntVector.zero(I);
        IntVector oddSum = IntVector.zero(I);
        for (int g = 0; g < 16; g++) {
          ShortVector x =
              (ShortVector)
                  ByteVector.fromMemorySegment(HALF_BYTES, tile, at + g * 64L, ORDER)
                      .convertShape(VectorOperators.B2S, S, 0);
          ShortVector y =
              (ShortVector)
                  ByteVector.fromMemorySegment(HALF_BYTES, tile, at + g * 64L + 32, ORDER)
                      .convertShape(VectorOperators.B2S, S, 0);
          IntVector p =
              x.mul(IntVector.broadcast(I, q[k + 2 * g]).reinterpretAsShorts())
                  .add(y.mul(IntVector.broadcast(I, q[k + 2 * g + 1]).reinterpretAsShorts()))
                  .reinterpretAsInts();
          evenSum =
              evenSum.add(p.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 16));
          oddSum = oddSum.add(p.lanewise(VectorOperators.ASHR, 16));
        }
        IntVector d =
            ShortVector.fromMemorySegment(S, tile, block + WEIGHT_BYTES + part, ORDER)
                .reinterpretAsInts();
        float dx = scales[b];
        even =
            ((FloatVector) evenSum.convertShape(VectorOperators.I2F, F, 0))
                .fma(
                    d.and(0x7fff)
                        .lanewise(VectorOperators.LSHL, 13)
                        .reinterpretAsFloats()
                        .mul(REBIAS)
                        .reinterpretAsInts()
                        .or(d.lanewise(VectorOperators.LSHL, 16).and(0x8000_0000))
                        .reinterpretAsFloats()
                        .mul(dx),
                    even);
        odd =
            ((FloatVector) oddSum.convertShape(VectorOperators.I2F, F, 0))
                .fma(
                    d.lanewise(VectorOperators.LSHR, 3)
                        .and(0x7fff << 13)
                        .reinterpretAsFloats()
                        .mul(REBIAS)
                        .reinterpretAsInts()
                        .or(d.and(0x8000_0000))
                        .reinterpretAsFloats()
                        .mul(dx),
                    odd);
        if (minimums) {
          IntVector m =
              ShortVector.fromMemorySegment(S, tile, block + WEIGHT_BYTES + 64 + part, ORDER)
                  .reinterpretAsInts();
          FloatVector qsum = FloatVector.broadcast(F, (float) qsums[b]);
          even =
              qsum.fma(
                  m.and(0x7fff)
                      .lanewise(VectorOperators.LSHL, 13)
                      .reinterpretAsFloats()
                      .mul(REBIAS)
                      .reinterpretAsInts()
                      .or(m.lanewise(VectorOperators.LSHL, 16).and(0x8000_0000))
                      .reinterpretAsFloats()
                      .mul(dx),
                  even);
          odd =
              qsum.fma(
                  m.lanewise(VectorOperators.LSHR, 3)
                      .and(0x7fff << 13)
                      .reinterpretAsFloats()
                      .mul(REBIAS)
                      .reinterpretAsInts()
                      .or(m.and(0x8000_0000))
                      .reinterpretAsFloats()
                      .mul(dx),
                  odd);
        }
      }
      even.intoArray(evenOdd, part / 4);
      odd.intoArray(evenOdd, 16 + part / 4);
    }
  }

  /** Eight tokens: exact sums of one block as {@code blockSums[token][row]}. */
  static void eightBlock(MemorySegment tile, long block, float[] q, int qAt, float[] blockSums) {
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
        FloatVector w =
            (FloatVector)
                ByteVector.fromMemorySegment(QUARTER_BYTES, tile, block + row + c * 32L, ORDER)
                    .convertShape(VectorOperators.B2F, F, 0);
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
      s0.intoArray(blockSums, row);
      s1.intoArray(blockSums, row + 32);
      s2.intoArray(blockSums, row + 64);
      s3.intoArray(blockSums, row + 96);
      s4.intoArray(blockSums, row + 128);
      s5.intoArray(blockSums, row + 160);
      s6.intoArray(blockSums, row + 192);
      s7.intoArray(blockSums, row + 224);
    }
  }
}
