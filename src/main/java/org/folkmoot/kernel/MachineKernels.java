package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.folkmoot.kernel.machine.MachineCode;
import org.folkmoot.kernel.machine.Processor;
import org.jspecify.annotations.Nullable;

/**
 * Kernels in machine code, made when they are first needed, on processors and systems that they are
 * known for. {@code -Dfolkmoot.kernels=java} does without them, {@code avx2} without wider vectors
 * than that {@link Tier} has. Which kernels run cannot change a bit, only how long it takes.
 */
public final class MachineKernels {
  private static final String SWITCH = "folkmoot.kernels";

  /**
   * Kernels of one format.
   *
   * @param forTokens products for 1 to {@link Activations#PANEL} tokens
   * @param repack fills a tile
   */
  record Products(List<MachineCode> forTokens, MachineCode repack) {}

  private static final class Holder {
    static final Optional<MachineKernels> KERNELS = make();
  }

  private final Tier tier;
  private final MachineCode quantise;
  private final MachineCode rmsNorm;
  private final MachineCode siluTimes;
  private final MachineCode add;
  private final MachineCode exp;
  private final MachineCode clampedSiluTimes;
  private final Map<KvLayout.Precision, Map<Integer, Optional<MachineAttention>>> attention =
      new EnumMap<>(KvLayout.Precision.class);
  private final Map<TensorType, Optional<Products>> products = new EnumMap<>(TensorType.class);

  private volatile @Nullable Known lastAttention;

  private MachineKernels(Tier tier, List<MachineCode> all) {
    this.tier = tier;
    this.quantise = all.get(0);
    this.rmsNorm = all.get(1);
    this.siluTimes = all.get(2);
    this.add = all.get(3);
    this.exp = all.get(4);
    this.clampedSiluTimes = all.get(5);
  }

  /** These kernels, if this machine can run them and they are wanted. */
  static Optional<MachineKernels> get() {
    return Holder.KERNELS;
  }

  private static Optional<MachineKernels> make() {
    return tier().flatMap(MachineKernels::of);
  }

  /** The best tier that this processor has and that is wanted. */
  private static Optional<Tier> tier() {
    String wanted = System.getProperty(SWITCH, "");
    if (wanted.equals("java")) {
      return Optional.empty();
    }
    if (!wanted.equals("avx2") && Processor.hasAvx512Vnni()) {
      return Optional.of(Tier.AVX512_VNNI);
    }
    return Processor.hasAvx2() ? Optional.of(Tier.AVX2) : Optional.empty();
  }

  /** The kernels of a tier that this processor has, if the system lets it. */
  static Optional<MachineKernels> of(Tier tier) {
    List<byte[]> all =
        List.of(
            QuantiseCode.assemble(tier),
            LayerCode.rmsNorm(tier),
            LayerCode.siluTimes(tier),
            LayerCode.add(tier),
            LayerCode.exp(tier),
            LayerCode.clampedSiluTimes(tier));
    return MachineCode.all(all)
        .map(code -> new MachineKernels(tier, code))
        .filter(MachineCheck::agrees);
  }

  /** What computes matrix products here, for people. */
  public static String describe() {
    return get()
        .map(kernels -> kernels.tier.label() + ", generated" + kernels.exceptions())
        .orElseGet(() -> "Java, %d bits".formatted(Lanes.BITS));
  }

  private synchronized String exceptions() {
    String without =
        products.entrySet().stream()
            .filter(entry -> entry.getValue().isEmpty())
            .map(entry -> entry.getKey().name())
            .collect(Collectors.joining(", "));
    return without.isEmpty() ? "" : " (in Java: %s, they compute wrongly here)".formatted(without);
  }

  /**
   * The kernels of a format, or nothing if they do not agree with the oracle or the system refuses
   * memory for code: then those in Java serve.
   */
  synchronized Optional<Products> products(TensorType type) {
    Optional<Products> known = products.get(type);
    if (known == null) {
      known = assemble(tier, type).filter(made -> MachineCheck.agrees(this, type, made));
      products.put(type, known);
    }
    return known;
  }

