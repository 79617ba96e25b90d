package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.DoubleSupplier;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.RandomModel;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.WeightShelf;
import org.folkmoot.kernel.MachineKernels;
import org.folkmoot.kernel.ReadBandwidth;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.store.StoredModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Measures how fast this machine runs a model. */
@Command(name = "bench", description = "Measure how fast this machine runs a model.")
final class BenchCommand implements Callable<Integer> {
  private static final int WARM_UP = 2;

  @Parameters(
      paramLabel = "MODEL",
      description = "A name or a file; with --generate, the file to write.")
  private String reference = "";

  @Option(
      names = "--threads",
      description = "Threads that compute (default: one for each processor).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Option(names = "--rounds", description = "Rounds, of which the median counts (default: 5).")
  private int rounds = 5;

  @Option(
      names = "--behind",
      paramLabel = "POSITIONS",
      description = "Measure decode behind a longer prompt, too, for example of 4096 tokens.")
  private int behind;

  @Option(
      names = "--generate",
      paramLabel = "SHAPE:FORMAT",
      description = "Write a file with random weights, for example 1.2b:q8_0, and measure it.")
  private String generate = "";

  @Mixin private JsonOption json;

  private final Surroundings surroundings;
  private WeightShelf shelf = WeightShelf.NONE;

  BenchCommand(Surroundings surroundings) {
    this.surroundings = surroundings;
  }

  @Override
  public Integer call() {
    if (threads < 1 || rounds < 1) {
      throw new FolkmootException(BAD_REQUEST, "--threads and --rounds must be at least 1");
    }
    ModelOpener.selfTest();
    Path file = generate.isEmpty() ? find() : generate();
    Map<String, Object> figures = measure(file);
    if (json.isWished()) {
      JsonOutput.print(surroundings.console(), figures);
    } else {
      print(figures);
    }
    return ExitStatus.OK;
  }

  private Path find() {
    StoredModel model = Models.find(surroundings, reference);
    shelf = KeptWeights.of(surroundings, model.sha256()).asItIs();
    return model.path();
  }

  private Path generate() {
    String[] parts = generate.toLowerCase(Locale.ROOT).split(":", -1);
    RandomModel shape =
        switch (parts[0]) {
          case "1.2b" -> RandomModel.LLAMA_1B;
          case "135m" -> RandomModel.SMOL_135M;
          case "tiny" -> RandomModel.TINY;
          default -> throw unknownShape();
        };
    TensorType type =
        Arrays.stream(TensorType.values())
            .filter(t -> parts.length == 2 && t.name().equalsIgnoreCase(parts[1]))
            .findFirst()
            .orElseThrow(this::unknownShape);
    if (shape.dim() % type.blockSize() != 0) {
      throw new FolkmootException(
          BAD_REQUEST,
          "rows of %s have %d columns, which %s cannot divide into blocks of %d: choose another format"
              .formatted(parts[0], shape.dim(), type, type.blockSize()));
    }
    Path file = Path.of(reference);
    if (!Files.exists(file)) {
      surroundings.console().note("writing " + file + " …");
      try {
        shape.write(file, type, type.isQuantised() ? TensorType.Q8_0 : type, 1);
      } catch (IOException failed) {
        throw new FolkmootException(
            NO_ROOM, file + " cannot be written: " + failed.getMessage(), failed);
      }
    }
    return file;
  }

  private FolkmootException unknownShape() {
    return new FolkmootException(
        BAD_REQUEST,
        "there is no shape and format '"
            + generate
            + "': the shapes are 1.2b, 135m and tiny, the formats "
            + Arrays.toString(TensorType.values()).toLowerCase(Locale.ROOT));
  }

  private Map<String, Object> measure(Path path) {
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("model", path.getFileName().toString());
    figures.put("threads", threads);
    figures.put("kernels", MachineKernels.describe());
    figures.put("vectorBits", WorkerPool.vectorBits());
    figures.put("ttftMillis", ColdStart.millis(surroundings, path, threads, Math.min(rounds, 3)));
    try (GgufFile file = GgufFile.open(path);
        WorkerPool pool = new WorkerPool(threads)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel model =
          SpanModel.load(file, config, Span.whole(config), pool, shelf, _ -> {})) {
        EngineBench bench = new EngineBench(model, System::nanoTime);
        Map<String, DoubleSupplier> tests = new LinkedHashMap<>();
        if (config.contextLength() > 128) {
          tests.put("pp128", () -> bench.prefill(128));
        }
        if (config.contextLength() > 512) {
          tests.put("pp512", () -> bench.prefill(512));
        }
        tests.put("tg64", bench::decode);
        tests.put("tg64x8", () -> bench.decodeTogether(8));
        if (behind > 0) {
          requireRoom(config);
          tests.put("tg64behind128", () -> bench.decodeBehind(128));
          tests.put("tg64behind", () -> bench.decodeBehind(behind));
        }
        runRounds(tests, figures);
        if (behind > 0) {
          figures.put(
              "behindShare",
              rounded(number(figures, "tg64behind") / number(figures, "tg64behind128")));
        }
        figures.put("peakMiB", ProcessMemory.peakMiB());
        double bandwidth = ReadBandwidth.measure(pool, rounds + WARM_UP, System::nanoTime);
        figures.put("readGBps", rounded(bandwidth / 1e9));
        figures.put("weightBytes", model.decodeBytes());
        figures.put(
            "bandwidthShare", rounded(number(figures, "tg64") * model.decodeBytes() / bandwidth));
      }
    }
    return figures;
  }

