package org.folkmoot.engine.model;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.folkmoot.engine.convert.QuantisedBytes;
import org.folkmoot.engine.convert.Recipe;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.SelfTest;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyFamily;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;

/**
 * A program for a JVM of its own: runs the self-test, which holds every operator to its golden, and
 * prints the hash of a greedy run of each model file it is given, and hashes of what it quantises.
 * Whatever flags that JVM has, it must print the same.
 */
final class GoldenHash {
  /** As small as models can be: without hardware FMA a single one takes a microsecond. */
  private static final TinyModel SMALLEST =
      TinyModel.of(TensorType.F16)
          .withLayers(1)
          .withWidths(new TinyModel.Widths(32, 2, 1, 16, 32))
          .withVocab(261)
          .withContext(32);

  /** What SmolLM2 is: Q4_1 with a head of Q8_0; floats; and packed formats. */
  private static final List<TinyModel> MODELS =
      List.of(
          SMALLEST
              .withFormats(new TinyModel.Formats(TensorType.Q4_1, TensorType.Q5_1, TensorType.Q8_0))
              .withParts(new TinyModel.Parts(false, false, false)),
          SMALLEST,
          SMALLEST
              .withWidths(new TinyModel.Widths(256, 2, 1, 16, 32))
              .withFormats(
                  new TinyModel.Formats(TensorType.IQ4_NL, TensorType.Q4_K, TensorType.Q6_K))
              .withParts(new TinyModel.Parts(false, false, false)));

  /** Weights to quantise: rows of whole blocks of 256, and of 32 only. */
  private static final TinyModel FLOATS =
      SMALLEST
          .withWidths(new TinyModel.Widths(256, 2, 1, 16, 32))
          .withFormats(new TinyModel.Formats(TensorType.F32, TensorType.F32, TensorType.F32));

  /** Between them they have every operator that the first two lack. */
  private static final List<TinyFamily> FAMILIES =
      List.of(TinyFamily.GEMMA2, TinyFamily.QWEN2MOE, TinyFamily.GPT_OSS);

  /** A prompt of a panel and one token more, then single tokens. */
  private static final GreedyRun RUN = GreedyRun.of(SMALLEST.vocab(), 9, 3);

  private GoldenHash() {}

  /** Prints a hash for each model file. */
  public static void main(String[] files) {
    SelfTest.run();
    for (String file : files) {
      System.out.println(hash(Path.of(file)));
    }
    quantised(Path.of(files[0]).resolveSibling("in a JVM " + ProcessHandle.current().pid()))
        .forEach(System.out::println);
  }

  /** What the quantiser gives: rows in every format, and a file of several. */
  static List<String> quantised(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
    Path floats = TinyModels.write(folder, FLOATS);
    return List.of(QuantisedBytes.everyFormat(), QuantisedBytes.ofFile(floats, Recipe.Q4_K_M, 2));
  }

  /** Makes the model files. */
  static List<Path> write(Path folder) {
    return Stream.concat(
            MODELS.stream().map(model -> TinyModels.write(folder, model)),
            FAMILIES.stream().map(family -> family.write(folder, TensorType.Q8_0)))
        .toList();
  }

  static String hash(Path model) {
    try (GgufFile file = GgufFile.open(model)) {
      GreedyRun.Way way = GreedyRun.Way.PLAIN.withThreads(2);
      return RUN.hashes(file, ModelConfig.of(file), way).lastEntry().getValue();
    }
  }

  static String oracleHash(Path model) {
    try (GgufFile file = GgufFile.open(model)) {
      return RUN.hashes(new OracleModel(file, ModelConfig.of(file))).lastEntry().getValue();
    }
  }
}
