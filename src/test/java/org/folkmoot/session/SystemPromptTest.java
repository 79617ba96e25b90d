package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.session.SharedPrefixTest.joined;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.engine.model.RandomModel;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyVocabulary;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a system prompt costs the second chat that has it, of a model with a window: prints the
 * times to the first token.
 */
@Tag("soak")
@Timeout(300)
class SystemPromptTest {
  /** About the layers of Gemma 3 270M: a window of 512 in five of six. */
  private static final RandomModel SHAPE = new RandomModel(18, 640, 4, 1, 2048, 512, 8192);

  @TempDir Path folder;

  @Test
  void isComputedOnce() throws IOException {
    Path file = folder.resolve("window.gguf");
    SHAPE.write(
        file,
        TensorType.Q8_0,
        TensorType.Q8_0,
        1,
        writer -> {
          TinyVocabulary.putInto(writer, SHAPE.vocabulary());
          writer.put("llama.attention.sliding_window", 512);
          writer.put("llama.attention.sliding_window_pattern", 6);
        });
    LocalModel.Options options =
        new LocalModel.Options("window", "0".repeat(64), 2, 8192, 1L << 30, 8, System::nanoTime);
    try (LocalModel model = LocalModel.open(file, options, _ -> {})) {
      assertThat(model.config().window().covers(0)).isTrue();
      assertThat(model.config().window().covers(5)).isFalse();
      SplittableRandom random = new SplittableRandom(2);
      for (int round = 0; round < 6; round++) {
        int[] system = random.ints(1000, 261, 512).toArray();
        for (int chat = 1; chat <= 3; chat++) {
          int[] prompt = joined(system, random.ints(50, 261, 512).toArray());
          Generation.Usage usage = answer(model, prompt);
          System.out.printf(
              "round %d, chat %d: %,.0f ms to the first token, %d of %d tokens were there%n",
              round, chat, usage.promptNanos() / 1e6, usage.cachedTokens(), usage.promptTokens());
          assertThat(usage.cachedTokens()).isEqualTo(chat == 1 ? 0 : 960);
        }
      }
    }
  }

  private static Generation.Usage answer(LocalModel model, int[] prompt) {
    SamplerSettings greedy = new SamplerSettings(0, 0, 1, 0, 1, 64, 0, Map.of());
    GenerationRequest request = new GenerationRequest(prompt, greedy, 8, List.of(), -1);
    try (Generation answer = model.generate(request)) {
      for (boolean more = true; more; ) {
        more = answer.next().isPresent();
      }
      return answer.usage();
    }
  }
}
