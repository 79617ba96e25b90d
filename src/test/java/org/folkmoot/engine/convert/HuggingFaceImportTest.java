package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.Dequantiser;
import org.folkmoot.testing.ReferenceModel;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hugging Face folders to model files, and back to where they came from. */
class HuggingFaceImportTest {
  private static final int[] IDS = {1, 300, 7, 261, 299, 401, 33};

  @TempDir Path folder;
  private Path original;

  @BeforeEach
  void makeModel() {
    original =
        TinyModels.write(
            folder,
            TinyModel.of(TensorType.F32).withParts(new TinyModel.Parts(false, true, false)));
  }

  private Path converted(HfFolder hf, int files) throws IOException {
    return converted(hf.write(folder.resolve("hf"), files), null, 2);
  }

  private Path converted(Path hf, @Nullable Recipe recipe, int threads) throws IOException {
    Path out = folder.resolve("out-" + threads + ".gguf");
    try (WorkerPool pool = new WorkerPool(threads)) {
      HuggingFaceImport.write(hf, out, recipe, pool, _ -> {});
    }
    return out;
  }

  private static HfFolder untied(Path original) {
    HfFolder hf = HfFolder.of(original);
    hf.config.put("tie_word_embeddings", false);
    return hf;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void theSameModelComesBack(int files) throws IOException {
    Path out = converted(untied(original), files);
    try (GgufFile before = GgufFile.open(original);
        GgufFile after = GgufFile.open(out)) {
      assertThat(after.tensors().keySet())
          .containsExactlyInAnyOrderElementsOf(before.tensors().keySet());
      for (GgufTensor tensor : before.tensors().values()) {
        GgufTensor back = after.tensor(tensor.name()).orElseThrow();
        assertThat(after.data(back).toArray(ValueLayout.JAVA_BYTE))
            .as(tensor.name())
            .isEqualTo(before.data(tensor).toArray(ValueLayout.JAVA_BYTE));
      }
      assertThat(new ReferenceModel(after).logits(IDS))
          .isEqualTo(new ReferenceModel(before).logits(IDS));
      assertThat(after.metadata().string("tokenizer.chat_template"))
          .isEqualTo(before.metadata().string("tokenizer.chat_template"));
      Tokenizer one = Tokenizers.from(before.metadata());
      Tokenizer other = Tokenizers.from(after.metadata());
      for (String text : List.of("", "hello world", "ba  bo\nzu", "Zürich 🌊", "<s>x</s>")) {
        for (Tokenizer.Specials specials : Tokenizer.Specials.values()) {
          assertThat(other.encodePrompt(text, specials))
              .as(text)
              .isEqualTo(one.encodePrompt(text, specials));
        }
      }
    }
  }

  @Test
  void theSameBytesForAnyNumberOfThreads() throws IOException {
    Path hf = untied(original).write(folder.resolve("hf"));
    Path one = converted(hf, Recipe.Q4_0, 1);
    assertThat(converted(hf, Recipe.Q4_0, 3)).hasSameBinaryContentAs(one);
  }

  @Test
  void whatScalesPositionsGoesOver() throws IOException {
    HfFolder hf = untied(original);
    hf.config
        .putObject("rope_scaling")
        .put("rope_type", "llama3")
        .put("factor", 8.0)
        .put("low_freq_factor", 1.0)
        .put("high_freq_factor", 4.0)
        .put("original_max_position_embeddings", 64);
    Path scaled =
        TinyModels.write(
            folder,
            TinyModel.of(TensorType.F32)
                .withRope(new TinyModel.Rope(10_000, TinyModel.Scaling.LLAMA3)));
    try (GgufFile after = GgufFile.open(converted(hf, 1));
        GgufFile wanted = GgufFile.open(scaled)) {
      double[] factors = factors(after);
      double[] expected = factors(wanted);
      for (int i = 0; i < factors.length; i++) {
        assertThat(factors[i]).isCloseTo(expected[i], within(1e-6));
      }
    }
  }

  /** The bytes are those of the model, wherever it lies: people compare hashes. */
  @Test
  void theFoldersNameIsNoPartOfTheFile() throws IOException {
    HfFolder hf = untied(original);
    hf.config.remove("_name_or_path");
    Path one = converted(hf.write(folder.resolve("Phi-3-mini")), Recipe.F32, 1);
    Path other = converted(hf.write(folder.resolve("mine")), Recipe.F32, 3);
    assertThat(other).hasSameBinaryContentAs(one);
  }

  private static double[] factors(GgufFile file) {
    return Dequantiser.all(file, file.tensor("rope_freqs.weight").orElseThrow());
  }

  private void refuses(Code code, String message, Consumer<HfFolder> change) {
    HfFolder hf = untied(original);
    change.accept(hf);
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> converted(hf, 1))
        .withMessageContaining(message)
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(code));
  }

  @Test
  void refusesWhatIsNotSupportedByItsName() {
    refuses(
        Code.UNSUPPORTED,
        "'mamba' are not supported; supported are gemma",
        hf -> hf.config.put("model_type", "mamba"));
    refuses(Code.UNSUPPORTED, "activation 'relu'", hf -> hf.config.put("hidden_act", "relu"));
    refuses(
        Code.UNSUPPORTED,
        "'ntk-by-hand'",
        hf -> hf.config.putObject("rope_scaling").put("type", "ntk-by-hand"));
    refuses(
        Code.UNSUPPORTED,
        "quantised already",
        hf -> hf.config.putObject("quantization_config").put("quant_method", "gptq"));
    refuses(
        Code.UNSUPPORTED,
        "'model.layers.0.extra.weight'",
        hf ->
            hf.tensors.put(
                "model.layers.0.extra.weight", new HfFolder.Weights(List.of(1L), new float[1])));
    refuses(
        Code.UNSUPPORTED,
        "type 'Unigram'",
        hf -> hf.tokenizer.withObject("/model").put("type", "Unigram"));
  }

  @Test
  void refusesFilesThatContradictEachOther() {
    refuses(
        Code.BAD_FILE,
        "'model.layers.2.input_layernorm.weight' is missing",
        hf -> hf.config.put("num_hidden_layers", 3));
    refuses(
        Code.BAD_FILE, "config.json says 1 layers", hf -> hf.config.put("num_hidden_layers", 1));
    refuses(Code.BAD_FILE, "must be [", hf -> hf.config.put("intermediate_size", 32));
    refuses(Code.BAD_FILE, "cannot share", hf -> hf.config.put("num_key_value_heads", 3));
    refuses(Code.BAD_FILE, "'hidden_size' is", hf -> hf.config.put("hidden_size", -1));
    refuses(Code.BAD_FILE, "'vocab_size' is missing", hf -> hf.config.remove("vocab_size"));
    refuses(
        Code.BAD_FILE,
        "have the same id",
        hf -> hf.tokenizer.withObject("/model/vocab").put("twice", 300));
    refuses(
        Code.BAD_FILE,
        "config.json says",
        hf -> hf.tokenizer.withObject("/model/vocab").put("beyond", 100_000));
    refuses(Code.BAD_FILE, "no merges", hf -> hf.tokenizer.withObject("/model").remove("merges"));
  }

  @Test
  void namesTheFileThatAHalfDoneDownloadLacks() throws IOException {
    for (String missing :
        List.of(
            "config.json",
            "tokenizer.json",
            "model-00002-of-00003.safetensors",
            "model.safetensors.index.json")) {
      Path hf = untied(original).write(folder.resolve("half"), 3);
      Files.delete(hf.resolve(missing));
      assertThatExceptionOfType(FolkmootException.class)
          .isThrownBy(() -> converted(hf, null, 1))
          .withMessageContaining(missing)
          .satisfies(refused -> assertThat(refused.code()).isEqualTo(Code.NOT_FOUND));
    }
    Path hf = untied(original).write(folder.resolve("short"), 3);
    Path part = hf.resolve("model-00001-of-00003.safetensors");
    byte[] bytes = Files.readAllBytes(part);
    Files.write(part, Arrays.copyOf(bytes, bytes.length - 100));
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> converted(hf, null, 1))
        .withMessageContaining("model-00001-of-00003.safetensors")
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(Code.BAD_FILE));
  }
}
