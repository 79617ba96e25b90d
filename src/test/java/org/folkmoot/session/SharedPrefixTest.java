package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.peer.Identity;
import org.folkmoot.session.Generation.Piece;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.SessionId;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Answers that begin alike share keys and values, and nobody can tell but by the clock. */
@Timeout(120)
class SharedPrefixTest {
  private static final int CONTEXT = 1024;
  private static final Identity IDENTITY = Identity.random(new SecureRandom());

  @TempDir static Path folder;
  private static Path file;

  @BeforeAll
  static void write() {
    file = TinyModels.write(folder, TinyModel.of(TensorType.Q5_0).withContext(CONTEXT));
  }

  static LocalModel open(Path path, long kvBytes) {
    return LocalModel.open(
        path,
        new LocalModel.Options("tiny", "0".repeat(64), 2, CONTEXT, kvBytes, 8, () -> 0),
        _ -> {});
  }

  static GenerationRequest request(int[] ids) {
    SamplerSettings sampler = new SamplerSettings(1, 0, 1, 0, 1, 64, 9, Map.of());
    return new GenerationRequest(ids, sampler, 5, List.of(), 5)
        .traced(new SessionId(1, 2), new TraceKey(Hash32.ofHex("0".repeat(64))));
  }

  /** All that can be seen of an answer: log-probabilities show every bit of the logits. */
  record Seen(List<Piece> pieces, List<HopStatement> signed) {}

  static Seen pull(Generation generation) {
    List<Piece> pieces = new ArrayList<>();
    for (Optional<Piece> piece = generation.next(); piece.isPresent(); piece = generation.next()) {
      pieces.add(piece.get());
    }
    Evidence evidence = generation.evidence(IDENTITY).orElseThrow();
    return new Seen(
        pieces, evidence.statements().stream().map(SignedStatement::statement).toList());
  }

  static Seen answer(LocalModel model, int[] ids) {
    try (Generation generation = model.generate(request(ids))) {
      return pull(generation);
    }
  }

  /** By a model that has never seen anything. */
  static Seen alone(Path path, int[] ids) {
    try (LocalModel model = open(path, 1 << 24)) {
      return answer(model, ids);
    }
  }

  static int[] ids(long seed, int length) {
    return new SplittableRandom(seed).ints(length, 3, 500).toArray();
  }

  static int[] joined(int[] a, int[] b) {
    return IntStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
  }

  @Test
  void aCommonBeginningIsComputedOnce() {
    int[] system = ids(1, 150);
    int[] one = joined(system, ids(2, 20));
    int[] other = joined(system, ids(3, 90));
    try (LocalModel model = open(file, 1 << 24)) {
      answer(model, one);
      try (Generation generation = model.generate(request(other))) {
        Seen seen = pull(generation);
        assertThat(generation.usage().cachedTokens()).isEqualTo(128);
        assertThat(seen).isEqualTo(alone(file, other));
      }
      assertThat(model.scheduler().usedKvBytes()).isZero();
    }
  }

  /** A client of the API sends the whole conversation again with every turn. */
  @Test
  void theNextTurnBeginsWithTheLast() {
    int[] turn = ids(4, 127);
    try (LocalModel model = open(file, 1 << 24)) {
      int[] said = answer(model, turn).pieces.stream().mapToInt(Piece::id).toArray();
      int[] next = joined(joined(turn, said), ids(5, 30));
      try (Generation generation = model.generate(request(next))) {
        pull(generation);
        assertThat(generation.usage().cachedTokens()).isEqualTo(128);
      }
    }
  }

  /** The last token is computed at any rate: its logits choose the first of the answer. */
  @Test
  void thePromptItselfLeavesSomethingToCompute() {
    int[] prompt = ids(6, 128);
    try (LocalModel model = open(file, 1 << 24)) {
      Seen first = answer(model, prompt);
      try (Generation again = model.generate(request(prompt))) {
        assertThat(pull(again)).isEqualTo(first);
        assertThat(again.usage().cachedTokens()).isEqualTo(64);
      }
    }
  }

  /**
   * Prompts that part in many places, conversations that go back into shared pages, several at a
   * time, in so little memory that pages are dropped and used again.
   */
  @Test
  void nobodyCanTell() throws Exception {
    nobodyCanTell(file, 300, 14 * pageBytes());
  }

  static void nobodyCanTell(Path path, int longest, long kvBytes) throws Exception {
    SplittableRandom random = new SplittableRandom(8);
    List<int[]> prompts = new ArrayList<>();
    prompts.add(ids(9, longest * 2 / 3));
    while (prompts.size() < 24) {
      int[] stem = prompts.get(random.nextInt(prompts.size()));
      int keep = random.nextInt(1, stem.length);
      int[] rest = random.ints(random.nextInt(1, longest / 3), 3, 500).toArray();
      int[] grown = joined(Arrays.copyOf(stem, keep), rest);
      prompts.add(Arrays.copyOf(grown, Math.min(grown.length, longest)));
    }
    List<Seen> expected = prompts.stream().map(ids -> alone(path, ids)).toList();
    int cached = 0;
    try (LocalModel model = open(path, kvBytes);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 40; round++) {
        int a = random.nextInt(prompts.size());
        int b = random.nextInt(prompts.size());
        Future<Seen> beside = threads.submit(() -> answer(model, prompts.get(a)));
        try (Conversation conversation = model.newConversation()) {
          for (int turn : new int[] {b, a}) {
            Generation generation = conversation.generate(request(prompts.get(turn)));
            assertThat(pull(generation)).isEqualTo(expected.get(turn));
            cached += generation.usage().cachedTokens();
          }
        }
        assertThat(beside.get()).isEqualTo(expected.get(a));
        assertThat(model.scheduler().usedKvBytes()).isZero();
      }
    }
    assertThat(cached).isPositive();
  }

  private static long pageBytes() {
    try (LocalModel model = open(file, 1 << 24)) {
      return model.config().kvLayout(model.config().layers()).pageBytes();
    }
  }
}