  private static Optional<Products> assemble(Tier tier, TensorType type) {
    PackedLayout layout = PackedLayout.of(type);
    List<byte[]> all = new ArrayList<>();
    for (int tokens = 1; tokens <= Activations.PANEL; tokens++) {
      all.add(
          switch (tier) {
            case AVX512_VNNI -> new ProductCode(layout, type, tokens).assemble();
            case AVX2 -> new PairProductCode(layout, type, tokens).assemble();
          });
    }
    all.add(RepackCode.assemble(tier, type));
    return MachineCode.all(all)
        .map(code -> new Products(code.subList(0, Activations.PANEL), code.getLast()));
  }

  /** The attention of such heads, or nothing if that in Java serves. */
  Optional<MachineAttention> attention(KvLayout layout) {
    Known known = lastAttention; // as a rule a process has one model
    if (known == null
        || known.headDim != layout.headDim()
        || known.precision != layout.precision()) {
      known = new Known(layout.headDim(), layout.precision(), findAttention(layout));
      lastAttention = known;
    }
    return known.attention;
  }

  private record Known(
      int headDim, KvLayout.Precision precision, Optional<MachineAttention> attention) {}

  private synchronized Optional<MachineAttention> findAttention(KvLayout layout) {
    return attention
        .computeIfAbsent(layout.precision(), _ -> new HashMap<>())
        .computeIfAbsent(
            layout.headDim(),
            headDim ->
                MachineAttention.of(tier, headDim, layout.precision())
                    .filter(made -> MachineCheck.agrees(made, headDim, layout.precision())));
  }

  /** Rule 4; gives the sum of squares. */
  float rmsNorm(float[] x, int xAt, float[] weight, float epsilon, float[] y, int yAt) {
    int n = weight.length;
    long numbers = Float.floatToRawIntBits(n) | ((long) Float.floatToRawIntBits(epsilon) << 32);
    return Float.intBitsToFloat(
        rmsNorm.call(
            floats(x, xAt),
            MemorySegment.ofArray(weight),
            floats(y, yAt),
            n / 16,
            rest(n),
            numbers));
  }

  /** SwiGLU. */
  void siluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    siluTimes.call(
        floats(gate, gateAt), floats(up, upAt), floats(out, outAt), length / 16, rest(length), 0);
  }

  /** The clamped SwiGLU. */
  void clampedSiluTimes(
      float[] gate, int gateAt, float[] up, int upAt, float[] out, int outAt, int length) {
    clampedSiluTimes.call(
        floats(gate, gateAt), floats(up, upAt), floats(out, outAt), length / 16, rest(length), 0);
  }

  /** {@code x += y}. */
  void add(float[] x, int xAt, float[] y, int yAt, int length) {
    MemorySegment to = floats(x, xAt);
    add.call(to, floats(y, yAt), to, length / 16, rest(length), 0);
  }

  /** Rule 6: {@code x = e^x}. */
  void exp(float[] x, int at, int length) {
    MemorySegment to = floats(x, at);
    exp.call(to, to, to, length / 16, rest(length), 0);
  }

  private static int rest(int length) {
    return (1 << (length % 16)) - 1;
  }

  private static MemorySegment floats(float[] array, int at) {
    return MemorySegment.ofArray(array).asSlice((long) at * Float.BYTES);
  }

  /**
   * Quantises one token's row into a panel's records.
   *
   * @param x the row
   * @param panel records of the panel, see {@link TokenRecords}
   * @param tokens how many tokens the panel has
   * @param token which of them this is
   * @return the largest magnitude's bits: from those of infinity on, a number was not finite
   */
  int quantise(MemorySegment x, MemorySegment panel, int blocks, int tokens, int token) {
    return quantise.call(x, panel, panel, blocks, tokens, token);
  }
}
