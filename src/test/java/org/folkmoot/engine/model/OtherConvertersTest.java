package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that other converters than llama.cpp's of today write: older ones, and Ollama's. */
class OtherConvertersTest {
  private static final int[] IDS = {1, 300, 7, 261, 299, 401, 33};

  @TempDir Path folder;

  private static ModelConfig config(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      return ModelConfig.of(file);
    }
  }

  private ModelConfig config(TinyFamily family, Consumer<GgufWriter> more) {
    return config(family.write(folder, TensorType.F32, more));
  }

  private static float[] logits(Path path) {
    try (GgufFile file = GgufFile.open(path);
        WorkerPool pool = new WorkerPool(1)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
          KvPool kv = model.newKvPool(1 << 24);
          KvCache cache = new KvCache(kv)) {
        return model.forward(List.of(Step.ofIds(cache, IDS, Step.Wanted.ALL)));
      }
    }
  }

  /** Llama.cpp takes a factor without a type for a linear one, and an older key for the factor. */
  @Test
  void aFactorWithoutATypeIsLinear() {
    ModelConfig linear =
        config(
            TinyFamily.QWEN2,
            w -> w.put("qwen2.rope.scaling.type", "linear").put("qwen2.rope.scaling.factor", 4f));
    assertThat(linear.rope().scaling()).isEqualTo(new RopeScaling.Linear(4));
    assertThat(config(TinyFamily.QWEN2, w -> w.put("qwen2.rope.scaling.factor", 4f)))
        .isEqualTo(linear);
    assertThat(config(TinyFamily.QWEN2, w -> w.put("qwen2.rope.scale_linear", 4f)))
        .isEqualTo(linear);
    assertThat(
            config(
                TinyFamily.QWEN2,
                w -> w.put("qwen2.rope.scaling.type", "none").put("qwen2.rope.scaling.factor", 4f)))
        .isEqualTo(config(TinyFamily.QWEN2, _ -> {}));
  }

  /** Ollama keeps text and pictures in one file: the parts for pictures change no answer. */
  @Test
  void thePartsForPicturesAreLeftAlone() {
    float[] plain = logits(TinyFamily.GEMMA3.write(folder, TensorType.F32));
    Path both =
        TinyFamily.GEMMA3.write(
            folder,
            TensorType.F32,
            w -> {
              for (String name :
                  List.of("v.patch_embedding.weight", "mm.mm_input_projection.weight")) {
                w.tensor(name, TensorType.F32, new long[] {2, 2}, out -> out.write(new byte[16]));
              }
            });
    assertThat(logits(both)).isEqualTo(plain);
  }

  /** Its keys for Gemma 3's bases, what it leaves out, and the bound that it does not apply. */
  @Test
  void ollamasGemma3IsGemma3() {
    Consumer<GgufWriter> keys =
        w ->
            w.put("gemma3.rope.scaling.type", "none")
                .put("gemma3.rope.freq_base_swa", 20_000f)
                .put("gemma3.rope.global.freq_base", 2e6f)
                .put("gemma3.rope.local.freq_base", 30_000f)
                .put("gemma3.final_logit_softcapping", 30f);
    ModelConfig one = config(TinyFamily.GEMMA3, keys);
    assertThat(one.scales().logitCap()).isZero();
    assertThat(one.rope().base()).isEqualTo(1e6); // the usual key goes before
    assertThat(one.window().rope().base()).isEqualTo(20_000);
  }

  @Test
  void ollamasKeysTellTheBasesAndTheStretch() throws IOException {
    for (int layers : new int[] {26, 34}) {
      GgufWriter writer = new GgufWriter();
      writer
          .put("general.architecture", "gemma3")
          .put("gemma3.block_count", layers)
          .put("gemma3.context_length", 256)
          .put("gemma3.embedding_length", 32)
          .put("gemma3.feed_forward_length", 64)
          .put("gemma3.attention.head_count", 2)
          .put("gemma3.attention.sliding_window", 20)
          .put("gemma3.rope.global.freq_base", 2e6f)
          .put("gemma3.rope.local.freq_base", 30_000f)
          .tensor(
              "token_embd.weight",
              TensorType.F32,
              new long[] {32, 2},
              out -> out.write(new byte[256]));
      Path path = folder.resolve("ollama.gguf");
      writer.write(path);
      ModelConfig config = config(path);
      assertThat(config.rope().base()).isEqualTo(2e6);
      assertThat(config.window().rope().base()).isEqualTo(30_000);
      assertThat(config.window().rope().scaling()).isEqualTo(new RopeScaling.None());
      assertThat(config.rope().scaling())
          .isEqualTo(layers == 26 ? new RopeScaling.None() : new RopeScaling.Linear(8));
    }
  }
}
