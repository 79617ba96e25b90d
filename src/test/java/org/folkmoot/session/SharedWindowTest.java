package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.session.SharedPrefixTest.alone;
import static org.folkmoot.session.SharedPrefixTest.answer;
import static org.folkmoot.session.SharedPrefixTest.ids;
import static org.folkmoot.session.SharedPrefixTest.joined;
import static org.folkmoot.session.SharedPrefixTest.open;
import static org.folkmoot.session.SharedPrefixTest.pull;
import static org.folkmoot.session.SharedPrefixTest.request;

import java.nio.file.Path;
import java.util.Arrays;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.session.Generation.Piece;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** As {@link SharedPrefixTest}, of models with a sliding window in all layers or in some. */
@Timeout(120)
class SharedWindowTest {
  private static final int PLENTY = 1 << 24;

  @TempDir Path folder;

  private Path write(TinyFamily family) {
    return family.write(
        folder,
        TensorType.Q8_0,
        writer -> writer.put(family.architecture() + ".context_length", 1024));
  }

  /** Also where the window of the first has long passed what both begin with. */
  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA2", "GEMMA3", "PHI3", "OLMO3", "GPT_OSS"})
  void aCommonBeginningIsComputedOnce(TinyFamily family) {
    Path file = write(family);
    int[] system = ids(1, 300);
    int[] one = joined(system, ids(2, 450));
    int[] other = joined(system, ids(3, 20));
    try (LocalModel model = open(file, PLENTY)) {
      answer(model, one);
      try (Generation generation = model.generate(request(other))) {
        assertThat(pull(generation)).isEqualTo(alone(file, other));
        assertThat(generation.usage().cachedTokens()).isEqualTo(256);
      }
      assertThat(model.scheduler().usedKvBytes()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA3"})
  void theNextTurnBeginsWithTheLast(TinyFamily family) {
    int[] turn = ids(4, 639);
    try (LocalModel model = open(write(family), PLENTY)) {
      int[] said = answer(model, turn).pieces().stream().mapToInt(Piece::id).toArray();
      int[] next = joined(joined(turn, said), ids(5, 30));
      try (Generation generation = model.generate(request(next))) {
        pull(generation);
        assertThat(generation.usage().cachedTokens()).isEqualTo(640);
      }
    }
  }

  /** A chat goes back further than its window reaches: what it has published is still there. */
  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA3"})
  void aChatThatGoesFarBackBeginsWithItself(TinyFamily family) {
    Path file = write(family);
    int[] one = ids(6, 700);
    int[] other = joined(Arrays.copyOf(one, 200), ids(7, 40));
    try (LocalModel model = open(file, PLENTY);
        Conversation chat = model.newConversation()) {
      pull(chat.generate(request(one)));
      Generation generation = chat.generate(request(other));
      assertThat(pull(generation)).isEqualTo(alone(file, other));
      assertThat(generation.usage().cachedTokens()).isEqualTo(192);
    }
  }

  /** What a chat has let go and nobody begins with goes first. */
  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA3"})
  void aSystemPromptStaysWhileChatsComeAndGo(TinyFamily family) {
    int[] system = ids(8, 200);
    try (LocalModel model = open(write(family), 2 * bytes(family, 800))) {
      for (int chat = 0; chat < 12; chat++) {
        int[] prompt = joined(system, ids(100 + chat, 550));
        try (Generation generation = model.generate(request(prompt))) {
          pull(generation);
          assertThat(generation.usage().cachedTokens()).isEqualTo(chat == 0 ? 0 : 192);
        }
      }
    }
  }

  private long bytes(TinyFamily family, int positions) {
    try (LocalModel model = open(write(family), PLENTY)) {
      return model.config().kvLayout(model.config().layers()).pageBytes() * positions / 64;
    }
  }

  /** What was cancelled before its first token is not shared, and its memory is free. */
  @Test
  void whoGivesUpLeavesNothing() {
    int[] prompt = ids(9, 500);
    try (LocalModel model = open(write(TinyFamily.GEMMA3), PLENTY)) {
      model.generate(request(prompt)).close();
      assertThat(model.scheduler().usedKvBytes()).isZero();
      try (Generation generation = model.generate(request(prompt))) {
        pull(generation);
        assertThat(generation.usage().cachedTokens()).isZero();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA3"})
  void nobodyCanTell(TinyFamily family) throws Exception {
    SharedPrefixTest.nobodyCanTell(write(family), 600, bytes(family, 1700));
  }
}
