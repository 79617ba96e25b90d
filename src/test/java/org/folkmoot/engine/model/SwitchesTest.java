package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyFamily;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Keys that change what is computed, one by one: with each the engine is where the float64
 * reference is, and away from what the same weights give without it.
 */
class SwitchesTest {
  /** What binary32 may move a log-probability in the mean. */
  private static final double ROUNDING = 1e-4;

  /** What a switch moves it at least: were it not read, the engine would be this far off. */
  private static final double EFFECT = 1e-3;

  @TempDir Path folder;

  /** A switch, in a family that has it. */
  record Switch(TinyFamily family, String key, Object value) {
    private void putInto(GgufWriter file) {
      String full = family.architecture() + "." + key;
      if (value instanceof boolean[] list) {
        file.raw(full, array(list));
      } else {
        file.put(full, value);
      }
    }

    /** GGUF's type 9, an array, of type 7, one byte each. */
    private static byte[] array(boolean[] values) {
      ByteBuffer bytes = ByteBuffer.allocate(16 + values.length).order(ByteOrder.LITTLE_ENDIAN);
      bytes.putInt(9).putInt(7).putLong(values.length);
      for (boolean value : values) {
        bytes.put((byte) (value ? 1 : 0));
      }
      return bytes.array();
    }
  }

  private static List<Switch> switches() {
    // Of seven layers the third and the sixth see everything, not the sixth alone.
    String pattern = "attention.sliding_window_pattern";
    boolean[] list = {true, true, false, true, true, false, true};
    return List.of(
        new Switch(TinyFamily.QWEN3, "attention.scale", 0.11f),
        new Switch(TinyFamily.GEMMA3, pattern, 3),
        new Switch(TinyFamily.GEMMA3, pattern, list),
        new Switch(TinyFamily.MISTRAL, pattern, 2),
        new Switch(TinyFamily.GEMMA3, "rope.freq_base_swa", 500f),
        new Switch(TinyFamily.MIXTRAL, "expert_weights_norm", false),
        new Switch(TinyFamily.QWEN2MOE, "expert_weights_norm", true),
        new Switch(TinyFamily.QWEN2_YARN, "rope.scaling.yarn_beta_fast", 1.5f),
        new Switch(TinyFamily.QWEN2_YARN, "rope.scaling.yarn_beta_slow", 0.05f),
        new Switch(TinyFamily.QWEN2_YARN, "rope.scaling.attn_factor", 1.3f),
        new Switch(TinyFamily.PHI3_LONG, "rope.scaling.attn_factor", 1.6f),
        new Switch(TinyFamily.GPT_OSS, pattern, 4),
        new Switch(TinyFamily.GPT_OSS, "attention.sliding_window", 9),
        new Switch(TinyFamily.GPT_OSS, "rope.freq_base", 5000f),
        new Switch(TinyFamily.GPT_OSS, "rope.scaling.yarn_beta_fast", 1.5f),
        new Switch(TinyFamily.GPT_OSS, "rope.scaling.yarn_beta_slow", 0.05f));
  }

  @ParameterizedTest
  @MethodSource("switches")
  void doesWhatTheReferenceDoes(Switch one) throws Exception {
    Path with = one.family.write(folder("with"), TensorType.F32, one::putInto);
    Path without = one.family.write(folder("without"), TensorType.F32);
    compare(with, without);
  }

  /** Gemma's 27B divides scores by another root, and its files do not say so. */
  @ParameterizedTest
  @EnumSource(names = {"GEMMA2", "GEMMA3"})
  void scoresOfTheLargestGemma(TinyFamily family) throws Exception {
    int layers = family == TinyFamily.GEMMA2 ? 46 : 62;
    int headDim = family == TinyFamily.GEMMA2 ? 32 : 24;
    Consumer<GgufWriter> usual =
        file ->
            file.put(family.architecture() + ".attention.scale", (float) (1 / Math.sqrt(headDim)));
    compare(
        family.write(folder("27b"), TensorType.F32, layers, _ -> {}),
        family.write(folder("usual"), TensorType.F32, layers, usual));
  }

  private static void compare(Path with, Path without) {
    double same = FamiliesTest.difference(with, KvLayout.Precision.F32);
    double effect = FamiliesTest.difference(with, without, KvLayout.Precision.F32);
    System.out.printf("mean |Δ log-probability| %.7f, and %.4f without%n", same, effect);
    assertThat(effect).isGreaterThan(EFFECT);
    assertThat(same).isLessThan(ROUNDING);
  }

  /** Which layers have the window must have a period. */
  @Test
  void refusesAListWithoutAPeriod() throws Exception {
    boolean[] list = {true, false, true, true, true, true, true};
    Path odd =
        TinyFamily.GEMMA3.write(
            folder,
            TensorType.F32,
            file -> file.raw("gemma3.attention.sliding_window_pattern", Switch.array(list)));
    try (GgufFile file = GgufFile.open(odd)) {
      assertThatExceptionOfType(FolkmootException.class)
          .isThrownBy(() -> ModelConfig.of(file))
          .withMessageContaining("follow no period")
          .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.UNSUPPORTED));
    }
  }

  /** The first files of Gemma 2 did not say the window that every second of its layers has. */
  @Test
  void gemma2HasAWindowThoughItsFileDoesNotSayIt() throws Exception {
    Path said =
        TinyFamily.GEMMA2.write(
            folder, TensorType.F32, file -> file.put("gemma2.context_length", 8192));
    assertThat(window(said)).returns(20, Window::positions);
    assertThat(window(head(said, "gemma2.attention.sliding_window", 0)).positions()).isZero();
    assertThat(window(head(said, "gemma2.attention.sliding_window", null)))
        .returns(4096, Window::positions)
        .returns(true, window -> window.covers(0))
        .returns(false, window -> window.covers(1));
    Path mistral = TinyFamily.MISTRAL.write(folder, TensorType.F32);
    assertThat(window(mistral).positions()).isEqualTo(20);
    assertThat(window(head(mistral, "llama.attention.sliding_window", null)).positions()).isZero();
  }

  private static Window window(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      return ModelConfig.of(file).window();
    }
  }

  /** A file's keys, one of them another or left out, and the one tensor that they are read with. */
  private Path head(Path path, String key, @Nullable Integer value) throws Exception {
    GgufWriter writer = new GgufWriter();
    try (GgufFile file = GgufFile.open(path)) {
      for (String one : file.metadata().keys()) {
        if (!one.equals(key)) {
          writer.raw(one, file.rawValue(one));
        }
      }
    }
    if (value != null) {
      writer.put(key, value);
    }
    Path head = folder.resolve("head.gguf");
    long[] shape = {1, 512};
    writer.tensor("token_embd.weight", TensorType.F32, shape, out -> out.write(new byte[2048]));
    writer.write(head);
    return head;
  }

  private Path folder(String name) throws Exception {
    return Files.createDirectory(folder.resolve(name));
  }
}
