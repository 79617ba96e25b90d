package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.folkmoot.testing.Bits;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Numbers that another implementation of GGML's formats made, gguf-py; how is said in {@code
 * ggml/make-vectors.py}.
 */
class GgmlVectorsTest {
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F32", "BF16"})
  void dequantises(TensorType type) {
    ByteBuffer in = vectors(type + ".dequantised");
    int blocks = in.getInt();
    byte[] bytes = new byte[blocks * type.blockBytes()];
    in.get(bytes);
    float[] expected = new float[blocks * type.blockSize()];
    in.asFloatBuffer().get(expected);
    for (int block = 0; block < blocks; block++) {
      byte[] one =
          Arrays.copyOfRange(bytes, block * type.blockBytes(), (block + 1) * type.blockBytes());
      float[] wanted =
          Arrays.copyOfRange(expected, block * type.blockSize(), (block + 1) * type.blockSize());
      ignoreSigns(type, wanted);
      float[] oracle = Oracle.row(type, one, 0, type.blockSize());
      ignoreSigns(type, oracle);
      Bits.assertSame(oracle, wanted, type, block);
      float[] row = new float[type.blockSize()];
      Dequantiser.row(MemorySegment.ofArray(one), 0, type, row.length, row, 0);
      ignoreSigns(type, row);
      Bits.assertSame(row, wanted, type, block);
    }
  }

  /** Every byte, search and all. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F32", "MXFP4"})
  void quantises(TensorType type) {
    ByteBuffer in = vectors(type + ".quantised");
    int blocks = in.getInt();
    float[] x = new float[blocks * type.blockSize()];
    in.asFloatBuffer().get(x);
    in.position(in.position() + 4 * x.length);
    for (int block = 0; block < blocks; block++) {
      byte[] wanted = new byte[type.blockBytes()];
      in.get(wanted);
      byte[] out = new byte[type.blockBytes() + 2];
      Quantiser.row(type, x, block * type.blockSize(), type.blockSize(), out, 1);
      assertThat(Arrays.copyOfRange(out, 1, out.length - 1))
          .as("%s, block %d", type, block)
          .isEqualTo(wanted);
    }
    assertThat(in.hasRemaining()).isFalse();
  }

  /**
   * A negative scale times the integer zero, or a scale of zero times a negative integer, is the
   * integer zero here; in gguf-py, which multiplies floats, it is -0.
   */
  private static void ignoreSigns(TensorType type, float[] x) {
    boolean signed =
        type == TensorType.Q3_K || type == TensorType.Q6_K || type == TensorType.IQ4_XS;
    for (int i = 0; i < x.length; i++) {
      if (signed && x[i] == 0) {
        x[i] = 0;
      }
    }
  }

  static ByteBuffer vectors(String name) {
    try (InputStream in =
        Objects.requireNonNull(GgmlVectorsTest.class.getResourceAsStream("ggml/" + name), name)) {
      return ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
