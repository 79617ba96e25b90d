package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.F;
import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.HALF_SHORTS;
import static org.folkmoot.kernel.Lanes.I;
import static org.folkmoot.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The float steps of rule 2 that formats share. Each widens its binary16 itself: widening into an
 * array first ({@link HalfFloats}) would say it once, but costs prefill 8–16 %.
 */
final class BlockScales {
  private static final float REBIAS = 0x1p112f;

  private BlockScales() {}

  /**
   * {@code sums[t][r] = fma(values[t][r], scale[r] * dx[t], sums[t][r])} for the 32 rows of a tile
   * and eight tokens.
   *
   * @param at where the 32 scales lie, as binary16
   */
  static void eightSteps(
      MemorySegment tile, long at, float[] values, float[] dx, int dxAt, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(HALF_SHORTS, tile, at + row * 2L, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0);
      FloatVector scale =
          bits.and(0x7fff)
              .lanewise(VectorOperators.LSHL, 13)
              .reinterpretAsFloats()
              .mul(REBIAS)
              .reinterpretAsInts()
              .or(bits.and(0x8000_0000))
              .reinterpretAsFloats();
      for (int t = 0; t < 8; t++) {
        int o = t * 32 + row;
        FloatVector.fromArray(F, values, o)
            .fma(scale.mul(dx[dxAt + t]), FloatVector.fromArray(F, sums, o))
            .intoArray(sums, o);
      }
    }
  }

  /**
   * {@code sums[t][r] = fma(values[t][r], scale[r] * dx[t], sums[t][r])} for the 32 rows of a tile
   * and some tokens.
   *
   * @param at where the 32 scales lie, powers of two, as upper halves of binary32
   */
  static void powerSteps(
      MemorySegment tile, long at, int tokens, float[] values, float[] dx, int dxAt, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      FloatVector scale =
          ShortVector.fromMemorySegment(HALF_SHORTS, tile, at + row * 2L, ORDER)
              .convertShape(VectorOperators.S2I, I, 0)
              .reinterpretAsInts()
              .lanewise(VectorOperators.LSHL, 16)
              .reinterpretAsFloats();
      for (int t = 0; t < tokens; t++) {
        int o = t * 32 + row;
        FloatVector.fromArray(F, values, o)
            .fma(scale.mul(dx[dxAt + t]), FloatVector.fromArray(F, sums, o))
            .intoArray(sums, o);
      }
    }
  }

  /** {@code sums[t][r] = fma((float) qsum[t], minimum[r] * dx[t], sums[t][r])}, eight tokens. */
  static void eightMinimums(
      MemorySegment tile, long at, int[] qsums, float[] dx, int dxAt, float[] sums) {
    for (int row = 0; row < 32; row += FLOATS) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(HALF_SHORTS, tile, at + row * 2L, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0);
      FloatVector minimum =
          bits.and(0x7fff)
              .lanewise(VectorOperators.LSHL, 13)
              .reinterpretAsFloats()
              .mul(REBIAS)
              .reinterpretAsInts()
              .or(bits.and(0x8000_0000))
              .reinterpretAsFloats();
      for (int t = 0; t < 8; t++) {
        int o = t * 32 + row;
        FloatVector.broadcast(F, (float) qsums[dxAt + t])
            .fma(minimum.mul(dx[dxAt + t]), FloatVector.fromArray(F, sums, o))
            .intoArray(sums, o);
      }
    }
  }
}
