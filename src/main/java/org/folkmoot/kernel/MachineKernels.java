package org.folkmoot.kernel;

import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.folkmoot.kernel.machine.MachineCode;
import org.folkmoot.kernel.machine.Processor;

/**
 * Kernels in machine code, made when they are first needed, on processors and systems that they are
 * known for. {@code -Dfolkmoot.kernels=java} does without them. Which kernels run cannot change a
 * bit, only how long it takes.
 */
public final class MachineKernels {
  private static final String SWITCH = "folkmoot.kernels";

  /**
   * Kernels of one format.
   *
   * @param forTokens products for 1 to {@link Activations#PANEL} tokens
   * @param repack fills a tile
   */
  record Products(MachineCode[] forTokens, MachineCode repack) {}

  private static final class Holder {
    static final Optional<MachineKernels> KERNELS = make();
  }

  private final MachineCode quantise;
  private final Map<TensorType, Optional<Products>> products = new EnumMap<>(TensorType.class);

  private MachineKernels(MachineCode quantise) {
    this.quantise = quantise;
  }

  /** These kernels, if this machine can run them and they are wanted. */
  static Optional<MachineKernels> get() {
    return Holder.KERNELS;
  }

  private static Optional<MachineKernels> make() {
    if (System.getProperty(SWITCH, "").equals("java") || !Processor.hasAvx512Vnni()) {
      return Optional.empty();
    }
    return MachineCode.of(QuantiseCode.assemble()).map(MachineKernels::new);
  }

  /** What computes matrix products here, for people. */
  public static String describe() {
    String java = "Java, %d bits".formatted(Lanes.BITS);
    return get().map(kernels -> "AVX-512 VNNI, generated" + kernels.exceptions()).orElse(java);
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
      known = assemble(type).filter(made -> MachineCheck.agrees(type, made));
      products.put(type, known);
    }
    return known;
  }

  private static Optional<Products> assemble(TensorType type) {
    MachineCode[] forTokens = new MachineCode[Activations.PANEL];
    for (int tokens = 1; tokens <= Activations.PANEL; tokens++) {
      Optional<MachineCode> code =
          MachineCode.of(new ProductCode(PackedLayout.of(type), type, tokens).assemble());
      if (code.isEmpty()) {
        return Optional.empty();
      }
      forTokens[tokens - 1] = code.get();
    }
    return MachineCode.of(RepackCode.assemble(type)).map(r -> new Products(forTokens, r));
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
