package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot be computed is named, and is not computed as something else. */
class UnsupportedModelTest {
  @TempDir Path folder;

  @Test
  void aFamilyThatIsNotKnown() throws IOException {
    Path path = folder.resolve("mamba.gguf");
    new GgufWriter().put("general.architecture", "mamba").write(path);
    assertThat(fault(path))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("'mamba'")
        .hasMessageContaining("'qwen3moe' (Qwen3-MoE)");
  }

  @Test
  void keysThatMeanSomethingElse() {
    assertThat(fault(with(TinyFamily.QWEN3, file -> file.put("qwen3.logit_scale", 0.5f))))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("logit_scale");
    assertThat(fault(with(TinyFamily.QWEN3, file -> file.put("qwen3.rope.scaling.type", "magic"))))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("'magic'");
    assertThat(fault(with(TinyFamily.QWEN2, file -> file.put("qwen2.expert_count", 4))))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("experts");
  }

  @Test
  void tensorsThatTheFamilyHasNoUseFor() {
    Consumer<GgufWriter> bias = file -> tensor(file, "blk.1.attn_output.bias", 64);
    assertThat(fault(with(TinyFamily.QWEN2, bias)))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("'blk.1.attn_output.bias'");
    assertThat(fault(with(TinyFamily.GEMMA, file -> tensor(file, "output.bias", 512))))
        .satisfies(fault -> code(fault, FolkmootException.Code.UNSUPPORTED))
        .hasMessageContaining("'output.bias'");
  }

  @Test
  void keysThatContradictTheTensors() {
    Consumer<GgufWriter> heads = file -> file.put("llama.attention.key_length", 32);
    assertThat(fault(with(TinyFamily.MIXTRAL, heads)))
        .satisfies(fault -> code(fault, FolkmootException.Code.BAD_FILE))
        .hasMessageContaining("'blk.0.attn_q.weight' is 64 × 64, but must be 128 × 64");
    assertThat(
            fault(
                with(
                    TinyFamily.MISTRAL,
                    file -> {
                      file.put("llama.expert_count", 4);
                      file.put("llama.expert_used_count", 2);
                    })))
        .satisfies(fault -> code(fault, FolkmootException.Code.BAD_FILE))
        .hasMessageContaining("ffn_gate_exps.weight' is missing");
  }

  private static void tensor(GgufWriter file, String name, int length) {
    file.tensor(name, TensorType.F32, new long[] {length}, out -> out.write(new byte[4 * length]));
  }

  private Path with(TinyFamily family, Consumer<GgufWriter> more) {
    return family.write(folder, TensorType.F32, more);
  }

  private static void code(Throwable fault, FolkmootException.Code code) {
    assertThat(((FolkmootException) fault).code()).isEqualTo(code);
  }

  private static FolkmootException fault(Path path) {
    return catchThrowableOfType(
        FolkmootException.class,
        () -> {
          try (GgufFile file = GgufFile.open(path);
              WorkerPool pool = new WorkerPool(1)) {
            ModelConfig config = ModelConfig.of(file);
            SpanModel.load(file, config, Span.whole(config), pool, _ -> {}).close();
          }
        });
  }
}
