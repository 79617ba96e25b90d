package org.folkmoot.kernel;

import static org.folkmoot.base.FolkmootException.Code.ARITHMETIC;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.folkmoot.base.FolkmootException;

/**
 * What a node does before it serves: every operator of sem/1 once, on small inputs, as the vector
 * kernels compute it on this machine, as the {@link Oracle} does, and as it is known to come out. A
 * processor, a virtual machine or a build that rounds otherwise is found before it misleads anyone.
 *
 * <p>Takes some 65 ms for what one model needs, in a JVM that has just started with the launcher's
 * archive, and several times that for everything where the Vector API has to be loaded. Hence few
 * numbers: what is rare is for the tests.
 */
public final class SelfTest {
  private static final int BLOCK = 32;

  /** Fills no vector, so that both what is done in vectors and the rest are seen. */
  private static final int LENGTH = 69;

  private static final int HEAD_DIM = 16;
  private static final int POSITIONS = 19;
  private static final float EPSILON = 1e-5f;
  private static final float CAP = 30;
  private static final int WINDOW = 11;
  private static final float SINK = 1.5f;
  private static final float NO_SINK = Float.NEGATIVE_INFINITY;

  /** Gets each result of the kernels and gives what is compared: the same, but in tests. */
  interface Tap {
    float[] result(String operator, float[] computed);
  }

  /**
   * What is going to be computed, and so has to be right.
   *
   * @param types formats of matrices
   * @param operators all others
   */
  public record Needs(Set<TensorType> types, Set<Operator> operators) {
    /** Everything that there is. */
    public static final Needs ALL =
        new Needs(EnumSet.allOf(TensorType.class), EnumSet.allOf(Operator.class));
  }

  /** Operators without weights, each with the hash of its result. */
  public enum Operator {
    /** Rule 4. */
    RMS_NORM(0xe37c73325f2f4fb5L),
    /** Rule 5. */
    ROTATE(0x5b9efe556cfaa0b5L),
    /** Rule 6, inside SwiGLU. */
    SILU_TIMES(0x5c24dbbbc0101ddcL),
    /** Rule 6, inside the clamped SwiGLU. */
    CLAMPED_SILU_TIMES(0x91da4289c9499abaL),
    /** Rule 6, inside GeGLU. */
    GELU_TIMES(0x6a7fac0e36b71b13L),
    /** Rule 6, the hyperbolic tangent as a soft bound. */
    CAP(0xa9df1bdc71263cc2L),
    /** Rule 7 with keys and values in binary16. */
    ATTENTION_F16(0x63627e332b7bd2f4L),
    /** Rule 7 with keys and values in binary32. */
    ATTENTION_F32(0xb0dc00292e6b98a4L),
    /** Rule 7 with bounded scores and a window, keys and values in binary16. */
    ATTENTION_WINDOW(0x9d89e4e5a3dd8959L),
    /** Rule 7 with a window and a sink, keys and values in binary16. */
    ATTENTION_SINK(0x7e64841fb96f6b06L);

    private final long golden;

    Operator(long golden) {
      this.golden = golden;
    }
  }

  /** The hashes of rules 2 and 3. */
  private static long golden(TensorType type) {
    return switch (type) {
      case F32 -> 0x5ee1d2bf38175216L;
      case F16 -> 0x1d1ae9e4510636d7L;
      case BF16 -> 0x4106e385a7afe7bfL;
      case Q4_0 -> 0x9715e619cd1f6926L;
      case Q4_1 -> 0x256c07718ce4dc77L;
      case Q5_0 -> 0x3777cb349acae37dL;
      case Q5_1 -> 0xa3b28e1c78290bfaL;
      case Q8_0 -> 0x889e542ada535f8bL;
      case IQ4_NL -> 0x079cf77c60969bf1L;
      case MXFP4 -> 0x8a3d0806845ccdfbL;
      case IQ4_XS -> 0x2ce863d4c4c9242cL;
      case Q2_K -> 0x54407ecc20b6d0e6L;
      case Q3_K -> 0x7a7d0d7976dfca43L;
      case Q4_K -> 0x9a3d4aa8ce73f421L;
      case Q5_K -> 0x57981656ba36123eL;
      case Q6_K -> 0xd31793e640182fc0L;
    };
  }

