package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
import org.junit.jupiter.params.provider.CsvSource;
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

  private static String mix(Recipe recipe, String name, int layer, Recipe.Model model) {
    String full = "blk." + layer + "." + name + ".weight";
    List<Long> shape = List.of(256L, 2L);
    return recipe.of(new WeightSource(full, TensorType.F32, shape, (_, _, _) -> {}), model).name();
  }

  /**
   * The rules of llama.cpp's quantiser for models of 32 layers: who groups eight queries, and not.
   */
  @ParameterizedTest
  @CsvSource({
    // recipe, tensor, layer, of Llama 3's, of Llama 2's, of Mixtral's, of 70B's
    "Q2_K,   attn_v,      0, Q4_K, Q3_K, Q8_0, Q5_K",
    "Q2_K,   attn_output, 9, Q3_K, Q3_K, Q5_K, Q3_K",
    "Q2_K,   ffn_down,    9, Q3_K, Q3_K, Q3_K, Q3_K",
    "Q2_K,   attn_q,      9, Q2_K, Q2_K, Q2_K, Q2_K",
    "Q3_K_S, attn_v,      0, Q3_K, Q3_K, Q8_0, Q5_K",
    "Q3_K_S, attn_output, 0, Q3_K, Q3_K, Q5_K, Q3_K",
    "Q3_K_M, attn_v,      1, Q5_K, Q5_K, Q8_0, Q5_K",
    "Q3_K_M, attn_v,      2, Q4_K, Q4_K, Q8_0, Q5_K",
    "Q3_K_M, attn_k,      2, Q3_K, Q3_K, Q8_0, Q3_K",
    "Q3_K_M, ffn_down,    1, Q5_K, Q5_K, Q5_K, Q5_K",
    "Q3_K_M, ffn_down,    6, Q4_K, Q4_K, Q4_K, Q4_K",
    "Q3_K_M, attn_output, 6, Q4_K, Q4_K, Q5_K, Q4_K",
    "Q3_K_L, attn_output, 6, Q5_K, Q5_K, Q3_K, Q5_K",
    "Q3_K_L, ffn_down,    6, Q5_K, Q5_K, Q5_K, Q5_K",
    "Q4_K_S, attn_v,      3, Q5_K, Q5_K, Q8_0, Q5_K",
    "Q4_K_S, attn_v,      4, Q4_K, Q4_K, Q8_0, Q5_K",
    "Q4_K_S, ffn_down,    3, Q5_K, Q5_K, Q5_K, Q5_K",
    "Q4_K_S, ffn_down,   10, Q4_K, Q4_K, Q4_K, Q4_K",
    "Q4_K_M, attn_v,      3, Q6_K, Q6_K, Q8_0, Q6_K",
    "Q4_K_M, attn_qkv,    4, Q4_K, Q4_K, Q8_0, Q6_K",
    "Q4_K_M, attn_output, 4, Q4_K, Q4_K, Q5_K, Q4_K",
    "Q5_K_S, attn_v,      0, Q5_K, Q5_K, Q8_0, Q5_K",
    "Q5_K_M, ffn_down,    0, Q6_K, Q6_K, Q6_K, Q6_K",
    "IQ4_NL, attn_v,      9, Q5_K, IQ4_NL, Q8_0, Q5_K",
    "IQ4_NL, ffn_down,    3, Q5_K, Q5_K, Q5_K, Q5_K",
    "Q6_K,   attn_v,      0, Q6_K, Q6_K, Q8_0, Q6_K",
    "Q4_0,   attn_v,      0, Q4_0, Q4_0, Q8_0, Q4_0"
  })
  void mixesByTheRulesOfLlamaCpp(
      Recipe recipe,
      String tensor,
      int layer,
      String llama3,
      String llama2,
      String mixtral,
      String large) {
    assertThat(mix(recipe, tensor, layer, new Recipe.Model("llama", 32, 0, 4, false)))
        .isEqualTo(llama3);
    assertThat(mix(recipe, tensor, layer, new Recipe.Model("llama", 32, 0, 1, false)))
        .isEqualTo(llama2);
    assertThat(mix(recipe, tensor, layer, new Recipe.Model("llama", 32, 8, 4, false)))
        .isEqualTo(mixtral);
    assertThat(mix(recipe, tensor, layer, new Recipe.Model("llama", 80, 0, 8, false)))
        .isEqualTo(large);
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
    assertThat(Recipe.named("Q3_K")).isEqualTo(Recipe.Q3_K_M);
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
