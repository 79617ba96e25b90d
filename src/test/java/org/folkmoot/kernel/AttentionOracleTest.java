package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.machine.Processor;
import org.folkmoot.testing.Bits;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rule 7: paged vector attention against the oracle, around every boundary that it has inside. */
class AttentionOracleTest {
  private static final int[] LENGTHS = {
    1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 257, 300, 511, 512, 513
  };
  private static final int KV_HEADS = 2;
  private static final int LAYERS = 2;
  private static final int LAYER = 1;

  private static final Set<AwkwardData.Input> TOO_LARGE_FOR_F16 =
      EnumSet.of(AwkwardData.Input.SPREAD, AwkwardData.Input.HUGE);

  private final Scratch scratch = new Scratch();
  private final Optional<MachineKernels> narrow =
      Processor.hasAvx2() ? MachineKernels.of(Tier.AVX2) : Optional.empty();
  private final SplitAttention.Memory memory = new SplitAttention.Memory();

  /** What makes a case. */
  private record Case(
      int length,
      int tokens,
      int headDim,
      int group,
      AwkwardData.Input input,
      float cap,
      int window,
      boolean sinks) {
    Case(int length, int tokens, int headDim, int group, AwkwardData.Input input) {
      this(length, tokens, headDim, group, input, 0, Integer.MAX_VALUE);
    }

    Case(
        int length,
        int tokens,
        int headDim,
        int group,
        AwkwardData.Input input,
        float cap,
        int window) {
      this(length, tokens, headDim, group, input, cap, window, false);
    }

    Case withSinks() {
      return new Case(length, tokens, headDim, group, input, cap, window, true);
    }

    /** For each head: in the midst of scores, above all of them, below, and far from them. */
    private float[] sinksOf(int heads) {
      float[] some = {0.7f, 12, -3, 90, -1e30f, 0, 1e30f, -0f, 0x1p-130f};
      float[] all = new float[heads];
      for (int head = 0; head < heads && sinks; head++) {
        all[head] = some[(head + length) % some.length];
      }
      return sinks ? all : Attention.NO_SINKS;
    }
  }

  @ParameterizedTest
  @EnumSource
  void lengthsAroundBoundaries(KvLayout.Precision precision) {
    for (int length : LENGTHS) {
      check(new Case(length, 1, 16, 2, AwkwardData.Input.ORDINARY), precision);
      check(new Case(length, Math.min(length, 8), 16, 2, AwkwardData.Input.ORDINARY), precision);
    }
  }

