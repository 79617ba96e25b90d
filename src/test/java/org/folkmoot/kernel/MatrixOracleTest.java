package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.machine.Processor;
import org.folkmoot.testing.Bits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rules 2 and 3 for whole matrices: the vector kernels against the oracle, bit for bit. */
class MatrixOracleTest {
  private static final int[] ROWS = {1, 31, 32, 33, 100};
  private static final int[] FEW_ROWS = {1, 33};
  private static final int[] FLOAT_ROWS = {1, 15, 16, 17, 33, 100};
  private static final int[] COLUMNS = {32, 64, 96, 576};
  private static final int[] LONG_BLOCKS = {256, 512};
  private static final int[] FLOAT_COLUMNS = {1, 8, 15, 16, 17, 172};
  private static final int[] TOKENS = {1, 2, 7, 8, 9, 17};

  /** Stands in outputs where nothing may be written. */
  private static final float UNTOUCHED = 0x1.abcdep9f;

  private final Scratch scratch = new Scratch();
  private final Activations activations = new Activations(); // reused, as the engine does
  private final Optional<MachineKernels> narrow =
      Processor.hasAvx2() ? MachineKernels.of(Tier.AVX2) : Optional.empty();
  private final Optional<Activations> narrowActivations = narrow.map(Activations::new);

  @ParameterizedTest
  @EnumSource
  void awkwardSizes(TensorType type) {
    AwkwardData data = new AwkwardData(type.ggmlId());
    for (int rows : rows(type)) {
      for (int columns : columns(type)) {
        for (int tokens : TOKENS) {
          byte[] mixed = data.matrix(type, rows, columns, AwkwardData.Weight.values());
          check(type, mixed, rows, tokens(tokens, () -> data.vector(columns, AwkwardData.FINITE)));
          byte[] plain = data.matrix(type, rows, columns, AwkwardData.Weight.ORDINARY);
          float[][] x = tokens(tokens, () -> data.vector(columns, AwkwardData.Input.ORDINARY));
          check(type, plain, rows, x);
        }
      }
    }
  }

  private static int[] rows(TensorType type) {
    return type.hasSubBlocks() ? FEW_ROWS : type.isQuantised() ? ROWS : FLOAT_ROWS;
  }

  private static int[] columns(TensorType type) {
    return type.hasSubBlocks() ? LONG_BLOCKS : type.isQuantised() ? COLUMNS : FLOAT_COLUMNS;
  }

  @ParameterizedTest
  @EnumSource
  void extremeValues(TensorType type) {
    AwkwardData data = new AwkwardData(100 + type.ggmlId());
    for (AwkwardData.Weight weight : AwkwardData.Weight.values()) {
      for (AwkwardData.Input input : AwkwardData.Input.values()) {
        for (int tokens : new int[] {1, 9}) {
          int columns = type.hasSubBlocks() ? 512 : 96;
          byte[] matrix = data.matrix(type, 33, columns, weight);
          check(type, matrix, 33, tokens(tokens, () -> data.vector(columns, input)));
        }
      }
    }
  }

