package org.folkmoot.kernel;

import static org.folkmoot.kernel.Lanes.FLOATS;
import static org.folkmoot.kernel.Lanes.HALF_SHORTS;
import static org.folkmoot.kernel.Lanes.I;
import static org.folkmoot.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/** Exact widening of 16-bit floats that are finite. */
final class HalfFloats {
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A binary16's exponent and fraction, moved to a binary32's place, times this is its value. */
  private static final float REBIAS = 0x1p112f;

  private HalfFloats() {}

  /** Widens binary16 from bytes {@code at} of memory. */
  static void widen(MemorySegment from, long at, int length, float[] to, int toAt) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      IntVector bits =
          (IntVector)
              ShortVector.fromMemorySegment(HALF_SHORTS, from, at + 2L * i, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0);
      bits.and(0x7fff)
          .lanewise(VectorOperators.LSHL, 13)
          .reinterpretAsFloats()
          .mul(REBIAS)
          .reinterpretAsInts()
          .or(bits.and(0x8000_0000))
          .reinterpretAsFloats()
          .intoArray(to, toAt + i);
    }
    for (int i = whole; i < length; i++) {
      to[toAt + i] = Float.float16ToFloat(from.get(SHORT, at + 2L * i));
    }
  }

  /** Widens bfloat16 from bytes {@code at} of memory. */
  static void widenBrain(MemorySegment from, long at, int length, float[] to, int toAt) {
    int whole = length - length % FLOATS;
    for (int i = 0; i < whole; i += FLOATS) {
      ((IntVector)
              ShortVector.fromMemorySegment(HALF_SHORTS, from, at + 2L * i, ORDER)
                  .convertShape(VectorOperators.S2I, I, 0))
          .lanewise(VectorOperators.LSHL, 16)
          .reinterpretAsFloats()
          .intoArray(to, toAt + i);
    }
    for (int i = whole; i < length; i++) {
      to[toAt + i] = Float.intBitsToFloat(from.get(SHORT, at + 2L * i) << 16);
    }
  }
}
