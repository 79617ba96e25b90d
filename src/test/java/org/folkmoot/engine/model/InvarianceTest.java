package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.SharedModels;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The promise of sem/1 on whole runs: threads, chunks, batches, spans and taking back change no bit
 * of any hidden state or logit, and the bits are the oracle's.
 */
class InvarianceTest {
  private static final int GENERATED = 24;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void everyFormat(TensorType type) {
    Path model = TinyModels.write(folder, TinyModel.of(type));
    if (type.hasSubBlocks()) { // these models are larger
      check(model, KvLayout.Precision.F16, 12, InvarianceTest::fewWays);
    } else {
      everyWay(model, KvLayout.Precision.F16, 70);
    }
  }

  /** As quantisers mix them within a file. */
  @Test
  void mixedPackedFormats() {
    TinyModel model =
        TinyModel.of(TensorType.Q4_K)
            .withFormats(new TinyModel.Formats(TensorType.Q4_K, TensorType.Q5_0, TensorType.Q6_K))
            .withParts(new TinyModel.Parts(false, false, false));
    Path path = TinyModels.write(folder, model);
    check(path, KvLayout.Precision.F16, 12, InvarianceTest::fewWays);
  }

  /** As in Q3_K_M: queries, keys and values share their input, but not their format. */
  @Test
  void formatsMixedWithinALayer() {
    TinyModel model =
        TinyModel.of(TensorType.Q3_K)
            .withFormats(
                new TinyModel.Formats(
                    TensorType.Q3_K,
                    TensorType.Q5_K,
                    TensorType.Q4_K,
                    TensorType.Q3_K,
                    TensorType.Q6_K))
            .withParts(new TinyModel.Parts(false, false, false));
    Path path = TinyModels.write(folder, model);
    check(path, KvLayout.Precision.F16, 12, InvarianceTest::fewWays);
  }

  @ParameterizedTest
  @EnumSource
  void everyWayOfRope(TinyModel.Scaling scaling) {
    TinyModel model = TinyModel.of(TensorType.Q4_0).withRope(new TinyModel.Rope(5_000, scaling));
    everyWay(TinyModels.write(folder, model), KvLayout.Precision.F32, 20);
  }

  @ParameterizedTest
  @EnumSource
  void everyFamily(TinyFamily family) {
    boolean quantised = family.name().startsWith("Q") || family == TinyFamily.GPT_OSS;
    TensorType type = quantised ? TensorType.Q8_0 : TensorType.F16;
    everyWay(family.write(folder, type), KvLayout.Precision.F16, 70);
  }

  @Test
  void mixedFormatsBiasesAndItsOwnHead() {
    TinyModel model =
        TinyModel.of(TensorType.Q4_1)
            .withFormats(new TinyModel.Formats(TensorType.Q4_1, TensorType.Q5_1, TensorType.Q8_0))
            .withParts(new TinyModel.Parts(false, true, false));
    everyWay(TinyModels.write(folder, model), KvLayout.Precision.F16, 20);
  }

  /** Heads that do not fill the 16 lanes, one KV head, three layers. */
  @Test
  void awkwardWidths() {
    TinyModel model =
        TinyModel.of(TensorType.Q8_0)
            .withLayers(3)
            .withWidths(new TinyModel.Widths(96, 4, 1, 24, 32));
    everyWay(TinyModels.write(folder, model), KvLayout.Precision.F16, 20);
  }

  /** Across the border of two chunks of rule 7. */
  @ParameterizedTest
  @EnumSource
  void longPrompt(KvLayout.Precision precision) {
    TinyModel model = TinyModel.of(TensorType.Q5_0).withContext(512);
    everyWay(TinyModels.write(folder, model), precision, 250);
  }

  @ParameterizedTest
  @ValueSource(strings = {"stories260K", "tinystories-656K", "babyllama"})
  void realModels(String name) throws Exception {
    try (Stream<Path> files = Files.list(SharedModels.folder(name))) {
      for (Path model : files.filter(path -> path.toString().endsWith(".gguf")).toList()) {
        check(model, KvLayout.Precision.F16, 70, InvarianceTest::fewWays);
      }
    }
  }

  private static void everyWay(Path model, KvLayout.Precision precision, int promptLength) {
    check(model, precision, promptLength, InvarianceTest::everyWay);
  }

  private static void check(
      Path model,
      KvLayout.Precision precision,
      int promptLength,
      IntFunction<List<GreedyRun.Way>> ways) {
    try (GgufFile file = GgufFile.open(model)) {
      ModelConfig config = ModelConfig.of(file).withPrecision(precision);
      GreedyRun run = GreedyRun.of(config.vocabulary(), promptLength, GENERATED);
      SortedMap<Integer, String> expected = run.hashes(new OracleModel(file, config));
      for (GreedyRun.Way way : ways.apply(config.layers())) {
        SortedMap<Integer, String> visible = new TreeMap<>(expected);
        visible.keySet().removeIf(done -> done <= config.layers() && !way.cuts().contains(done));
        assertThat(run.hashes(file, config, way))
            .as("%s, %s", model.getFileName(), way)
            .isEqualTo(visible);
      }
    }
  }

  private static List<GreedyRun.Way> everyWay(int layers) {
    GreedyRun.Way plain = GreedyRun.Way.PLAIN;
    List<Integer> everywhere = IntStream.rangeClosed(0, layers).boxed().toList();
    return List.of(
        plain,
        plain.withThreads(2).withCuts(List.of(layers)),
        plain.withThreads(3),
        plain.withChunk(1).withCuts(List.of(layers)),
        plain.withChunk(7),
        plain.withChunk(64).withCuts(List.of(layers)),
        plain.withOthers(7),
        plain.withOthers(7).withChunk(7).withThreads(2),
        plain.withCuts(List.of(1)),
        plain.withCuts(List.of(1, layers)),
        plain.withCuts(everywhere),
        plain.withCuts(everywhere).withOthers(3).withThreads(2).withChunk(64),
        plain.withRejected(5),
        plain.withRejected(1).withOthers(2).withCuts(List.of(0)));
  }

  /** The same differences, several at a time. */
  private static List<GreedyRun.Way> fewWays(int layers) {
    GreedyRun.Way plain = GreedyRun.Way.PLAIN;
    List<Integer> everywhere = IntStream.rangeClosed(0, layers).boxed().toList();
    return List.of(
        plain,
        plain.withThreads(3).withChunk(1).withCuts(List.of(layers)),
        plain.withThreads(2).withChunk(7).withOthers(7),
        plain.withChunk(64).withCuts(everywhere).withRejected(3));
  }
}