  /** The largest sums that integers can reach, where narrow accumulators would overflow. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F32", "F16", "BF16"})
  void largestSums(TensorType type) {
    for (int sign : new int[] {1, -1}) {
      for (int bits : new int[] {0, -1, 0x7f, -127, -128, 0x3f, 0x1f}) {
        byte[] matrix = new byte[32 * type.blockBytes()];
        Arrays.fill(matrix, (byte) bits);
        for (int at = 0; at < matrix.length; at += type.blockBytes()) {
          if (type == TensorType.Q6_K && (bits & 1) != 0) { // the least integers, the least scales
            Arrays.fill(matrix, at, at + 192, (byte) 0);
            Arrays.fill(matrix, at + 192, at + 208, (byte) -128);
          }
          if (type.hasPowerOfTwo()) {
            matrix[at] = (byte) 127;
          } else {
            one(matrix, at + type.scaleOffset());
          }
          if (type.hasMinimum()) {
            one(matrix, at + type.scaleOffset() + 2);
          }
        }
        float[] x = new float[type.blockSize()];
        Arrays.fill(x, sign * 127f);
        check(type, matrix, 32, new float[][] {x});
        check(type, matrix, 32, new float[][] {x, x, x});
      }
    }
  }

  private static void one(byte[] matrix, int at) {
    matrix[at] = 0;
    matrix[at + 1] = 0x3c;
  }

  /**
   * What a single quantised activation is, read through a matrix: weight one in one column gives
   * {@code q · dx}, a minimum of one gives {@code qsum · dx}.
   */
  @Test
  void activationsAreQuantisedAsTheRuleSays() {
    AwkwardData data = new AwkwardData(7);
    byte[] identity = new byte[64 * 2 * 34];
    for (int row = 0; row < 64; row++) {
      for (int block = 0; block < 2; block++) {
        identity[(row * 2 + block) * 34 + 1] = 0x3c;
      }
      identity[(row * 2 + row / 32) * 34 + 2 + row % 32] = 1;
    }
    byte[] sums = new byte[2 * 20];
    sums[3] = 0x3c;
    sums[23] = 0x3c;
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      for (int tokens : new int[] {1, 11}) {
        float[][] x = tokens(tokens, () -> data.vector(64, input));
        check(TensorType.Q8_0, identity, 64, x);
        check(TensorType.Q4_1, sums, 1, x);
      }
    }
  }

  @Test
  void refusesWhatIsNoNumber() {
    AwkwardData data = new AwkwardData(8);
    byte[] matrix = data.matrix(TensorType.Q4_0, 8, 64, AwkwardData.Weight.ORDINARY);
    for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      for (int at : new int[] {0, 31, 63}) {
        float[] x = data.vector(64, AwkwardData.Input.ORDINARY);
        x[at] = bad;
        refuses(() -> multiply(TensorType.Q4_0, matrix, 8, new float[][] {x}, 8, 0));
        refuses(() -> Oracle.multiply(TensorType.Q4_0, matrix, 8, x));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"F32", "F16", "BF16", "MXFP4"})
  void refusesScalesThatAreNoNumbers(TensorType type) {
    AwkwardData data = new AwkwardData(9);
    for (int half : new int[] {0x7c00, 0xfc00, 0x7e00, 0xffff}) {
      for (int at = 0; at < (type.hasMinimum() ? 4 : 2); at += 2) {
        byte[] matrix = data.matrix(type, 1, type.blockSize(), AwkwardData.Weight.ORDINARY);
        matrix[type.scaleOffset() + at] = (byte) half;
        matrix[type.scaleOffset() + at + 1] = (byte) (half >> 8);
        float[] x = data.vector(type.blockSize(), AwkwardData.Input.ORDINARY);
        refuses(
            FolkmootException.Code.BAD_FILE,
            () -> multiply(type, matrix, 1, new float[][] {x}, 1, 0));
        if (narrow.isPresent()) {
          byte[] zeros = new byte[(int) MachineMatrix.bytes(type, 1, x.length)];
          Matrix refusing = inNarrow(type, 1, x.length, MemorySegment.ofArray(zeros));
          refuses(FolkmootException.Code.BAD_FILE, () -> refusing.repack(matrix, 0));
        }
        refuses(
            FolkmootException.Code.BAD_FILE,
            () ->
                Dequantiser.row(
                    MemorySegment.ofArray(matrix), 0, type, x.length, new float[x.length], 0));
      }
    }
  }

  /** Every byte is a scale, as in GGML: 0 is 2^-128, and 255 is no number's absence but 2^127. */
  @Test
  void everyPowerOfTwoIsAScale() {
    for (int e = 0; e < 256; e++) {
      byte[] matrix = new byte[17];
      matrix[0] = (byte) e;
      matrix[1] = 0x21; // 1 and, sixteen columns on, 2: of twice the numbers
      matrix[2] = 0x09; // -1
      float[] x = new float[32];
      x[0] = 127;
      check(TensorType.MXFP4, matrix, 1, new float[][] {x});
      float one = (float) StrictMath.pow(2, e - 128);
      assertThat(Oracle.multiply(TensorType.MXFP4, matrix, 1, x)).containsExactly(127 * one);
      float[] row = Oracle.row(TensorType.MXFP4, matrix, 0, 32);
      assertThat(row[0]).isEqualTo(one);
      assertThat(row[1]).isEqualTo(-one);
      assertThat(row[16]).isEqualTo(2 * one);
      float[] widened = new float[32];
      if (e == 255) {
        refuses(
            FolkmootException.Code.BAD_FILE,
            () ->
                Dequantiser.row(
                    MemorySegment.ofArray(matrix), 0, TensorType.MXFP4, 32, widened, 0));
      } else {
        Dequantiser.row(MemorySegment.ofArray(matrix), 0, TensorType.MXFP4, 32, widened, 0);
        Bits.assertSame(widened, row, TensorType.MXFP4, e);
      }
    }
  }

  private static void refuses(Runnable call) {
    refuses(FolkmootException.Code.ARITHMETIC, call);
  }

  private static void refuses(FolkmootException.Code code, Runnable call) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(call::run)
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(code));
  }

  private interface Maker {
    float[] make();
  }

  private static float[][] tokens(int count, Maker maker) {
    float[][] x = new float[count][];
    Arrays.setAll(x, _ -> maker.make());
    return x;
  }

  @Test
  void narrowMachineCodeServesWhereItCan() {
    for (TensorType type : TensorType.values()) {
      if (type.isQuantised() && narrow.isPresent()) {
        assertThat(narrow.get().products(type)).as("%s", type).isPresent();
      }
    }
  }

  private Matrix inNarrow(TensorType type, int rows, int columns, MemorySegment memory) {
    return MachineMatrix.in(
        type, rows, columns, memory, narrow.orElseThrow().products(type).orElseThrow());
  }

  /** Both ways of every token, the vector code's among other outputs that must stay as they are. */
  private void check(TensorType type, byte[] matrix, int rows, float[][] x) {
    check(Matrix::bytes, Matrix::in, activations, type, matrix, rows, x);
    if (type.isQuantised() && narrow.isPresent()) {
      Activations own = narrowActivations.orElseThrow();
      check(MachineMatrix::bytes, this::inNarrow, own, type, matrix, rows, x);
    }
    if (MachineMatrix.serves(type)) { // then the others are to be checked, too
      check(
          MatrixOracleTest::bytesInJava,
          MatrixOracleTest::inJava,
          activations,
          type,
          matrix,
          rows,
          x);
    }
  }

  private interface Size {
    long bytes(TensorType type, int rows, int columns);
  }

  private interface Factory {
    Matrix in(TensorType type, int rows, int columns, MemorySegment memory);
  }

  private static long bytesInJava(TensorType type, int rows, int columns) {
    return isPacked(type)
        ? PackedMatrix.bytes(type, rows, columns)
        : BlockMatrix.bytes(type, rows, columns);
  }

  private static Matrix inJava(TensorType type, int rows, int columns, MemorySegment memory) {
    return isPacked(type)
        ? PackedMatrix.in(type, rows, columns, memory)
        : BlockMatrix.in(type, rows, columns, memory);
  }

  private static boolean isPacked(TensorType type) {
    return type.hasTable() || type.hasSubBlocks();
  }

  private void check(
      Size size,
      Factory factory,
      Activations activations,
      TensorType type,
      byte[] matrix,
      int rows,
      float[][] x) {
    int stride = rows + 5;
    float[] out = multiply(size, factory, activations, type, matrix, rows, x, stride, 3);
    for (int t = 0; t < x.length; t++) {
      float[] expected = new float[stride];
      Arrays.fill(expected, UNTOUCHED);
      System.arraycopy(Oracle.multiply(type, matrix, rows, x[t]), 0, expected, 3, rows);
      Bits.assertSame(
          Arrays.copyOfRange(out, t * stride, (t + 1) * stride),
          expected,
          type,
          rows,
          x[t].length,
          t,
          x.length);
    }
  }

  private float[] multiply(
      TensorType type, byte[] bytes, int rows, float[][] x, int stride, int offset) {
    return multiply(Matrix::bytes, Matrix::in, activations, type, bytes, rows, x, stride, offset);
  }

  private float[] multiply(
      Size size,
      Factory factory,
      Activations activations,
      TensorType type,
      byte[] bytes,
      int rows,
      float[][] x,
      int stride,
      int offset) {
    int columns = x[0].length;
    float[] inputs = new float[x.length * columns];
    for (int t = 0; t < x.length; t++) {
      System.arraycopy(x[t], 0, inputs, t * columns, columns);
    }
    try (Arena arena = Arena.ofConfined()) {
      Matrix matrix =
          factory.in(
              type, rows, columns, NativeMemory.allocate(arena, size.bytes(type, rows, columns)));
      int tileBytes = Math.toIntExact(matrix.tileRows() * type.rowBytes(columns));
      for (int tile = 0; tile < matrix.tiles(); tile++) {
        int from = tile * tileBytes;
        matrix.repack(Arrays.copyOfRange(bytes, from, from + tileBytes), tile);
      }
      Set<Activations.Form> forms = EnumSet.of(matrix.form(x.length));
      activations.begin(x.length, columns, forms);
      for (int panel = 0; panel < activations.panels(); panel++) {
        activations.fill(panel, inputs, columns, forms);
      }
      float[] out = new float[x.length * stride];
      Arrays.fill(out, UNTOUCHED);
      int middle = matrix.tiles() / 2;
      matrix.multiply(activations, 0, middle, out, stride, offset, scratch);
      matrix.multiply(activations, middle, matrix.tiles(), out, stride, offset, scratch);
      return out;
    }
  }
}