  private SelfTest() {}

  /**
   * Tests everything.
   *
   * @throws FolkmootException ARITHMETIC if it computes anything else than sem/1 says
   */
  public static void run() {
    run(Needs.ALL);
  }

  /**
   * Tests what some models need.
   *
   * @throws FolkmootException ARITHMETIC if this machine computes anything else than sem/1 says
   */
  public static void run(Needs needs) {
    run(needs, (_, computed) -> computed);
  }

  static void run(Needs needs, Tap tap) {
    for (TensorType type : needs.types) {
      compare(tap, type.name(), kernels(type), oracle(type), golden(type));
    }
    for (Operator operator : needs.operators) {
      compare(tap, operator.name(), kernels(operator), oracle(operator), operator.golden);
    }
  }

  private static void compare(
      Tap tap, String operator, float[] kernels, float[] oracle, long golden) {
    float[] computed = tap.result(operator, kernels);
    if (!Arrays.equals(computed, oracle) || hash(computed) != golden) {
      throw new FolkmootException(
          ARITHMETIC,
          "this machine computes wrongly (%s): it must not serve; try another version of Java, then another machine"
              .formatted(operator));
    }
  }

  /**
   * The first row as an embedding, {@code W x} for one token and, where a format has a minimum, for
   * two at once. (The others do a part of the same: to do it again would double the time.)
   */
  static float[] kernels(TensorType type) {
    Numbers numbers = new Numbers();
    byte[] matrix = numbers.matrix(type, rows(type));
    float[] x = numbers.floats(2 * columns(type));
    float[] row = new float[columns(type)];
    Dequantiser.row(MemorySegment.ofArray(matrix), 0, type, row.length, row, 0);
    float[] one = multiply(type, matrix, x, 1);
    return type.hasMinimum() ? joined(row, one, multiply(type, matrix, x, 2)) : joined(row, one);
  }

  /** The same by the oracle. */
  static float[] oracle(TensorType type) {
    Numbers numbers = new Numbers();
    byte[] matrix = numbers.matrix(type, rows(type));
    float[] row = Oracle.row(type, matrix, 0, columns(type));
    float[] one = Oracle.multiply(type, matrix, rows(type), numbers.floats(columns(type)));
    return type.hasMinimum()
        ? joined(
            row, one, one, Oracle.multiply(type, matrix, rows(type), numbers.floats(columns(type))))
        : joined(row, one);
  }

