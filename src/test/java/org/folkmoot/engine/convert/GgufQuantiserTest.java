package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.Quantiser;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.Dequantiser;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of floats to files of other formats. */
class GgufQuantiserTest {
  /** Rows of 256, and of 96, which are no whole blocks of 256. */
  private static final TinyModel MODEL =
      TinyModel.of(TensorType.F32)
          .withLayers(3)
          .withWidths(new TinyModel.Widths(256, 4, 2, 32, 96));

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void everyRecipeKeepsAllButTheFormat(Recipe recipe) throws IOException {
    Path in = TinyModels.write(folder, MODEL);
    Path out = folder.resolve("out.gguf");
    quantise(in, out, recipe, 2);
    try (GgufFile before = GgufFile.open(in);
        GgufFile after = GgufFile.open(out)) {
      for (String key : before.metadata().keys()) {
        assertThat(after.rawValue(key)).as(key).isEqualTo(before.rawValue(key));
      }
      assertThat(after.metadata().integer("general.file_type")).hasValue(recipe.fileType());
      assertThat(after.tensors().keySet()).isEqualTo(before.tensors().keySet());
      for (GgufTensor tensor : after.tensors().values()) {
        GgufTensor source = before.tensor(tensor.name()).orElseThrow();
        assertThat(tensor.shape()).isEqualTo(source.shape());
        float[] floats = floats(before, source);
        byte[] expected = new byte[Math.toIntExact(tensor.bytes())];
        Quantiser.row(tensor.type(), floats, 0, floats.length, expected, 0);
        assertThat(after.data(tensor).toArray(ValueLayout.JAVA_BYTE)).isEqualTo(expected);
      }
    }
  }

  private static float[] floats(GgufFile file, GgufTensor tensor) {
    double[] exact = Dequantiser.all(file, tensor);
    float[] floats = new float[exact.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) exact[i];
    }
    return floats;
  }

  @Test
  void mixesAsTheOthersDo() throws IOException {
    Path out = folder.resolve("out.gguf");
    quantise(TinyModels.write(folder, MODEL), out, Recipe.Q4_K_M, 2);
    try (GgufFile file = GgufFile.open(out)) {
      assertThat(type(file, "blk.0.attn_q.weight")).isEqualTo(TensorType.Q4_K);
      assertThat(type(file, "blk.0.attn_v.weight")).isEqualTo(TensorType.Q4_K);
      assertThat(type(file, "blk.2.attn_v.weight")).isEqualTo(TensorType.Q6_K);
      assertThat(type(file, "blk.0.ffn_down.weight")).isEqualTo(TensorType.Q5_0);
      assertThat(type(file, "blk.2.ffn_down.weight")).isEqualTo(TensorType.Q8_0);
      assertThat(type(file, "token_embd.weight")).isEqualTo(TensorType.Q6_K);
      assertThat(type(file, "blk.0.attn_norm.weight")).isEqualTo(TensorType.F32);
    }
  }

  private static TensorType type(GgufFile file, String tensor) {
    return file.tensor(tensor).orElseThrow().type();
  }

  @Test
  void theSameBytesForAnyNumberOfThreads() throws IOException {
    Path in = TinyModels.write(folder, MODEL);
    Path one = folder.resolve("one.gguf");
    quantise(in, one, Recipe.Q5_K_M, 1);
    for (int threads = 2; threads <= 5; threads++) {
      Path other = folder.resolve("other.gguf");
      quantise(in, other, Recipe.Q5_K_M, threads);
      assertThat(other).hasSameBinaryContentAs(one);
    }
  }

  @Test
  void refusesWhatIsQuantisedAlreadyOrNoNumber() throws IOException {
    Path in = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> quantise(in, folder.resolve("out.gguf"), Recipe.Q4_0, 1))
        .withMessageContaining("quantised already (Q8_0)")
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST));
    Path nan = folder.resolve("nan.gguf");
    byte[] weights = new byte[2 * 32 * 4];
    weights[130] = (byte) 0xc0;
    weights[131] = 0x7f;
    new GgufWriter()
        .put("general.architecture", "llama")
        .tensor("a.weight", TensorType.F32, new long[] {32, 2}, out -> out.write(weights))
        .write(nan);
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> quantise(nan, folder.resolve("out.gguf"), Recipe.Q4_0, 1))
        .withMessageContaining("tensor 'a.weight'")
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BAD_FILE));
  }

  @Test
  void namesAreReadAsPeopleWriteThem() {
    assertThat(Recipe.named("q4_k_m")).isEqualTo(Recipe.Q4_K_M);
    assertThat(Recipe.named(" Q8-0 ")).isEqualTo(Recipe.Q8_0);
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> Recipe.named("Q9"))
        .withMessageContaining("Q4_K_M");
  }

  private static void quantise(Path in, Path out, Recipe recipe, int threads) throws IOException {
    try (GgufFile file = GgufFile.open(in);
        WorkerPool pool = new WorkerPool(threads)) {
      GgufQuantiser.write(file, out, recipe, pool, _ -> {});
    }
    assertThat(Files.size(out)).isPositive();
  }
}
