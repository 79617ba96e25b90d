package org.folkmoot.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel.Scaling;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The reference against another engine's goldens, and against what attention must obey. */
class ReferenceModelTest {
  private static final int[] IDS = {1, 262, 290, 300, 7, 263, 262, 400, 511};

  @TempDir Path folder;

  @Test
  void choosesAsTheGoldensOfFloatFiles() {
    List<Golden> goldens = GoldenFiles.small().stream().filter(Golden::isFloat).toList();
    assertThat(goldens).isNotEmpty();
    for (Golden golden : goldens) {
      try (GgufFile file = GgufFile.open(golden.model())) {
        int[] greedy =
            new ReferenceModel(file).greedy(golden.promptIds(), golden.generatedIds().length);
        assertThat(greedy).as("%s", golden).isEqualTo(golden.generatedIds());
      }
    }
  }

  @Test
  void choosesAsTheGoldensOfQuantisedFilesButInNearTies() {
    List<Golden> goldens = GoldenFiles.small().stream().filter(g -> !g.isFloat()).toList();
    assertThat(goldens).isNotEmpty();
    goldens.forEach(ReferenceModelTest::demandChoices);
  }

  @Test
  @Soak
  void choosesAsTheGoldensOfSmolLm2ButInNearTies() {
    GoldenFiles.smolLm2().forEach(ReferenceModelTest::demandChoices);
  }

  private static void demandChoices(Golden golden) {
    try (GgufFile file = GgufFile.open(golden.model())) {
      double[][] logits = new ReferenceModel(file).logits(golden.fed());
      Agreement.along(golden, _ -> logits, _ -> logits).demandChoices();
    }
  }

  @ParameterizedTest
  @EnumSource
  void positionsTogetherOrOneByOneGiveTheSame(TensorType type) {
    TinyModel model = TinyModel.of(type).withParts(new TinyModel.Parts(false, true, true));
    try (GgufFile file = GgufFile.open(TinyModels.write(folder, model))) {
      ReferenceModel reference = new ReferenceModel(file);
      int[] greedy = reference.greedy(IDS, 12);
      int[] all = Arrays.copyOf(IDS, IDS.length + 12);
      System.arraycopy(greedy, 0, all, IDS.length, 12);
      double[][] logits = reference.logits(all);
      for (int i = 0; i < greedy.length; i++) {
        assertThat(ReferenceModel.argmax(logits[IDS.length - 1 + i])).isEqualTo(greedy[i]);
      }
      assertThat(reference.logits(IDS)).isEqualTo(Arrays.copyOf(logits, IDS.length));
    }
  }

  @ParameterizedTest
  @EnumSource
  void madeModelsBehave(TensorType type) {
    try (GgufFile file = GgufFile.open(TinyModels.write(folder, TinyModel.of(type)))) {
      for (double[] logits : new ReferenceModel(file).logits(IDS)) {
        double mean = Arrays.stream(logits).average().orElseThrow();
        double variance = Arrays.stream(logits).map(l -> (l - mean) * (l - mean)).sum();
        assertThat(Math.sqrt(variance / logits.length)).isBetween(1.0, 4.0);
      }
    }
  }

  @Test
  void everyScalingOfPositionsMatters() {
    double[][] plain = lastLogits(Scaling.NONE, 10_000);
    assertThat(lastLogits(Scaling.NONE, 500_000)).isNotEqualTo(plain);
    assertThat(lastLogits(Scaling.LINEAR, 10_000)).isNotEqualTo(plain);
    assertThat(lastLogits(Scaling.LLAMA3, 10_000)).isNotEqualTo(plain);
  }

  private double[][] lastLogits(Scaling scaling, float base) {
    TinyModel model = TinyModel.of(TensorType.F32).withRope(new TinyModel.Rope(base, scaling));
    try (GgufFile file = GgufFile.open(TinyModels.write(folder, model))) {
      return new ReferenceModel(file).logits(IDS);
    }
  }

  /** A file for neighbouring pairs is one for halves with the rows of its heads reordered. */
  @Test
  void bothPairingsAreOneButForTheOrderOfRows() throws IOException {
    TinyModel model = TinyModel.of(TensorType.F32).withParts(new TinyModel.Parts(true, true, true));
    Path neighbours = TinyModels.write(folder, model);
    Path halves = folder.resolve("halves.gguf");
    try (GgufFile file = GgufFile.open(neighbours)) {
      reordered(file, model.widths().headDim()).write(halves);
      try (GgufFile other = GgufFile.open(halves)) {
        double[][] expected = new ReferenceModel(file).logits(IDS);
        double[][] actual = new ReferenceModel(other, ReferenceRope.Pairing.HALVES).logits(IDS);
        for (int t = 0; t < IDS.length; t++) {
          assertThat(actual[t]).containsExactly(expected[t], within(1e-9));
        }
      }
    }
  }

  private static GgufWriter reordered(GgufFile file, int headDim) {
    GgufWriter writer = new GgufWriter();
    for (String key : file.metadata().keys()) {
      switch (file.metadata().value(key).orElseThrow()) {
        case Long number -> writer.put(key, number);
        case Double number -> writer.put(key, number.floatValue());
        case String text -> writer.put(key, text);
        default -> {} // arrays belong to the vocabulary
      }
    }
    for (GgufTensor tensor : file.tensors().values()) {
      double[] weights = Dequantiser.all(file, tensor);
      boolean turned = tensor.name().matches(".*attn_[qk](_norm)?\\.(weight|bias)");
      int columns =
          tensor.name().endsWith("bias") || tensor.name().contains("norm")
              ? 1
              : (int) tensor.columns();
      float[] floats = new float[weights.length];
      for (int i = 0; i < floats.length; i++) {
        int row = i / columns;
        int inHead = row % headDim;
        int from = inHead < headDim / 2 ? 2 * inHead : 2 * (inHead - headDim / 2) + 1;
        int source = turned ? (row - inHead + from) * columns + i % columns : i;
        floats[i] = (float) weights[source];
      }
      writer.tensor(
          tensor.name(),
          TensorType.F32,
          tensor.shape().stream().mapToLong(Long::longValue).toArray(),
          out -> out.write(ReferenceQuantiser.quantise(TensorType.F32, floats)));
    }
    return writer;
  }

  /** A model of one layer and one head, by hand: the formulas of the papers on two positions. */
  @Test
  void followsTheFormulasOnASmallCase() throws IOException {
    Path path = folder.resolve("hand.gguf");
    HandMadeModel.write(path);
    try (GgufFile file = GgufFile.open(path)) {
      double[][] logits = new ReferenceModel(file).logits(new int[] {0, 1});
      for (int t = 0; t < 2; t++) {
        assertThat(logits[t]).containsExactly(HandMadeModel.logits(t), within(1e-12));
      }
    }
  }
}
