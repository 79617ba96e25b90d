package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Many sequences over one model. The timeout is for a lost wake-up, not for a slow machine. */
@Timeout(120)
class BatchSchedulerTest {
  private static final int ROOM = 1 << 24;

  @TempDir static Path folder;
  private static GgufFile file;
  private static WorkerPool pool;
  private static SpanModel model;

  @BeforeAll
  static void load() {
    TinyModel tiny = TinyModel.of(TensorType.Q8_0).withContext(512);
    file = GgufFile.open(TinyModels.write(folder, tiny));
    pool = new WorkerPool(2);
    ModelConfig config = ModelConfig.of(file);
    model = SpanModel.load(file, config, Span.whole(config), pool, _ -> {});
  }

  @AfterAll
  static void close() {
    model.close();
    pool.close();
    file.close();
  }

  private static int[] prompt(int length, long seed) {
    return new SplittableRandom(seed).ints(length, 3, 500).toArray();
  }

  private static int best(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      best = logits[id] > logits[best] ? id : best;
    }
    return best;
  }

  /** Greedy ids, and the last logits, whose bits depend on all that went before. */
  private static String generate(Sequence sequence, int[] prompt, int count) {
    List<Integer> ids = new ArrayList<>();
    float[] logits = sequence.step(prompt, Step.Wanted.LAST).orElseThrow();
    for (int i = 0; i < count; i++) {
      ids.add(best(logits));
      logits = sequence.step(new int[] {ids.getLast()}, Step.Wanted.LAST).orElseThrow();
    }
    return ids + " " + Arrays.hashCode(logits);
  }

  private static String generateAlone(int[] prompt, int count) {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(prompt.length + count)) {
      return generate(sequence, prompt, count);
    }
  }

  @Test
  void manyAtATimeGetWhatEachGetsAlone() throws Exception {
    int many = 24;
    List<int[]> prompts = new ArrayList<>();
    List<String> alone = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      prompts.add(prompt(1 + i * 13 % 150, i));
      alone.add(generateAlone(prompts.get(i), 12));
    }
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, many);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> together = new ArrayList<>();
      for (int[] prompt : prompts) {
        together.add(
            threads.submit(() -> {
              try (Sequence sequence = scheduler.open(prompt.length + 12)) {
                return generate(sequence, prompt, 12);
              }
            }));
      }
      for (int i = 0; i < many; i++) {
        assertThat(together.get(i).get()).isEqualTo(alone.get(i));
      }
      assertThat(scheduler.openSequences()).isZero();
      assertThat(scheduler.usedKvBytes()).isZero();
    }
  }

  @Test
  void admitsNoMoreThanFits() {
    long page = model.config().kvLayout(model.config().layers()).pageBytes();
    try (BatchScheduler scheduler = new BatchScheduler(model, 4 * page, 3)) {
      assertThat(scheduler.maxPositions()).isEqualTo(4 * KvLayout.POSITIONS);
      assertRefused(Code.BAD_REQUEST, () -> scheduler.open(4 * KvLayout.POSITIONS + 1));
      Sequence first = scheduler.open(3 * KvLayout.POSITIONS);
      Sequence second = scheduler.open(1);
      assertRefused(Code.BUSY, () -> scheduler.open(1));
      first.close();
      first.close();
      Sequence third = scheduler.open(2 * KvLayout.POSITIONS);
      scheduler.open(KvLayout.POSITIONS);
      second.close();
      third.close();
      scheduler.open(1);
      scheduler.open(1);
      assertRefused(Code.BUSY, () -> scheduler.open(1));
      assertThat(scheduler.openSequences()).as("the most at a time").isEqualTo(3);
    }
  }

  private static void assertRefused(Code code, Runnable call) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            FolkmootException.class, refused -> assertThat(refused.code()).isEqualTo(code));
  }

  @Test
  void aClosedSequenceFreesItsMemoryAtOnce() {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 2)) {
      Sequence sequence = scheduler.open(300);
      sequence.step(prompt(200, 1), Step.Wanted.LAST);
      assertThat(scheduler.usedKvBytes()).isPositive();
      sequence.close();
      assertThat(scheduler.usedKvBytes()).isZero();
      assertThat(scheduler.openSequences()).isZero();
      assertThat(sequence.step(new int[] {5}, Step.Wanted.LAST)).isEmpty();
    }
  }

  /** Whenever the close comes: before, between or within the passes of a long prompt. */
  @Test
  void closingWhileAStepWaitsEndsIt() throws Exception {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 9);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 20; round++) {
        Sequence leaving = scheduler.open(400);
        Sequence staying = scheduler.open(400);
        int[] prompt = prompt(300, round);
        Future<Optional<float[]>> left =
            threads.submit(() -> leaving.step(prompt, Step.Wanted.LAST));
        Future<Optional<float[]>> stayed =
            threads.submit(() -> staying.step(prompt, Step.Wanted.LAST));
        for (int spin = 0; spin < round * 100; spin++) {
          Thread.onSpinWait();
        }
        leaving.close();
        left.get();
        assertThat(stayed.get()).as("who shared the passes").isPresent();
        staying.close();
        // A pass under way may have held the memory a little longer, but this one came after it.
        try (Sequence after = scheduler.open(1)) {
          after.step(new int[] {7}, Step.Wanted.NOTHING);
        }
        assertThat(scheduler.usedKvBytes()).isZero();
        assertThat(scheduler.openSequences()).isZero();
      }
    }
  }

  @Test
  void closingTheSchedulerEndsAllThatWait() throws Exception {
    for (int round = 0; round < 10; round++) {
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        BatchScheduler scheduler = new BatchScheduler(model, ROOM, 4);
        List<Future<Optional<float[]>>> steps = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          Sequence sequence = scheduler.open(500);
          steps.add(threads.submit(() -> sequence.step(prompt(450, 3), Step.Wanted.LAST)));
        }
        scheduler.close();
        scheduler.close();
        for (Future<Optional<float[]>> step : steps) {
          step.get();
        }
        assertThat(scheduler.openSequences()).isZero();
        assertRefused(Code.BUSY, () -> scheduler.open(1));
      }
    }
  }

  @Test
  void aBadSequenceFailsAlone() throws Exception {
    int[] prompt = prompt(40, 4);
    String alone = generateAlone(prompt, 5);
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 9);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int round = 0; round < 10; round++) {
        Sequence bad = scheduler.open(100);
        Sequence good = scheduler.open(100);
        Future<?> failing =
            threads.submit(() -> bad.step(new int[] {3, 1 << 20}, Step.Wanted.LAST));
        Future<String> working = threads.submit(() -> generate(good, prompt, 5));
        assertThat(working.get()).isEqualTo(alone);
        assertThatThrownBy(failing::get)
            .isInstanceOf(ExecutionException.class)
            .hasCauseInstanceOf(FolkmootException.class)
            .hasMessageContaining("not in the vocabulary");
        assertThat(bad.step(new int[] {3}, Step.Wanted.LAST)).as("it can go on").isPresent();
        bad.close();
        good.close();
      }
    }
  }

  @Test
  void aRestartedSequenceGoesOnFromWhatItKeeps() {
    int[] prompt = prompt(100, 5);
    String whole = generateAlone(prompt, 6);
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(130)) {
      for (int keep : new int[] {0, 1, 63, 64, 65, 99}) {
        sequence.restart(0, 130);
        int[] other = prompt.clone();
        Arrays.fill(other, keep, 100, 9);
        generate(sequence, other, 20);
        assertThat(sequence.restart(keep, 120)).isEqualTo(keep);
        assertThat(scheduler.usedKvBytes())
            .isEqualTo(
                (keep + 63) / 64 * model.config().kvLayout(model.span().layerCount()).pageBytes());
        int[] rest = Arrays.copyOfRange(prompt, keep, 100);
        assertThat(generate(sequence, rest, 6)).as("kept %d", keep).isEqualTo(whole);
      }
    }
  }

  @Test
  void aRestartIsAdmittedLikeAnyOther() {
    long page = model.config().kvLayout(model.config().layers()).pageBytes();
    try (BatchScheduler scheduler = new BatchScheduler(model, 4 * page, 2)) {
      Sequence sequence = scheduler.open(64);
      Sequence other = scheduler.open(128);
      sequence.step(prompt(50, 1), Step.Wanted.NOTHING);
      assertRefused(Code.BUSY, () -> sequence.restart(10, 129));
      assertRefused(Code.BAD_REQUEST, () -> sequence.restart(10, 999));
      assertThat(sequence.length()).as("as before").isEqualTo(50);
      assertThat(sequence.restart(10, 128)).isEqualTo(10);
      other.close();
      assertThat(sequence.restart(10, 256)).isEqualTo(10);
      sequence.close();
      assertThatThrownBy(() -> sequence.restart(0, 1)).isInstanceOf(IllegalStateException.class);
      scheduler.open(256);
    }
  }

  /** Whatever was computed before the interruption counts, and nothing else. */
  @Test
  void anInterruptedSequenceCanGoOn() throws Exception {
    int[] prompt = prompt(400, 6);
    String whole = generateAlone(prompt, 4);
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 2);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Sequence sequence = scheduler.open(500)) {
      for (int round = 0; round < 20; round++) {
        Future<Optional<float[]>> step =
            threads.submit(() -> sequence.step(prompt, Step.Wanted.LAST));
        for (int spin = 0; spin < round * 2000; spin++) {
          Thread.onSpinWait();
        }
        sequence.interrupt();
        step.get();
        assertThat(sequence.step(prompt, Step.Wanted.LAST)).as("still interrupted").isEmpty();
        int kept = sequence.restart(399, 500);
        assertThat(kept).isBetween(0, 399);
        assertThat(generate(sequence, Arrays.copyOfRange(prompt, kept, 400), 4)).isEqualTo(whole);
        sequence.restart(0, 500);
      }
    }
  }

  @Test
  void aThreadThatIsInterruptedStopsWaiting() throws Exception {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(500)) {
      Thread.currentThread().interrupt();
      assertThat(sequence.step(prompt(400, 1), Step.Wanted.LAST)).isEmpty();
      assertThat(Thread.interrupted()).as("it says so").isTrue();
    }
  }

  @Test
  void aStepHasTokens() {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(10)) {
      assertThatThrownBy(() -> sequence.step(new int[0], Step.Wanted.LAST))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void allOutputsComeInOrderHoweverThePromptIsCut() {
    int[] prompt = prompt(300, 8);
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(300)) {
      float[] all = sequence.step(prompt, Step.Wanted.ALL).orElseThrow();
      int length = model.outputLength();
      assertThat(all).hasSize(300 * length);
      sequence.restart(0, 300);
      for (int i : new int[] {0, 255, 256, 299}) {
        sequence.restart(0, 300);
        float[] last = sequence.step(Arrays.copyOf(prompt, i + 1), Step.Wanted.LAST).orElseThrow();
        assertThat(last).isEqualTo(Arrays.copyOfRange(all, i * length, (i + 1) * length));
      }
    }
  }

  /** Time stands still, so nobody is ever late: the first waits for the other. */
  @Test
  void whoCameTogetherIsWaitedFor() throws Exception {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 2, _ -> false, () -> 0);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Sequence one = scheduler.open(100);
        Sequence other = scheduler.open(100)) {
      AtomicInteger others = new AtomicInteger();
      Runnable step =
          () -> other.step(new int[] {6}, Step.Wanted.LAST, _ -> {}, _ -> others.incrementAndGet());
      step.run();
      Future<?> working =
          threads.submit(() -> {
            for (int i = 0; i < 20; i++) {
              step.run();
            }
            other.interrupt();
          });
      for (int i = 0; i < 20; i++) {
        assertThat(one.step(new int[] {5}, Step.Wanted.LAST)).isPresent();
        assertThat(others.get()).as("passes of the other").isGreaterThanOrEqualTo(i + 2);
      }
      working.get();
    }
  }

  /** Each look at the clock takes longer than anybody is waited for. */
  @Test
  void whoComesLateHoldsUpNobody() {
    AtomicLong now = new AtomicLong();
    try (BatchScheduler scheduler =
            new BatchScheduler(model, ROOM, 2, _ -> false, () -> now.addAndGet(30_000_000));
        Sequence one = scheduler.open(100);
        Sequence other = scheduler.open(100)) {
      assertThat(other.step(new int[] {6}, Step.Wanted.LAST)).isPresent();
      for (int i = 0; i < 10; i++) {
        assertThat(one.step(new int[] {5}, Step.Wanted.LAST)).isPresent();
      }
    }
  }

  @Test
  void whoIsGoneIsNotWaitedFor() {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 3, _ -> false, () -> 0);
        Sequence one = scheduler.open(100);
        Sequence interrupted = scheduler.open(100)) {
      Sequence closed = scheduler.open(100);
      assertThat(closed.step(new int[] {6}, Step.Wanted.LAST)).isPresent();
      closed.close();
      assertThat(interrupted.step(new int[] {6}, Step.Wanted.LAST)).isPresent();
      interrupted.interrupt();
      assertThat(one.step(new int[] {5}, Step.Wanted.LAST)).isPresent();
    }
  }

  @Test
  void whatLooksAheadMayFail() {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(100)) {
      Optional<float[]> logits =
          sequence.step(
              new int[] {5},
              Step.Wanted.LAST,
              _ -> {},
              _ -> {
                throw new IllegalStateException("a fault of who looks");
              });
      assertThat(logits).isPresent();
      assertThat(sequence.step(new int[] {5}, Step.Wanted.LAST)).isPresent();
    }
  }
}