  private static float[] joined(float[]... parts) {
    int length = 0;
    for (float[] part : parts) {
      length += part.length;
    }
    float[] all = new float[length];
    int at = 0;
    for (float[] part : parts) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  /** The result of the vector kernels. */
  static float[] kernels(Operator operator) {
    Numbers numbers = new Numbers();
    return switch (operator) {
      case RMS_NORM -> {
        float[] x = numbers.floats(LENGTH);
        float[] y = new float[LENGTH];
        Elementwise.rmsNorm(x, 0, numbers.floats(LENGTH), EPSILON, y, 0, new Scratch());
        yield y;
      }
      case ROTATE -> {
        float[] head = numbers.floats(HEAD_DIM);
        Elementwise.rotate(head, 0, HEAD_DIM, false, cosinesAndSines(), 0);
        yield head;
      }
      case SILU_TIMES -> {
        float[] gate = numbers.wide(LENGTH);
        float[] y = new float[LENGTH];
        Elementwise.siluTimes(gate, 0, numbers.floats(LENGTH), 0, y, 0, LENGTH);
        yield y;
      }
      case CLAMPED_SILU_TIMES -> {
        float[] gate = numbers.wide(LENGTH);
        float[] y = new float[LENGTH];
        Elementwise.clampedSiluTimes(gate, 0, numbers.wide(LENGTH), 0, y, 0, LENGTH);
        yield y;
      }
      case GELU_TIMES -> {
        float[] gate = numbers.floats(LENGTH);
        float[] y = new float[LENGTH];
        Elementwise.geluTimes(gate, 0, numbers.floats(LENGTH), 0, y, 0, LENGTH);
        yield y;
      }
      case CAP -> {
        float[] x = numbers.wide(LENGTH);
        Tanh.cap(x, 0, LENGTH, CAP);
        yield x;
      }
      case ATTENTION_F16 ->
          attend(numbers, KvLayout.Precision.F16, 0, Integer.MAX_VALUE, Attention.NO_SINKS);
      case ATTENTION_F32 ->
          attend(numbers, KvLayout.Precision.F32, 0, Integer.MAX_VALUE, Attention.NO_SINKS);
      case ATTENTION_WINDOW ->
          attend(numbers, KvLayout.Precision.F16, 1, WINDOW, Attention.NO_SINKS);
      case ATTENTION_SINK -> attend(numbers, KvLayout.Precision.F16, 0, WINDOW, new float[] {SINK});
    };
  }

  /** The same by the oracle. */
  static float[] oracle(Operator operator) {
    Numbers numbers = new Numbers();
    return switch (operator) {
      case RMS_NORM -> Oracle.rmsNorm(numbers.floats(LENGTH), numbers.floats(LENGTH), EPSILON);
      case ROTATE -> Oracle.rotate(numbers.floats(HEAD_DIM), cosinesAndSines(), false);
      case SILU_TIMES -> Oracle.siluTimes(numbers.wide(LENGTH), numbers.floats(LENGTH));
      case CLAMPED_SILU_TIMES ->
          Oracle.clampedSiluTimes(numbers.wide(LENGTH), numbers.wide(LENGTH));
      case GELU_TIMES -> Oracle.geluTimes(numbers.floats(LENGTH), numbers.floats(LENGTH));
      case CAP -> Oracle.cap(numbers.wide(LENGTH), CAP);
      case ATTENTION_F16 ->
          attention(numbers, KvLayout.Precision.F16, 0, Integer.MAX_VALUE, NO_SINK);
      case ATTENTION_F32 ->
          attention(numbers, KvLayout.Precision.F32, 0, Integer.MAX_VALUE, NO_SINK);
      case ATTENTION_WINDOW -> attention(numbers, KvLayout.Precision.F16, 1, WINDOW, NO_SINK);
      case ATTENTION_SINK -> attention(numbers, KvLayout.Precision.F16, 0, WINDOW, SINK);
    };
  }

  private static float[] cosinesAndSines() {
    return Oracle.cosinesAndSines(1000, HEAD_DIM, 10_000, new float[0], 1);
  }

  /** A tile, so that every lane has its row. */
  private static int rows(TensorType type) {
    return type.isQuantised() ? BlockMatrix.TILE_ROWS : FloatKernel.TILE_ROWS;
  }

  /** A block. */
  private static int columns(TensorType type) {
    return Math.max(BLOCK, type.blockSize());
  }

  private static float[] multiply(TensorType type, byte[] rows, float[] x, int tokens) {
    try (Arena arena = Arena.ofConfined()) {
      int count = rows(type);
      int columns = columns(type);
      MemorySegment memory = NativeMemory.allocate(arena, Matrix.bytes(type, count, columns));
      Matrix matrix = Matrix.in(type, count, columns, memory);
      matrix.repack(rows, 0);
      return multiply(matrix, new Activations(), x, tokens);
    }
  }

  /** {@code W x} for a panel of tokens at most. */
  static float[] multiply(Matrix matrix, Activations activations, float[] x, int tokens) {
    Set<Activations.Form> forms = EnumSet.of(matrix.form(tokens));
    activations.begin(tokens, matrix.columns(), forms);
    activations.fill(0, x, matrix.columns(), forms);
    float[] out = new float[tokens * matrix.rows()];
    matrix.multiply(activations, 0, 1, out, matrix.rows(), 0, new Scratch());
    return out;
  }

  private static float[] attend(
      Numbers numbers, KvLayout.Precision precision, float cap, int window, float[] sinks) {
    KvLayout layout = new KvLayout(1, 1, HEAD_DIM, precision);
    float[] query = numbers.floats(HEAD_DIM);
    float[] out = new float[HEAD_DIM];
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = NativeMemory.allocate(arena, layout.pageBytes());
      for (int t = 0; t < POSITIONS; t++) {
        float[] key = numbers.floats(HEAD_DIM);
        Attention.store(layout, page, 0, 0, t, key, 0, numbers.floats(HEAD_DIM), 0);
      }
      Attention.Queries queries =
          new Attention.Queries(
              query, HEAD_DIM, out, HEAD_DIM, 0, 1, POSITIONS - 1, 0, 1, 0.25f, cap, window, sinks);
      Attention.attend(layout, List.of(page), 0, 0, queries, new Scratch());
    }
    return out;
  }

