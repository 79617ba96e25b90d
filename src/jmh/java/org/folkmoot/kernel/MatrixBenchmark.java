package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Matrix products of one thread: 1,024 rows × 2,048 columns, so that weights come from the second- or third-level
 * cache. Two million weights a call.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "--add-modules",
      "jdk.incubator.vector",
      "--enable-native-access=ALL-UNNAMED",
      "-XX:+UseSerialGC"
    })
public class MatrixBenchmark {
  private static final int ROWS = 1024;
  private static final int COLUMNS = 2048;

  /** Format of the weights. */
  @Param({"Q4_0", "Q4_1", "Q5_0", "Q8_0", "F16", "F32"})
  TensorType type;

  /** Tokens of the batch. */
  @Param({"1", "8", "64"})
  int tokens;

  private Arena arena;
  private Matrix matrix;
  private final Activations activations = new Activations();
  private final Scratch scratch = new Scratch();
  private Set<Activations.Form> forms;
  private float[] x;
  private float[] y;

  /** Makes a matrix of random integers with ordinary scales. */
  @Setup
  public void makeMatrix() {
    SplittableRandom random = new SplittableRandom(1);
    arena = Arena.ofConfined();
    matrix =
        Matrix.in(type, ROWS, COLUMNS, arena.allocate(Matrix.bytes(type, ROWS, COLUMNS), 64));
    int rowBytes = (int) type.rowBytes(COLUMNS);
    for (int tile = 0; tile < matrix.tiles(); tile++) {
      byte[] rows = new byte[rowBytes * matrix.tileRows()];
      random.nextBytes(rows);
      for (int at = 0; at < rows.length; at += type.blockBytes()) {
        for (int b = 0; b < (type.isQuantised() ? (type.hasMinimum() ? 4 : 2) : type.blockBytes()); b += 2) {
          rows[at + b + 1] = 0x28; // a scale near 0.03, a float that is finite
        }
      }
      matrix.repack(rows, tile);
    }
    x = new float[tokens * COLUMNS];
    y = new float[tokens * ROWS];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextGaussian();
    }
    forms = EnumSet.of(matrix.form(tokens));
    prepare();
  }

  /** Frees the weights. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** The activations' part: quantising and laying out. */
  @Benchmark
  public void prepare() {
    activations.begin(tokens, COLUMNS, forms);
    for (int panel = 0; panel < activations.panels(); panel++) {
      activations.fill(panel, x, COLUMNS, forms);
    }
  }

  /** The product. */
  @Benchmark
  public float[] multiply() {
    matrix.multiply(activations, 0, matrix.tiles(), y, ROWS, 0, scratch);
    return y;
  }
}
