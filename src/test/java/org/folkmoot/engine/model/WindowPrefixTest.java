package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Sequences of models with sliding windows begin with pages of others, go back, publish, are given
 * up, in so little memory that pages come and go: no bit shows it, and no page is lost.
 */
@Timeout(120)
class WindowPrefixTest {
  private static final int LONGEST = 560;
  private static final int OPERATIONS = 150;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA2", "GEMMA3", "PHI3", "OLMO3", "GPT_OSS"})
  void nobodyCanTell(TinyFamily family) {
    with(
        family,
        model -> {
          int shared = 0;
          int shorter = 0;
          for (int sequences = 1; sequences <= 4; sequences++) {
            Trial trial = new Trial(model, sequences, 31L * sequences + family.name().length());
            trial.run();
            shared += trial.shared;
            shorter += trial.shorter;
          }
          assertThat(shared).as("sequences that began with pages of others").isGreaterThan(20);
          assertThat(shorter).as("those for which less was left than was published").isPositive();
        });
  }

  /** What a window has passed can be published, unless somebody needed the memory meanwhile. */
  @Test
  void memoryOfPassedPagesIsTakenWhenNeeded() {
    with(
        TinyFamily.MISTRAL,
        model -> {
          int[] ids = tokens(1, 512);
          long page = new KvPlan(model.config(), model.span()).bytes(1);
          try (KvPool pool = model.newKvPool(8 * page);
              KvCache first = new KvCache(pool);
              KvCache second = new KvCache(pool);
              KvCache third = new KvCache(pool)) {
            first.adopt(ids);
            compute(model, first, ids);
            assertThat(pool.accounts())
                .isEqualTo(new KvPool.Accounts(5 * page, 0, 2 * page, page, 8 * page));
            compute(model, second, tokens(2, 192));
            assertThat(pool.accounts()).isEqualTo(new KvPool.Accounts(8 * page, 0, 0, 0, 8 * page));
            second.truncate(0);
            first.publish(ids, new byte[ids.length]);
            third.adopt(Arrays.copyOf(ids, 128));
            assertThat(third.length()).isZero();
            third.adopt(ids);
            assertThat(third.length()).isEqualTo(512);
            assertThat(third.reachable(500)).isEqualTo(500);
            assertThat(third.reachable(128)).isZero();
            int[] more = tokens(3, 20);
            assertThat(compute(model, third, more)).isEqualTo(compute(model, first, more));
          }
        });
  }

  /** Two compute the same, one goes back into a page of it: the other publishes its own instead. */
  @ParameterizedTest
  @EnumSource(names = {"MISTRAL", "GEMMA2", "GPT_OSS"})
  void whoGoesBackTakesItsPageAlong(TinyFamily family) {
    with(
        family,
        model -> {
          int[] ids = tokens(4, 320);
          try (KvPool pool = model.newKvPool(1 << 24)) {
            try (KvCache first = new KvCache(pool);
                KvCache second = new KvCache(pool);
                KvCache third = new KvCache(pool)) {
              first.adopt(ids);
              second.adopt(ids);
              compute(model, first, ids);
              compute(model, second, ids);
              first.publish(Arrays.copyOf(ids, 128), new byte[128]);
              second.publish(ids, new byte[320]);
              first.truncate(100);
              compute(model, first, tokens(5, 100));
              second.publish(ids, new byte[320]);
              third.adopt(ids);
              assertThat(third.length()).isEqualTo(320);
              int[] more = tokens(6, 20);
              assertThat(compute(model, third, more)).isEqualTo(compute(model, second, more));
            }
            KvPool.Accounts accounts = pool.accounts();
            assertThat(accounts.used()).isZero();
            assertThat(accounts.idle() + accounts.free()).isEqualTo(accounts.allocated());
          }
        });
  }

