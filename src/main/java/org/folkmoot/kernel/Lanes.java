package org.folkmoot.kernel;

import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector shapes of this machine, chosen once: static finals, so that the compiler sees
 * constants. A shape that the machine lacks would fall back to objects in memory, many times
 * slower, hence nothing is hard-coded.
 *
 * <p>Why no helper methods on vectors in this package: a method that takes or returns a vector and
 * is not inlined boxes it. Kernels therefore spell their steps out.
 */
final class Lanes {
  /** Width in bits: the machine's preferred one, at least 128 and at most 512. */
  static final int BITS =
      Math.clamp(FloatVector.SPECIES_PREFERRED.vectorShape().vectorBitSize(), 128, 512);

  static final VectorShape SHAPE = VectorShape.forBitSize(BITS);
  static final VectorSpecies<Short> S = VectorSpecies.of(short.class, SHAPE);
  static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, SHAPE);
  static final VectorSpecies<Float> F = VectorSpecies.of(float.class, SHAPE);

  /** As many bytes as {@link #S} has shorts. */
  static final VectorSpecies<Byte> HALF_BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(BITS / 2));

  /** At least as many bytes as {@link #F} has floats; 64 bits is the smallest shape there is. */
  static final VectorSpecies<Byte> QUARTER_BYTES =
      VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, BITS / 4)));

  /** As many shorts as {@link #F} has floats. */
  static final VectorSpecies<Short> HALF_SHORTS =
      VectorSpecies.of(short.class, VectorShape.forBitSize(BITS / 2));

  /** Lanes of {@link #S}, {@link #F} and {@link #I}. */
  static final int SHORTS = ShortVector.zero(S).length();

  static final int FLOATS = FloatVector.zero(F).length();
  static final int INTS = IntVector.zero(I).length();

  /** Bytes of a whole vector. */
  static final int BYTES = BITS / 8;

  static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

  static {
    assert ByteVector.zero(HALF_BYTES).length() == SHORTS;
  }

  private Lanes() {}
}