  @ParameterizedTest
  @EnumSource
  void headDimensionsAndGroups(KvLayout.Precision precision) {
    for (int headDim : new int[] {8, 16, 48, 64, 128}) {
      for (int group : new int[] {1, 3}) {
        for (int tokens : new int[] {1, 5}) {
          check(new Case(70, tokens, headDim, group, AwkwardData.Input.ORDINARY), precision);
          check(new Case(260, tokens, headDim, group, AwkwardData.Input.ORDINARY), precision);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void pastsThatThreadsShare(KvLayout.Precision precision) {
    for (int length : new int[] {1024, 1025, 1300, 2048, 2303}) {
      for (int group : new int[] {1, 3, 5}) {
        check(new Case(length, 1, 32, group, AwkwardData.Input.ORDINARY), precision);
      }
    }
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      if (precision == KvLayout.Precision.F32 || !TOO_LARGE_FOR_F16.contains(input)) {
        check(new Case(1500, 1, 16, 2, input), precision);
        check(new Case(1500, 1, 16, 2, input, 50, Integer.MAX_VALUE), precision);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void windows(KvLayout.Precision precision) {
    for (int window : new int[] {1, 15, 16, 17, 64, 100, 256, 300, 1024}) {
      for (int length : new int[] {1, 16, 65, 257, 320, 513, 1200}) {
        for (int tokens : new int[] {1, Math.min(length, 8)}) {
          AwkwardData.Input ordinary = AwkwardData.Input.ORDINARY;
          check(new Case(length, tokens, 16, 2, ordinary, 0, window), precision);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void boundedScores(KvLayout.Precision precision) {
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      if (precision == KvLayout.Precision.F32 || !TOO_LARGE_FOR_F16.contains(input)) {
        check(new Case(270, 3, 16, 2, input, 50, Integer.MAX_VALUE), precision);
        check(new Case(270, 3, 16, 2, input, 2, 70), precision);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void sinks(KvLayout.Precision precision) {
    AwkwardData.Input ordinary = AwkwardData.Input.ORDINARY;
    for (int length : LENGTHS) {
      for (int tokens : new int[] {1, Math.min(length, 8)}) {
        for (int group : new int[] {1, 2, 5}) {
          check(new Case(length, tokens, 16, group, ordinary).withSinks(), precision);
        }
        for (int window : new int[] {1, 64, 128, 300}) {
          check(new Case(length, tokens, 32, 3, ordinary, 0, window).withSinks(), precision);
        }
      }
    }
    check(new Case(70, 5, 8, 3, ordinary).withSinks(), precision);
    for (int length : new int[] {1024, 1300, 2303}) {
      check(new Case(length, 1, 64, 5, ordinary).withSinks(), precision);
    }
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      if (precision == KvLayout.Precision.F32 || !TOO_LARGE_FOR_F16.contains(input)) {
        check(new Case(270, 3, 16, 2, input, 50, 70).withSinks(), precision);
        check(new Case(1500, 1, 16, 4, input).withSinks(), precision);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void extremeValues(KvLayout.Precision precision) {
    for (AwkwardData.Input input : AwkwardData.Input.values()) {
      if (precision == KvLayout.Precision.F32 || !TOO_LARGE_FOR_F16.contains(input)) {
        check(new Case(70, 3, 16, 2, input), precision);
        check(new Case(270, 1, 48, 1, input), precision);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void refusesWhatCannotBeStored(KvLayout.Precision precision) {
    KvLayout layout = new KvLayout(LAYERS, KV_HEADS, 16, precision);
    float least = precision == KvLayout.Precision.F16 ? 65_520f : Float.POSITIVE_INFINITY;
    float[] good = new float[16];
    Arrays.fill(good, -Math.nextDown(least));
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> pages = pages(arena, layout, 1);
      store(layout, pages, 0, 0, good, good);
      for (float no : new float[] {least, -least, Float.NaN}) {
        float[] bad = good.clone();
        bad[15] = no;
        refuses(() -> store(layout, pages, 0, 0, bad, good));
        refuses(() -> store(layout, pages, 0, 0, good, bad));
        float[][] one = {bad};
        refuses(() -> Oracle.attention(good, one, one, precision, 1));
      }
    }
  }

  private static void refuses(Runnable call) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(call::run)
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.ARITHMETIC));
  }

  private void check(Case of, KvLayout.Precision precision) {
    int seed = of.toString().hashCode(); // that of an enum is another one in each JVM
    AwkwardData data = new AwkwardData(seed);
    int abreast = 1 + Math.floorMod(seed, 5);
    KvLayout layout = new KvLayout(LAYERS, KV_HEADS, of.headDim, precision, abreast);
    float scale = (float) (1 / Math.sqrt(of.headDim));
    float[][][] keys = new float[KV_HEADS][of.length][];
    float[][][] values = new float[KV_HEADS][of.length][];
    int stride = KV_HEADS * of.group * of.headDim;
    float[] sinks = of.sinksOf(KV_HEADS * of.group);
    float[] queries = data.vector(of.tokens * stride, AwkwardData.Input.ORDINARY);
    float[] out = new float[of.tokens * stride];
    try (Arena arena = Arena.ofConfined()) {
      List<MemorySegment> pages = pages(arena, layout, of.length);
      for (int head = 0; head < KV_HEADS; head++) {
        for (int t = 0; t < of.length; t++) {
          keys[head][t] = data.vector(of.headDim, of.input);
          values[head][t] = data.vector(of.headDim, of.input);
          store(layout, pages, head, t, keys[head][t], values[head][t]);
        }
      }
      for (int head = 0; head < KV_HEADS; head++) {
        Attention.Queries part =
            new Attention.Queries(
                queries,
                stride,
                out,
                stride,
                0,
                of.tokens,
                of.length - of.tokens,
                head * of.group,
                of.group,
                scale,
                of.cap,
                of.window,
                sinks);
        AttentionLanes.attend(layout, pages, LAYER, head, part, scratch);
        float[] inJava = out.clone();
        Attention.attend(layout, pages, LAYER, head, part, scratch);
        assertThat(Arrays.equals(out, inJava)).as("%s in Java", of).isTrue();
        if (narrow.isPresent()) {
          narrow(narrow.get(), layout, pages, head, part);
          assertThat(Arrays.equals(out, inJava)).as("%s by AVX2", of).isTrue();
        }
        for (int parts = 2; parts < 6; parts++) {
          split(layout, pages, head, part, parts);
          assertThat(Arrays.equals(out, inJava)).as("%s in %d parts", of, parts).isTrue();
        }
      }
    }
    for (int t = 0; t < of.tokens; t++) {
      int visible = of.length - of.tokens + t + 1;
      for (int head = 0; head < KV_HEADS * of.group; head++) {
        int at = t * stride + head * of.headDim;
        float[] expected =
            Oracle.attention(
                Arrays.copyOfRange(queries, at, at + of.headDim),
                Arrays.copyOf(keys[head / of.group], visible),
                Arrays.copyOf(values[head / of.group], visible),
                precision,
                scale,
                of.cap,
                of.window,
                of.sinks ? sinks[head] : Float.NEGATIVE_INFINITY);
        float[] actual = Arrays.copyOfRange(out, at, at + of.headDim);
        Bits.assertSame(actual, expected, of, precision, t, head);
      }
    }
  }

  /** By machine code of the narrower tier, if it is for such heads. */
  private void narrow(
      MachineKernels kernels,
      KvLayout layout,
      List<MemorySegment> pages,
      int head,
      Attention.Queries queries) {
    Optional<MachineAttention> machine = kernels.attention(layout);
    assertThat(machine.isPresent()).isEqualTo(layout.headDim() % 16 == 0);
    int rows = queries.firstHead() * layout.headDim();
    machine.ifPresent(made -> {
      Arrays.fill(queries.out(), rows, rows + queries.heads() * layout.headDim(), 7f);
      made.attend(new MachineAttention.Past(layout, pages, LAYER, head), queries, scratch);
    });
  }

  /** In parts, the last first, if the machine has kernels for it and the past is long enough. */
  private void split(
      KvLayout layout, List<MemorySegment> pages, int head, Attention.Queries queries, int parts) {
    SplitAttention.of(layout, pages, LAYER, head, queries, parts, memory)
        .ifPresent(split -> {
          int rows = queries.firstHead() * layout.headDim();
          Arrays.fill(queries.out(), rows, rows + queries.heads() * layout.headDim(), 7f);
          IntStream.range(0, split.parts()).map(i -> -i).sorted().forEach(i -> split.score(-i));
          IntStream.range(0, split.parts()).map(i -> -i).sorted().forEach(i -> split.weigh(-i));
        });
  }

  /**
   * Pages as they come back from another sequence: full of what must not be seen, and some of an
   * extent in their order, some not.
   */
  private static List<MemorySegment> pages(Arena arena, KvLayout layout, int length) {
    List<MemorySegment> pages = new ArrayList<>();
    int wanted = (length + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS;
    while (pages.size() < wanted) {
      MemorySegment extent = arena.allocate(layout.extentBytes(), 64).fill((byte) 0x7f); // NaNs
      int first = pages.size() % layout.abreast();
      for (int i = 0; i < layout.abreast(); i++) {
        pages.add(layout.page(extent, (first + i) % layout.abreast()));
      }
    }
    return pages.subList(0, wanted);
  }

  private static void store(
      KvLayout layout, List<MemorySegment> pages, int head, int t, float[] key, float[] value) {
    MemorySegment page = pages.get(t / KvLayout.POSITIONS);
    Attention.store(layout, page, LAYER, head, t % KvLayout.POSITIONS, key, 0, value, 0);
  }
}
