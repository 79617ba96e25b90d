package org.folkmoot.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.kernel.TensorType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The tools that other tests lean on, tested themselves. */
class TinyModelsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void makesAModelInEveryFormat(TensorType type) throws IOException {
    TinyModel model = TinyModel.of(type);
    Path path = TinyModels.write(folder, model);
    try (GgufFile file = GgufFile.open(path)) {
      assertThat(file.tensor("blk.1.ffn_down.weight").orElseThrow().type()).isEqualTo(type);
      assertThat(file.tensor("output.weight")).isEmpty();
      assertThat(file.metadata().strings("tokenizer.ggml.tokens").orElseThrow())
          .hasSize(model.vocab())
          .doesNotHaveDuplicates();
      assertThat(file.metadata().string("tokenizer.chat_template").orElseThrow())
          .contains("'<|im_start|>assistant\\n'")
          .doesNotContain("\n");
    }
    Path again = TinyModels.write(Files.createDirectory(folder.resolve("again")), model);
    assertThat(path).hasSameBinaryContentAs(again);
    assertThat(TinyModels.write(folder, model.withSeed(2))).isNotEqualTo(path);
  }

  @Test
  void makesTheOtherShapes() {
    TinyModel model =
        TinyModel.of(TensorType.F32)
            .withLayers(3)
            .withWidths(new TinyModel.Widths(96, 6, 3, 32, 64))
            .withVocab(TinyVocabulary.LEAST + 20_000)
            .withContext(128)
            .withFormats(new TinyModel.Formats(TensorType.Q4_1, TensorType.Q8_0, TensorType.Q5_0))
            .withRope(new TinyModel.Rope(500_000, TinyModel.Scaling.LLAMA3))
            .withParts(new TinyModel.Parts(false, true, true));
    try (GgufFile file = GgufFile.open(TinyModels.write(folder, model))) {
      assertThat(type(file, "token_embd.weight")).isEqualTo(TensorType.Q8_0);
      assertThat(type(file, "blk.2.attn_q.weight")).isEqualTo(TensorType.Q4_1);
      assertThat(type(file, "output.weight")).isEqualTo(TensorType.Q5_0);
      assertThat(file.tensors()).containsKeys("blk.0.attn_q.bias", "blk.0.attn_k_norm.weight");
      double[] factors = Dequantiser.all(file, file.tensor("rope_freqs.weight").orElseThrow());
      assertThat(factors).hasSize(16).isSorted().startsWith(1).endsWith(8);
      assertThat(file.metadata().strings("tokenizer.ggml.tokens").orElseThrow())
          .hasSize(20_261)
          .doesNotHaveDuplicates();
    }
  }

  private static TensorType type(GgufFile file, String tensor) {
    return file.tensor(tensor).orElseThrow().type();
  }

  @ParameterizedTest
  @EnumSource
  void quantisingLosesNoMoreThanAStep(TensorType type) {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 200; round++) {
      float[] row = new float[256];
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) (random.nextDouble() * 2 - 1);
      }
      double[] back = dequantised(type, row);
      for (int i = 0; i < row.length; i++) {
        assertThat(back[i]).isCloseTo(row[i], within(step(type)));
      }
    }
    assertThat(dequantised(type, new float[256])).containsOnly(0);
  }

  /** The largest error for weights in [-1, 1]; with an odd number of steps, the far end has one. */
  private static double step(TensorType type) {
    return switch (type) {
      case F32 -> 0;
      case F16 -> 0x1p-12;
      case BF16 -> 0x1p-9;
      case Q8_0 -> 0.5 / 127 + 0.001;
      case Q4_0 -> 1.0 / 8 + 0.001;
      case Q4_1 -> 1.0 / 15 + 0.001;
      case Q5_0 -> 1.0 / 16 + 0.001;
      case Q5_1 -> 1.0 / 31 + 0.001;
      case IQ4_NL -> 14.0 / 127 + 0.001;
      case MXFP4 -> 0.25 + 0.001; // nothing lies between 6 and 8, where a power of two begins
      case IQ4_XS -> 14.0 / 127 + 0.03;
      case Q2_K -> 0.5;
      case Q3_K -> 1.0 / 4 + 0.03;
      case Q4_K -> 1.0 / 15 + 0.03;
      case Q5_K -> 1.0 / 31 + 0.03;
      case Q6_K -> 1.0 / 32 + 0.01;
    };
  }

  private static double[] dequantised(TensorType type, float[] row) {
    double[] back = new double[row.length];
    ByteBuffer bytes = ByteBuffer.wrap(ReferenceQuantiser.quantise(type, row));
    Dequantiser.dequantise(type, bytes.order(ByteOrder.LITTLE_ENDIAN), back);
    return back;
  }

  @Test
  void roundsToBfloat16AsTheOthersDo() {
    assertThat(ReferenceQuantiser.bfloat16(1f)).isEqualTo((short) 0x3f80);
    assertThat(ReferenceQuantiser.bfloat16(Float.intBitsToFloat(0x3f808000)))
        .isEqualTo((short) 0x3f80);
    assertThat(ReferenceQuantiser.bfloat16(Float.intBitsToFloat(0x3f818000)))
        .isEqualTo((short) 0x3f82);
    assertThat(ReferenceQuantiser.bfloat16(Float.MAX_VALUE)).isEqualTo((short) 0x7f80);
    assertThat(ReferenceQuantiser.bfloat16(Float.NaN)).isEqualTo((short) 0x7fc0);
  }

  /** The shared files were made from one F32 file by GGML's own quantisers. */
  @ParameterizedTest
  @EnumSource(names = {"F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"})
  void quantisesAsTheSharedFilesAre(TensorType type) {
    Path models = SharedModels.folder("tinystories-656K");
    String suffix = type == TensorType.F32 ? "f32" : type.name();
    try (GgufFile floats = GgufFile.open(models.resolve("tinystories-656K-f32.gguf"));
        GgufFile other = GgufFile.open(models.resolve("tinystories-656K-" + suffix + ".gguf"))) {
      long unlike = 0;
      long all = 0;
      for (GgufTensor tensor : other.tensors().values()) {
        double[] exact = Dequantiser.all(floats, floats.tensor(tensor.name()).orElseThrow());
        float[] row = new float[exact.length];
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) exact[i];
        }
        ByteBuffer ours = ByteBuffer.wrap(ReferenceQuantiser.quantise(tensor.type(), row));
        ByteBuffer theirs = other.data(tensor).asByteBuffer();
        for (int i = 0; i < ours.capacity(); i++) {
          unlike += ours.get(i) == theirs.get(i) ? 0 : 1;
        }
        all += ours.capacity();
      }
      assertThat(unlike).as("unlike bytes of %d", all).isZero();
    }
  }
}