  private void with(TinyFamily family, Consumer<SpanModel> test) {
    Path path =
        family.write(
            folder,
            TensorType.Q8_0,
            writer -> writer.put(family.architecture() + ".context_length", 1024));
    try (GgufFile file = GgufFile.open(path);
        WorkerPool workers = new WorkerPool(1)) {
      ModelConfig config = ModelConfig.of(file);
      try (SpanModel model = SpanModel.load(file, config, Span.whole(config), workers, _ -> {})) {
        test.accept(model);
      }
    }
  }

  private static int[] tokens(long seed, int count) {
    return new SplittableRandom(seed).ints(count, 3, 500).toArray();
  }

  /** In passes of a page, so that a window lets go what it can. */
  private static float[] compute(SpanModel model, KvCache cache, int[] ids) {
    float[] logits = {};
    for (int from = 0; from < ids.length; from += KvLayout.POSITIONS) {
      int[] some = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + KvLayout.POSITIONS));
      logits = model.forward(List.of(Step.ofIds(cache, some, Step.Wanted.LAST)));
    }
    return logits;
  }

  /** A sequence, and what it may hold. */
  private static final class Chat {
    final KvCache cache;
    final int[] ids;
    int stored;

    Chat(KvCache cache, int[] ids) {
      this.cache = cache;
      this.ids = ids;
    }
  }

  private static final class Trial {
    final SpanModel model;
    final SplittableRandom random;
    final KvPool pool;
    final int most;
    final List<int[]> prompts = new ArrayList<>();
    final List<Chat> open = new ArrayList<>();
    final Map<List<Integer>, float[]> expected = new HashMap<>();

    /** Longest beginnings that were published, by tokens. */
    final List<int[]> published = new ArrayList<>();

    int shared;
    int shorter;

    Trial(SpanModel model, int most, long seed) {
      this.model = model;
      this.most = most;
      this.random = new SplittableRandom(seed);
      long each = new KvPlan(model.config(), model.span()).bytes(LONGEST);
      this.pool = model.newKvPool(most * each);
      prompts.add(tokens(LONGEST / 2));
    }

    void run() {
      try (pool) {
        for (int i = 0; i < OPERATIONS; i++) {
          if (open.size() < most && random.nextInt(3) > 0) {
            begin();
          } else if (!open.isEmpty()) {
            goOn(open.get(random.nextInt(open.size())));
          }
          check();
        }
        open.forEach(chat -> chat.cache.close());
        assertThat(pool.accounts().used()).isZero();
        assertThat(pool.accounts().passed()).isZero();
        check();
      }
    }

    void check() {
      KvPool.Accounts accounts = pool.accounts();
      assertThat(accounts.used() + accounts.idle() + accounts.passed() + accounts.free())
          .isEqualTo(accounts.allocated())
          .isLessThanOrEqualTo(pool.budgetBytes());
      assertThat(accounts.used())
          .isLessThanOrEqualTo(
              open.stream().mapToLong(chat -> pool.plan().bytes(chat.ids.length)).sum());
      assertThat(accounts.idle()).isLessThanOrEqualTo(pool.budgetBytes() / 2);
    }

    int[] tokens(int count) {
      return random.ints(count, 3, model.config().vocabulary()).toArray();
    }

    /** About where pages end, and where windows of 20 begin to need the page before. */
    int length(int longest) {
      int page = KvLayout.POSITIONS * random.nextInt(longest / KvLayout.POSITIONS + 1);
      int[] near = {0, 0, 1, 19, 20, 21, 63, random.nextInt(64)};
      return Math.clamp(page + near[random.nextInt(near.length)], 1, longest);
    }

    int[] prompt() {
      int[] stem = prompts.get(prompts.size() - 1 - random.nextInt(Math.min(8, prompts.size())));
      int[] prompt = tokens(length(LONGEST - 1) + 1);
      int common = Math.min(Math.min(stem.length, prompt.length), length(LONGEST));
      System.arraycopy(stem, 0, prompt, 0, common);
      prompts.add(prompt);
      return prompt;
    }

    void begin() {
      Chat chat = new Chat(new KvCache(pool), prompt());
      open.add(chat);
      int[] known = Arrays.copyOf(chat.ids, chat.ids.length - 1);
      List<byte[]> notes = chat.cache.adopt(known);
      chat.stored = chat.cache.length();
      assertThat(chat.stored)
          .isEqualTo(notes.size() * KvLayout.POSITIONS)
          .isLessThan(chat.ids.length);
      for (int i = 0; i < notes.size(); i++) {
        int from = i * KvLayout.POSITIONS;
        byte[] all = notes(Arrays.copyOf(chat.ids, from + KvLayout.POSITIONS));
        assertThat(notes.get(i)).isEqualTo(Arrays.copyOfRange(all, 4 * from, all.length));
      }
      shared += chat.stored > 0 ? 1 : 0;
      shorter += chat.stored < longestPublished(known) ? 1 : 0;
      if (random.nextBoolean()) {
        draft(chat); // right behind what others have computed
      }
      if (random.nextInt(4) > 0) {
        compute(chat, chat.ids.length);
      }
    }

    int longestPublished(int[] known) {
      int longest = 0;
      for (int[] one : published) {
        int different = Arrays.mismatch(one, known);
        int common = different < 0 ? known.length : different;
        longest = Math.max(longest, common - common % KvLayout.POSITIONS);
      }
      return longest;
    }

    void goOn(Chat chat) {
      switch (random.nextInt(6)) {
        case 0 -> {
          open.remove(chat);
          chat.cache.close();
        }
        case 1 -> draft(chat);
        case 2 -> {
          int back = chat.cache.reachable(random.nextInt(chat.stored + 1));
          chat.cache.truncate(back);
          chat.stored = back;
        }
        case 3 -> compute(chat, Math.min(chat.ids.length, chat.stored + length(LONGEST)));
        default -> {
          compute(chat, chat.ids.length);
          int[] all = Arrays.copyOf(chat.ids, length(chat.ids.length));
          chat.cache.publish(all, notes(all));
          published.add(all);
        }
      }
    }

    /** Tokens that turn out wrong. */
    void draft(Chat chat) {
      int count = Math.min(chat.ids.length - chat.stored, 1 + random.nextInt(12));
      if (count > 0) {
        model.forward(List.of(Step.ofIds(chat.cache, tokens(count), Step.Wanted.LAST)));
        assertThat(chat.cache.reachable(chat.stored)).isEqualTo(chat.stored);
        chat.cache.truncate(chat.stored);
      }
    }

    void compute(Chat chat, int end) {
      float[] logits = {};
      while (chat.stored < end) {
        int to = Math.min(end, chat.stored + 1 + random.nextInt(PassPlan.ALONE_TOKENS));
        int[] some = Arrays.copyOfRange(chat.ids, chat.stored, to);
        logits = model.forward(List.of(Step.ofIds(chat.cache, some, Step.Wanted.LAST)));
        chat.stored = to;
      }
      if (logits.length > 0) {
        assertThat(logits).isEqualTo(alone(Arrays.copyOf(chat.ids, end)));
      }
    }

    /** By a sequence that has never heard of another. */
    float[] alone(int[] ids) {
      return expected.computeIfAbsent(
          Arrays.stream(ids).boxed().toList(),
          _ -> {
            try (KvPool own = model.newKvPool(1 << 24);
                KvCache cache = new KvCache(own)) {
              return model.forward(List.of(Step.ofIds(cache, ids, Step.Wanted.LAST)));
            }
          });
    }

    /** Four bytes for each position, told by all tokens up to it. */
    static byte[] notes(int[] ids) {
      ByteBuffer notes = ByteBuffer.allocate(4 * ids.length);
      int all = 0;
      for (int id : ids) {
        all = 31 * all + id;
        notes.putInt(all);
      }
      return notes.array();
    }
  }
}