  private static double number(Map<String, Object> figures, String key) {
    return ((Number) figures.getOrDefault(key, 0)).doubleValue();
  }

  private void requireRoom(ModelConfig config) {
    int most = config.contextLength() - EngineBench.DECODED;
    if (behind > most) {
      throw new FolkmootException(
          BAD_REQUEST, "--behind can be at most %d with this model".formatted(most));
    }
  }

  /** Tests take turns, so that a slow minute of the machine touches all alike. */
  private void runRounds(Map<String, DoubleSupplier> tests, Map<String, Object> figures) {
    Map<String, List<Double>> results = new LinkedHashMap<>();
    for (int round = -WARM_UP; round < rounds; round++) {
      for (Map.Entry<String, DoubleSupplier> test : tests.entrySet()) {
        double result = test.getValue().getAsDouble();
        if (round >= 0) {
          results.computeIfAbsent(test.getKey(), _ -> new ArrayList<>()).add(result);
        }
      }
    }
    results.forEach((name, all) -> {
      all.sort(null);
      figures.put(name, rounded(all.get(all.size() / 2)));
    });
  }

  private static double rounded(double value) {
    return Math.round(value * 100) / 100.0;
  }

  private void print(Map<String, Object> figures) {
    Table table = new Table("measure", "value", "what it is");
    table.row("kernels", String.valueOf(figures.get("kernels")), "what computes matrix products");
    row(table, figures, "pp128", " tokens/s", "prefill of 128 tokens");
    row(table, figures, "pp512", " tokens/s", "prefill of 512 tokens");
    row(table, figures, "tg64", " tokens/s", "decode of 64 tokens");
    row(table, figures, "tg64x8", " tokens/s", "decode of eight answers at once, all together");
    row(table, figures, "tg64behind", " tokens/s", "decode behind %d positions".formatted(behind));
    row(table, figures, "tg64behind128", " tokens/s", "decode behind 128 positions");
    row(table, figures, "behindShare", "", "the former over the latter");
    row(table, figures, "ttftMillis", " ms", "first token of 'run' from a cold start");
    row(table, figures, "peakMiB", " MiB", "peak resident memory of this process");
    row(table, figures, "readGBps", " GB/s", "memory read bandwidth of this machine");
    row(table, figures, "bandwidthShare", "", "share of it that decode uses");
    table.print(surroundings.console());
  }

  private static void row(
      Table table, Map<String, Object> figures, String key, String unit, String meaning) {
    if (figures.get(key) instanceof Number value) {
      table.row(key, String.format(Locale.ROOT, "%.2f%s", value.doubleValue(), unit), meaning);
    }
  }
}
