package org.folkmoot.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
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

/** Attention of one token with three query heads of 64 dimensions that share a KV head. */
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
public class AttentionBenchmark {
  private static final int HEADS = 3;
  private static final int HEAD_DIM = 64;

  /** Positions that are attended to. */
  @Param({"128", "1024", "4096"})
  int positions;

  /** How the cache stores numbers. */
  @Param({"F16", "F32"})
  KvLayout.Precision precision;

  private final Scratch scratch = new Scratch();
  private final List<MemorySegment> pages = new ArrayList<>();
  private Arena arena;
  private KvLayout layout;
  private Attention.Queries queries;

  /** Fills a cache. */
  @Setup
  public void fill() {
    SplittableRandom random = new SplittableRandom(1);
    arena = Arena.ofConfined();
    layout = new KvLayout(1, 1, HEAD_DIM, precision);
    float[] row = new float[HEADS * HEAD_DIM];
    for (int p = 0; p < positions; p++) {
      if (p % KvLayout.POSITIONS == 0) {
        pages.add(arena.allocate(layout.pageBytes(), 64));
      }
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) random.nextGaussian();
      }
      Attention.store(
          layout, pages.getLast(), 0, 0, p % KvLayout.POSITIONS, row, 0, row, HEAD_DIM);
    }
    queries =
        new Attention.Queries(
            row, row.length, new float[row.length], row.length, 0, 1, positions - 1, 0, HEADS,
            0.125f);
  }

  /** Frees the cache. */
  @TearDown
  public void free() {
    arena.close();
  }

  /** One layer's attention for one KV head. */
  @Benchmark
  public float[] attend() {
    Attention.attend(layout, pages, 0, 0, queries, scratch);
    return queries.out();
  }
}
