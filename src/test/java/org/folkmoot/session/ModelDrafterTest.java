package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.base.SerialLoop;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ModelDrafterTest {
  private static final int ANSWER = 40;

  @TempDir private Path folder;

  private static SamplerSettings sampled(long seed) {
    return new SamplerSettings(1, 0, 1, 0, 1.1f, 64, seed, Map.of());
  }

  /** A model that drafts for itself is always right, drawn tokens included. */
  @Test
  void itGuessesWhatItWouldSay() throws Exception {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q4_1).withContext(256));
    try (SerialLoop loop =
            new SerialLoop("test", () -> 0, InstantSource.system(), Throwable::printStackTrace);
        LocalModel model =
            LocalModel.open(
                file,
                new LocalModel.Options("tiny", "0".repeat(64), 2, 256, 1 << 24, 4, () -> 0),
                _ -> {})) {
      int[] prompt = model.tokenizer().encodePrompt("Who gathers?", Specials.AS_TEXT);
      for (SamplerSettings settings : List.of(SamplerSettings.GREEDY, sampled(3), sampled(4))) {
        int[] ids = Arrays.copyOf(prompt, prompt.length + ANSWER);
        int length = answer(model, settings, ids, prompt);
        try (ModelDrafter drafter = new ModelDrafter(loop, () -> 0, model, settings, ids.length)) {
          drafter.prepare(ids, prompt.length);
          int right = 0;
          for (int at = prompt.length; at < length; at++) {
            int[] guess = guess(drafter, ids, at);
            assertThat(guess.length).isLessThanOrEqualTo(ids.length - at);
            int same = Math.min(guess.length, length - at);
            boolean repeats = new PromptLookup().draft(ids, at).length > 0;
            if (!repeats) {
              assertThat(Arrays.copyOf(guess, same))
                  .isEqualTo(Arrays.copyOfRange(ids, at, at + same));
              right += same;
            }
            // As if the first had been wrong: the rest is taken back.
            drafter.settled(guess.length, guess.length, 1);
          }
          assertThat(right).isPositive();
        }
      }
    }
  }

  /** It drafts for one answer at a time; who comes meanwhile goes on without. */
  @Test
  void whereThereIsNoRoomNobodyDrafts() {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q4_1).withContext(256));
    SamplerSettings greedy = SamplerSettings.GREEDY;
    try (SerialLoop loop =
            new SerialLoop("test", () -> 0, InstantSource.system(), Throwable::printStackTrace);
        LocalModel model =
            LocalModel.open(
                file,
                new LocalModel.Options("tiny", "0".repeat(64), 2, 256, 1 << 24, 1, () -> 0),
                _ -> {})) {
      ModelDrafter first = ModelDrafter.ifRoom(loop, () -> 0, model, greedy, 64).orElseThrow();
      assertThat(ModelDrafter.ifRoom(loop, () -> 0, model, greedy, 64)).isEmpty();
      first.close();
      ModelDrafter.ifRoom(loop, () -> 0, model, greedy, 64).orElseThrow().close();
      assertThat(ModelDrafter.ifRoom(loop, () -> 0, model, greedy, 1 << 30)).isEmpty();
    }
  }

  private static int answer(LocalModel model, SamplerSettings settings, int[] ids, int[] prompt) {
    int length = prompt.length;
    GenerationRequest request = new GenerationRequest(prompt, settings, ANSWER, List.of(), -1);
    try (Generation generation = model.generate(request)) {
      for (var piece = generation.next(); piece.isPresent(); piece = generation.next()) {
        ids[length++] = piece.get().id();
      }
    }
    return length;
  }

  private static int[] guess(Drafter drafter, int[] ids, int length) throws Exception {
    CompletableFuture<int[]> guess = new CompletableFuture<>();
    drafter.draft(ids, length, guess::complete);
    return guess.get();
  }

  @Test
  void howManyFollowsWhatTheyAreWorth() {
    // Free drafts that are nearly always right, at a long round trip: as many as may be.
    assertThat(DraftLength.best(0.95, 1, 100_000)).isEqualTo(DraftLength.MOST);
    // Drafts as dear as the step itself pay hardly, or never.
    assertThat(DraftLength.best(0.5, 100, 100)).isZero();
    assertThat(DraftLength.best(0, 1, 100)).isZero();
    assertThat(DraftLength.best(0.7, 10, 100)).isBetween(2, 5);
    DraftLength length = new DraftLength();
    length.drafted(4, 4_000_000);
    for (int i = 0; i < 100; i++) {
      length.settled(4, 0, 1_000_000);
    }
    long tries = 0;
    for (int i = 0; i < 64; i++) {
      tries += length.next();
    }
    assertThat(tries).as("still tried now and then").isEqualTo(4);
  }
}