  private static float[] attention(
      Numbers numbers, KvLayout.Precision precision, float cap, int window, float sink) {
    float[] query = numbers.floats(HEAD_DIM);
    float[][] keys = new float[POSITIONS][];
    float[][] values = new float[POSITIONS][];
    for (int t = 0; t < POSITIONS; t++) {
      keys[t] = numbers.floats(HEAD_DIM);
      values[t] = numbers.floats(HEAD_DIM);
    }
    return Oracle.attention(query, keys, values, precision, 0.25f, cap, window, sink);
  }

  /**
   * FNV-1a of the floats' bytes, little-endian: enough against mistakes, and at hand in a JVM that
   * has just started, where SHA-256 takes 10 ms to wake.
   */
  static long hash(float[] x) {
    long hash = 0xcbf29ce484222325L;
    for (float number : x) {
      int bits = Float.floatToRawIntBits(number);
      for (int shift = 0; shift < 32; shift += 8) {
        hash = (hash ^ ((bits >>> shift) & 0xff)) * 0x100000001b3L;
      }
    }
    return hash;
  }

  /** Inputs that any program can make: a linear congruential generator's upper halves. */
  static final class Numbers {
    private int state;

    /** 0 to 65,535. */
    private int next() {
      state = state * 1_664_525 + 1_013_904_223;
      return state >>> 16;
    }

    /** From -2 to 2. */
    float[] floats(int length) {
      float[] x = new float[length];
      for (int i = 0; i < length; i++) {
        x[i] = (next() - 32_768) * 0x1p-14f;
      }
      return x;
    }

    /** From -128 to 128. */
    float[] wide(int length) {
      float[] x = floats(length);
      for (int i = 0; i < length; i++) {
        x[i] *= 64;
      }
      return x;
    }

    /** Rows of a block as GGML stores them. */
    byte[] matrix(TensorType type, int rows) {
      byte[] bytes = new byte[Math.toIntExact(rows * type.rowBytes(columns(type)))];
      for (int at = 0; at < bytes.length; at += type.blockBytes()) {
        for (int i = 0; i < type.blockBytes(); i++) {
          bytes[at + i] = (byte) next();
        }
        switch (type) {
          case F32 -> putHalf(bytes, at + 2, (next() & 0x80ff) | 0x3e00);
          case BF16 -> putHalf(bytes, at, (next() & 0x80ff) | 0x3e00);
          case F16 -> putHalf(bytes, at, half());
          case MXFP4 -> bytes[at] = powerOfTwo();
          case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K -> {
            putHalf(bytes, at + type.scaleOffset(), half());
            if (type.hasMinimum()) {
              putHalf(bytes, at + type.scaleOffset() + 2, half());
            }
          }
        }
      }
      return bytes;
    }

    /** The byte of a scale from 2^-16 to 2^-1 or, one in eight, of a subnormal one. */
    private byte powerOfTwo() {
      int v = next();
      return (byte) ((v & 0x1c00) == 0 ? v & 1 : 112 + (v & 15));
    }

    /** A binary16 of either sign, near 2^-6 or, one in eight, subnormal. */
    private int half() {
      int v = next();
      return (v & 0x83ff) | ((v & 0x1c00) == 0 ? 0 : 0x2400);
    }

    private static void putHalf(byte[] bytes, int at, int half) {
      bytes[at] = (byte) half;
      bytes[at + 1] = (byte) (half >>> 8);
    }
  }
}
