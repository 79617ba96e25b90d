package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufTensor;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.ModelConfig;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Models of every family as the folders that they could have come from, imported: the same
 * configuration, the same weights, the same logits, bit for bit. What the families are is held to a
 * float64 model elsewhere ({@code FamiliesTest}); here it is whether folders say so.
 */
class FamilyFoldersTest {
  private static final int LENGTH = 48;

  @TempDir Path folder;

  private static String modelType(TinyFamily family) {
    return switch (family) {
      case QWEN2, QWEN2_YARN -> "qwen2";
      case QWEN3 -> "qwen3";
      case GEMMA -> "gemma";
      case GEMMA2 -> "gemma2";
      case GEMMA3 -> "gemma3_text";
      case PHI3, PHI3_LONG, PHI3_SHORT -> "phi3";
      case MISTRAL -> "mistral";
      case MIXTRAL, MIXTRAL_OLD -> "mixtral";
      case QWEN3MOE -> "qwen3_moe";
      case QWEN2MOE -> "qwen2_moe";
      case LLAMA3, LLAMA_LINEAR -> "llama";
      case GLM4 -> "glm4";
      case GRANITE -> "granite";
      case SMOLLM3 -> "smollm3";
      case OLMO2 -> "olmo2";
      case OLMO3 -> "olmo3";
      case INTERNLM2, ERNIE45, CHATGLM, GPT_OSS -> "";
    };
  }

  /**
   * Those whose folders can be read. Llama 3's factors follow from its rule, which these of the
   * test do not.
   */
  static Stream<TinyFamily> read() {
    return Stream.of(TinyFamily.values())
        .filter(family -> !modelType(family).isEmpty() && family != TinyFamily.LLAMA3);
  }

  @ParameterizedTest
  @MethodSource("read")
  void asTransformers4WritesIt(TinyFamily family) throws IOException {
    Path original = family.write(folder, TensorType.F32);
    same(original, HfFolder.of(original, modelType(family)));
  }

  @ParameterizedTest
  @MethodSource("read")
  void asTransformers5WritesIt(TinyFamily family) throws IOException {
    Path original = family.write(folder, TensorType.F32);
    same(original, HfFolder.of(original, modelType(family)).newer());
  }

  @Test
  void asTheTextPartOfAModelThatSees() throws IOException {
    Path gemma = TinyFamily.GEMMA3.write(folder, TensorType.F32);
    same(gemma, HfFolder.of(gemma, "gemma3_text").within("gemma3"));
    Path mistral = TinyFamily.MISTRAL.write(folder, TensorType.F32);
    same(mistral, HfFolder.of(mistral, "mistral").newer().within("mistral3"));
  }

  /** Google's text parts leave out what transformers knows of the family. */
  @Test
  void whatTextPartsLeaveOutIsWhatTransformersTakes() {
    ObjectNode config = HfFolder.MAPPER.createObjectNode();
    config
        .put("model_type", "gemma3")
        .putObject("text_config")
        .put("model_type", "gemma3_text")
        .put("hidden_size", 2560)
        .put("intermediate_size", 10240)
        .put("num_hidden_layers", 34)
        .put("sliding_window", 1024)
        .putObject("rope_scaling")
        .put("factor", 8.0)
        .put("rope_type", "linear");
    HfConfig gemma = HfConfig.of(config);
    assertThat(gemma.heads()).isEqualTo(8);
    assertThat(gemma.kvHeads()).isEqualTo(4);
    assertThat(gemma.headDim()).isEqualTo(256);
    assertThat(gemma.context()).isEqualTo(131_072);
    assertThat(gemma.vocabulary()).isEqualTo(262_208);
    assertThat(gemma.rope().theta()).isEqualTo(1e6);
    assertThat(gemma.tied()).isTrue();
  }

  /** What would be computed otherwise is refused. */
  @Test
  void refusesOtherWindowsAndTextParts() throws IOException {
    Path gemma = TinyFamily.GEMMA3.write(folder, TensorType.F32);
    HfFolder odd = HfFolder.of(gemma, "gemma3_text").newer();
    odd.config.withArray("/layer_types").set(1, "full_attention");
    refuses("follow no period", odd);
    HfFolder scaled = HfFolder.of(gemma, "gemma3_text").newer();
    scaled.config.withObject("/rope_parameters/sliding_attention").put("rope_type", "linear");
    refuses("layers with a window", scaled);
    refuses("'ministral3'", HfFolder.of(gemma, "ministral3").within("mistral3"));
    refuses("text part is of the type", HfFolder.of(gemma, "gemma3_text").within("mistral3"));
    HfFolder turned = HfFolder.of(TinyFamily.SMOLLM3.write(folder, TensorType.F32), "smollm3");
    turned.config.putArray("no_rope_layers").add(1).add(1).add(0).add(1);
    refuses("every fourth", turned);
    Path qwen = TinyFamily.QWEN3.write(folder, TensorType.F32);
    HfFolder windowed = HfFolder.of(qwen, "qwen3");
    windowed.config.put("use_sliding_window", true).put("sliding_window", 20);
    refuses("use_sliding_window", windowed);
    HfFolder yarn = HfFolder.of(TinyFamily.QWEN2_YARN.write(folder, TensorType.F32), "qwen2");
    yarn.config.withObject("/rope_scaling").put("mscale", 0.7);
    refuses("mscale", yarn);
  }

  private void refuses(String message, HfFolder hf) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> same(folder, hf))
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.UNSUPPORTED));
  }

  private void same(Path original, HfFolder hf) throws IOException {
    Path out = folder.resolve("out.gguf");
    try (WorkerPool pool = new WorkerPool(2)) {
      HuggingFaceImport.write(hf.write(folder.resolve("hf")), out, null, pool, _ -> {});
    }
    try (GgufFile before = GgufFile.open(original);
        GgufFile after = GgufFile.open(out)) {
      assertThat(ModelConfig.of(after)).isEqualTo(ModelConfig.of(before));
      for (GgufTensor tensor : after.tensors().values()) {
        before
            .tensor(tensor.name()) // experts may lie apart there
            .ifPresent(old ->
                assertThat(after.data(tensor).toArray(ValueLayout.JAVA_BYTE))
                    .as(tensor.name())
                    .isEqualTo(before.data(old).toArray(ValueLayout.JAVA_BYTE)));
      }
      assertThat(logits(after)).isEqualTo(logits(before));
    }
  }

  private static float[] logits(GgufFile file) {
    ModelConfig config = ModelConfig.of(file);
    int[] ids = new SplittableRandom(4).ints(LENGTH, 0, config.vocabulary()).toArray();
    try (WorkerPool pool = new WorkerPool(2);
        SpanModel model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
        KvPool kv = model.newKvPool(1 << 26);
        KvCache cache = new KvCache(kv)) {
      return model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.ALL)));
    }
  }
}
