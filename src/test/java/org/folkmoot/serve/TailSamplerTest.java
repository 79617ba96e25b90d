package org.folkmoot.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.folkmoot.wire.Message;
import org.junit.jupiter.api.Test;

/** What is chosen ahead is what would be chosen in its turn, or it does not count. */
class TailSamplerTest {
  private static final int VOCABULARY = 300;
  private static final int[] PROMPT = {5, 6, 7};

  private static TailSampler sampler(int topLogprobs) {
    return new TailSampler(
        new Message.Sampling(0.9f, 0, 1, 0, 1.3f, 64, 11, Map.of(), PROMPT, topLogprobs),
        VOCABULARY,
        100);
  }

  /** Logits behind a position, as flat as those of a text that nobody can foresee. */
  private static float[] logits(int position) {
    SplittableRandom random = new SplittableRandom(position);
    float[] logits = new float[VOCABULARY];
    for (int i = 0; i < VOCABULARY; i++) {
      logits[i] = (float) random.nextGaussian();
    }
    return logits;
  }

  /** All that is told of tokens; NaN stands for no log-probability. */
  private static List<String> tokens(List<TailSampler.Choice> choices) {
    return choices.stream()
        .map(TailSampler.Choice::token)
        .map(token ->
            "%d: %d %s %s %s"
                .formatted(
                    token.position(),
                    token.id(),
                    token.logprob(),
                    Arrays.toString(token.topIds()),
                    Arrays.toString(token.topLogprobs())))
        .toList();
  }

  private static List<String> answer(TailSampler tail, boolean ahead) {
    List<String> tokens = new ArrayList<>();
    for (int end = PROMPT.length; end < 60; end++) {
      Optional<TailSampler.Foresight> foresight = tail.foresee(end);
      assertThat(foresight).isPresent();
      float[] logits = logits(end - 1);
      if (ahead) {
        foresight.orElseThrow().choose(logits);
        // Whatever is taken now, the choice stands: it was made with these.
        Arrays.fill(logits, 0);
      }
      tokens.addAll(tokens(tail.take(0, end - 1, end, logits, VOCABULARY)));
    }
    return tokens;
  }

  @Test
  void aTokenChosenAheadIsTheSame() {
    for (int logprobs : new int[] {-1, 0, 4}) {
      List<String> plain = answer(sampler(logprobs), false);
      List<String> ahead = answer(sampler(logprobs), true);
      assertThat(ahead).hasSize(57).isEqualTo(plain);
    }
  }

  @Test
  void aTokenChosenBeforeADraftCameDoesNotCount() {
    TailSampler tail = sampler(-1);
    TailSampler.Foresight early = tail.foresee(3).orElseThrow();
    float[] logits = logits(2);
    early.choose(logits);
    // The draft says that the sequence is another: it becomes one token longer, and other.
    assertThat(tail.draft(1, 2, new int[] {9, 10})).isEmpty();
    List<String> chosen = tokens(tail.take(1, 2, 4, logits, VOCABULARY));
    TailSampler other = sampler(-1);
    other.draft(1, 2, new int[] {9, 10});
    assertThat(chosen).hasSize(1).isEqualTo(tokens(other.take(1, 2, 4, logits, VOCABULARY)));
  }

  @Test
  void nothingIsForeseenBehindTokensThatAreNotKnown() {
    TailSampler tail = sampler(-1);
    assertThat(tail.foresee(2)).as("a token that is there already").isEmpty();
    assertThat(tail.foresee(4)).as("a token behind one to come").isEmpty();
    tail.take(0, 2, 4, logits(2), VOCABULARY);
    assertThat(tail.foresee(3)).as("while logits wait for their draft").isEmpty();
  }

  @Test
  void aTokenForeseenForAnotherPositionDoesNotCount() {
    TailSampler tail = sampler(-1);
    TailSampler.Foresight foresight = tail.foresee(3).orElseThrow();
    foresight.choose(new float[VOCABULARY]);
    List<String> chosen = tokens(tail.take(0, 1, 2, logits(1), VOCABULARY));
    assertThat(chosen).isEqualTo(tokens(sampler(-1).take(0, 1, 2, logits(1), VOCABULARY)));
  }
}
