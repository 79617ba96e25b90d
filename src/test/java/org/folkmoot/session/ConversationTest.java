package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.session.Generation.Piece;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is computed once need not be computed again, and nobody can tell the difference. */
@Timeout(120)
class ConversationTest {
  private static final int CONTEXT = 512;

  @TempDir static Path folder;
  private static LocalModel model;

  @BeforeAll
  static void open() {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q5_0).withContext(CONTEXT));
    model =
        LocalModel.open(
            file,
            new LocalModel.Options("tiny", "0".repeat(64), 2, CONTEXT, 1 << 24, 4, () -> 0),
            _ -> {});
  }

  @AfterAll
  static void close() {
    model.close();
  }

  private static GenerationRequest request(int[] ids, int most) {
    // Log-probabilities show every bit of the logits.
    SamplerSettings sampler = new SamplerSettings(1, 0, 1, 0, 1, 64, 9, Map.of());
    return new GenerationRequest(ids, sampler, most, List.of(), 5);
  }

  private static List<Piece> pull(Generation generation, int most) {
    List<Piece> pieces = new ArrayList<>();
    while (pieces.size() < most) {
      Optional<Piece> piece = generation.next();
      if (piece.isEmpty()) {
        return pieces;
      }
      pieces.add(piece.get());
    }
    return pieces;
  }

  private static List<Piece> fresh(GenerationRequest request) {
    try (Generation generation = model.generate(request)) {
      return pull(generation, Integer.MAX_VALUE);
    }
  }

  private static String text(List<Piece> pieces) {
    StringBuilder text = new StringBuilder();
    pieces.forEach(piece -> text.append(piece.text()));
    return text.toString();
  }

  @Test
  void eachTurnComputesOnlyWhatIsNew() {
    List<ChatMessage> chat = new ArrayList<>();
    try (Conversation conversation = model.newConversation()) {
      int before = 0;
      for (int turn = 0; turn < 5; turn++) {
        chat.add(new ChatMessage("user", "question " + turn));
        int[] prompt = model.chatIds(chat);
        Generation answer = conversation.generate(request(prompt, 10));
        List<Piece> pieces = pull(answer, Integer.MAX_VALUE);
        assertThat(pieces).as("turn %d", turn).isEqualTo(fresh(request(prompt, 10)));
        assertThat(answer.usage().promptTokens()).isEqualTo(prompt.length);
        assertThat(answer.usage().cachedTokens()).isGreaterThanOrEqualTo(before);
        before = prompt.length;
        chat.add(new ChatMessage("assistant", text(pieces)));
      }
      assertThat(model.scheduler().openSequences()).isEqualTo(1);
    }
    assertThat(model.scheduler().openSequences()).isZero();
    assertThat(model.scheduler().usedKvBytes()).isZero();
  }

  /** Prompts that share this much or that with the one before, and answers left half-way. */
  @Test
  void isTheSameToTheBitWhateverWentBefore() {
    SplittableRandom random = new SplittableRandom(1);
    try (Conversation conversation = model.newConversation()) {
      int[] prompt = random.ints(100, 3, 500).toArray();
      for (int round = 0; round < 60; round++) {
        int[] next = Arrays.copyOf(prompt, 1 + random.nextInt(300));
        for (int i = Math.min(prompt.length, random.nextInt(next.length + 1));
            i < next.length;
            i++) {
          next[i] = random.nextInt(3, 500);
        }
        prompt = next;
        GenerationRequest request = request(prompt, 1 + random.nextInt(12));
        List<Piece> expected = fresh(request);
        Generation generation = conversation.generate(request);
        int most = random.nextInt(2 * request.maxTokens());
        assertThat(pull(generation, most))
            .as("round %d", round)
            .isEqualTo(expected.subList(0, Math.min(most, expected.size())));
        if (random.nextBoolean()) {
          generation.close();
        }
      }
    }
  }

  @Test
  void theSamePromptAgainComputesItsLastToken() {
    int[] prompt = new SplittableRandom(2).ints(80, 3, 500).toArray();
    try (Conversation conversation = model.newConversation()) {
      List<Piece> first = pull(conversation.generate(request(prompt, 5)), 9);
      Generation again = conversation.generate(request(prompt, 5));
      assertThat(pull(again, 9)).isEqualTo(first);
      assertThat(again.usage().cachedTokens()).isEqualTo(79);
    }
  }

  @Test
  void aStoppedAnswerLeavesWhatWasComputed() throws Exception {
    int[] prompt = new SplittableRandom(3).ints(450, 3, 500).toArray();
    List<Piece> expected = fresh(request(prompt, 3));
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Conversation conversation = model.newConversation()) {
      for (int round = 0; round < 20; round++) {
        Generation stopped = conversation.generate(request(prompt, 3));
        Future<List<Piece>> pulled = threads.submit(() -> pull(stopped, 9));
        for (int spin = 0; spin < round * 2000; spin++) {
          Thread.onSpinWait();
        }
        stopped.close();
        assertThat(pulled.get()).isEqualTo(expected.subList(0, pulled.get().size()));
        Generation next = conversation.generate(request(prompt, 3));
        stopped.close(); // late, and of no effect on the next
        assertThat(pull(next, 9)).isEqualTo(expected);
        pull(conversation.generate(request(new int[] {5}, 1)), 1);
      }
    }
  }

  @Test
  void aRefusedPromptChangesNothing() {
    int[] prompt = new SplittableRandom(4).ints(80, 3, 500).toArray();
    try (Conversation conversation = model.newConversation()) {
      List<Piece> first = pull(conversation.generate(request(prompt, 5)), 9);
      assertThatThrownBy(() -> conversation.generate(request(new int[CONTEXT], 5)))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("shorten it");
      Generation again = conversation.generate(request(prompt, 5));
      assertThat(pull(again, 9)).isEqualTo(first);
      assertThat(again.usage().cachedTokens()).isEqualTo(79);
    }
  }

  @Test
  void othersAnswerMeanwhile() {
    int[] prompt = new SplittableRandom(5).ints(80, 3, 500).toArray();
    List<Piece> expected = fresh(request(prompt, 8));
    try (Conversation one = model.newConversation();
        Conversation two = model.newConversation()) {
      Generation first = one.generate(request(prompt, 8));
      Generation second = two.generate(request(prompt, 8));
      List<Piece> ofFirst = new ArrayList<>();
      List<Piece> ofSecond = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        first.next().ifPresent(ofFirst::add);
        second.next().ifPresent(ofSecond::add);
      }
      assertThat(ofFirst).isEqualTo(expected);
      assertThat(ofSecond).isEqualTo(expected);
    }
  }

  @Test
  void closingItEndsTheAnswerUnderWay() {
    Conversation conversation = model.newConversation();
    Generation generation = conversation.generate(request(new int[] {5, 6}, 20));
    generation.next();
    conversation.close();
    conversation.close();
    assertThat(generation.next()).isEmpty();
    assertThat(generation.ending()).contains(Generation.Ending.CANCELLED);
    assertThat(model.scheduler().openSequences()).isZero();
  }
}
