package org.folkmoot.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Passes that a thread makes which brought a step. The timeout is for a lost wake-up. */
@Timeout(120)
class VolunteerTest {
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

  /** Takes tasks, and does them when the test says so, on the test's thread. */
  private static final class Hand implements BatchScheduler.Volunteer {
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private boolean willing = true;

    @Override
    public synchronized boolean accepts(Runnable task) {
      return willing && tasks.add(task);
    }

    synchronized void willing(boolean now) {
      willing = now;
    }

    synchronized int tasks() {
      return tasks.size();
    }

    private synchronized Optional<Runnable> next() {
      return Optional.ofNullable(tasks.poll());
    }

    /** Does all there is. */
    void work() {
      for (Optional<Runnable> task = next(); task.isPresent(); task = next()) {
        task.get().run();
      }
    }
  }

  /** What came of a step that was submitted, and on which thread. */
  private static class Taken implements Sequence.Sink {
    final CompletableFuture<Thread> done = new CompletableFuture<>();
    final List<float[]> states = new ArrayList<>();
    float[] logits = new float[0];
    volatile float[] seenAhead = new float[0];

    @Override
    public void prepare(float[] outputs) {
      seenAhead = outputs;
    }

    @Override
    public void computed(int tokens, float[] hidden, float[] outputs, boolean last) {
      states.add(hidden);
      logits = outputs.length > 0 ? outputs : logits;
      if (last) {
        done.complete(Thread.currentThread());
      }
    }

    @Override
    public void failed(RuntimeException why) {
      done.completeExceptionally(why);
    }

    Thread await() {
      return done.join();
    }
  }

  private static Taken submit(Sequence sequence, int... ids) {
    Taken taken = new Taken();
    sequence.submit(ids.length, ids, new float[0], 1, taken);
    return taken;
  }

  private static int[] prompt(int length, long seed) {
    return new SplittableRandom(seed).ints(length, 3, 500).toArray();
  }

  /** A scheduler for which passes take no time, and which knows it: it asks for volunteers. */
  private static BatchScheduler warm(Hand hand, int sequences) {
    hand.willing(false);
    BatchScheduler scheduler = new BatchScheduler(model, ROOM, sequences, hand, () -> 0);
    try (Sequence sequence = scheduler.open(500)) {
      for (int i = 0; i < 20; i++) {
        submit(sequence, 5).await();
      }
      // The driver looks once more for work after it has told: only then it is at rest.
      hand.willing(true);
      Taken taken = submit(sequence, 5);
      while (hand.tasks() == 0) {
        taken.await();
        sequence.truncate(1);
        taken = submit(sequence, 5);
      }
      hand.work();
    }
    return scheduler;
  }

  private static float[] alone(int... ids) {
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1);
        Sequence sequence = scheduler.open(500)) {
      return sequence.step(ids, Step.Wanted.LAST).orElseThrow();
    }
  }

  @Test
  void nobodyIsAskedUntilPassesAreKnownToBeShort() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = new BatchScheduler(model, ROOM, 1, hand);
        Sequence sequence = scheduler.open(100)) {
      assertThat(submit(sequence, 5).await().getName()).isEqualTo("folkmoot-passes");
      assertThat(hand.tasks()).isZero();
    }
  }

  @Test
  void aVolunteerMakesThePassWithTheSameBits() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 1);
        Sequence sequence = scheduler.open(100)) {
      Taken taken = submit(sequence, 7, 8, 9);
      assertThat(hand.tasks()).isEqualTo(1);
      assertThat(taken.done).as("nobody else makes it").isNotDone();
      hand.work();
      assertThat(taken.await()).isSameAs(Thread.currentThread());
      assertThat(taken.logits).isEqualTo(alone(7, 8, 9));
    }
  }

  @Test
  void sessionsShareAVolunteersPass() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 8)) {
      List<Sequence> sequences = new ArrayList<>();
      List<Taken> taken = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        sequences.add(scheduler.open(100));
        taken.add(submit(sequences.get(i), 10 + i, 20 + i));
      }
      assertThat(hand.tasks()).as("one for all").isEqualTo(1);
      hand.work();
      for (int i = 0; i < 8; i++) {
        assertThat(taken.get(i).await()).isSameAs(Thread.currentThread());
        assertThat(taken.get(i).logits).isEqualTo(alone(10 + i, 20 + i));
        assertThat(taken.get(i).seenAhead).isSameAs(taken.get(i).logits);
      }
      sequences.forEach(Sequence::close);
    }
  }

  @Test
  void whatASinkSubmitsIsTheVolunteersNext() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 1);
        Sequence sequence = scheduler.open(100)) {
      Taken second = new Taken();
      Taken first =
          new Taken() {
            @Override
            public void computed(int tokens, float[] hidden, float[] outputs, boolean last) {
              super.computed(tokens, hidden, outputs, last);
              sequence.submit(1, new int[] {6}, new float[0], 1, second);
            }
          };
      sequence.submit(1, new int[] {5}, new float[0], 1, first);
      hand.work();
      assertThat(second.await()).isSameAs(Thread.currentThread());
      assertThat(second.logits).isEqualTo(alone(5, 6));
    }
  }

  @Test
  void longPromptsGoToTheDriverEvenIfTheyComeAfterAVolunteer() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 2);
        Sequence one = scheduler.open(500);
        Sequence other = scheduler.open(500)) {
      int[] prompt = prompt(300, 1);
      Taken small = submit(other, 4);
      Taken large = submit(one, prompt);
      assertThat(hand.tasks()).isEqualTo(1);
      hand.work();
      assertThat(small.await().getName()).isEqualTo("folkmoot-passes");
      large.await();
      assertThat(large.logits).isEqualTo(alone(prompt));
      assertThat(small.logits).isEqualTo(alone(4));
      hand.willing(false);
      one.restart(0, 500);
      assertThat(submit(one, prompt).await().getName()).isEqualTo("folkmoot-passes");
    }
  }

  @Test
  void passesThatTakeLongAreTheDrivers() {
    Hand hand = new Hand();
    AtomicLong now = new AtomicLong();
    try (BatchScheduler scheduler =
            new BatchScheduler(model, ROOM, 1, hand, () -> now.addAndGet(30_000_000));
        Sequence sequence = scheduler.open(100)) {
      for (int i = 0; i < 50; i++) {
        assertThat(submit(sequence, 5).await().getName()).isEqualTo("folkmoot-passes");
      }
      assertThat(hand.tasks()).isZero();
    }
  }

  @Test
  void whoRefusesLeavesItToTheDriver() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 1);
        Sequence sequence = scheduler.open(100)) {
      hand.willing(false);
      assertThat(submit(sequence, 5).await().getName()).isEqualTo("folkmoot-passes");
    }
  }

  @Test
  void aFailureInAVolunteersPassIsItsSequencesAlone() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 2);
        Sequence bad = scheduler.open(100);
        Sequence good = scheduler.open(100)) {
      Taken failing = submit(bad, 1 << 20);
      Taken working = submit(good, 5);
      hand.work();
      assertThat(working.await()).isSameAs(Thread.currentThread());
      assertThat(working.logits).isEqualTo(alone(5));
      assertThatThrownBy(failing::await).hasCauseInstanceOf(FolkmootException.class);
      Taken again = submit(bad, 5);
      hand.work();
      assertThat(again.await()).isSameAs(Thread.currentThread());
    }
  }

  @Test
  void aSequenceThatIsClosedBeforeThePassNeedsNone() {
    Hand hand = new Hand();
    try (BatchScheduler scheduler = warm(hand, 2)) {
      Sequence leaving = scheduler.open(100);
      Taken taken = submit(leaving, 5);
      leaving.close();
      hand.work();
      assertThat(taken.done).isNotDone();
      assertThat(scheduler.usedKvBytes()).isZero();
      try (Sequence next = scheduler.open(100)) {
        Taken later = submit(next, 5);
        hand.work();
        later.await();
      }
    }
  }

  /** The volunteer comes too late, or is in the middle of its pass. */
  @Test
  void closingTheSchedulerWaitsForAVolunteerAndForNoneThatHasNotBegun() throws Exception {
    Hand hand = new Hand();
    BatchScheduler idle = warm(hand, 1);
    submit(idle.open(100), 5);
    idle.close();
    hand.work();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      BatchScheduler scheduler = warm(hand, 1);
      Sequence sequence = scheduler.open(100);
      CompletableFuture<Boolean> within = new CompletableFuture<>();
      CompletableFuture<Boolean> goOn = new CompletableFuture<>();
      sequence.submit(
          1,
          new int[] {5},
          new float[0],
          1,
          new Taken() {
            @Override
            public void computed(int tokens, float[] hidden, float[] outputs, boolean last) {
              within.complete(true);
              goOn.join();
            }
          });
      Future<?> working = threads.submit(hand::work);
      within.join();
      Future<?> closing = threads.submit(scheduler::close);
      assertThat(closing.isDone()).isFalse();
      goOn.complete(true);
      working.get();
      closing.get();
      assertThat(scheduler.openSequences()).isZero();
    }
  }

  @Test
  void manyThreadsWithVolunteersGetWhatEachGetsAlone() throws Exception {
    // As a transport does: each thread does its tasks when it has nothing else at hand.
    ThreadLocal<Deque<Runnable>> own = ThreadLocal.withInitial(ArrayDeque::new);
    int many = 6;
    List<float[]> alone = new ArrayList<>();
    for (int i = 0; i < many; i++) {
      int[] ids = prompt(40, i);
      alone.add(alone(ids));
    }
    try (BatchScheduler scheduler =
            new BatchScheduler(model, ROOM, many, task -> own.get().add(task), () -> 0);
        ExecutorService threads = Executors.newFixedThreadPool(many)) {
      List<Future<float[]>> answers = new ArrayList<>();
      for (int i = 0; i < many; i++) {
        int[] ids = prompt(40, i);
        answers.add(
            threads.submit(() -> {
              float[] logits = new float[0];
              try (Sequence sequence = scheduler.open(100)) {
                for (int at = 0; at < ids.length; at++) {
                  Taken taken = submit(sequence, Arrays.copyOfRange(ids, at, at + 1));
                  for (Runnable task = own.get().poll(); task != null; task = own.get().poll()) {
                    task.run();
                  }
                  taken.await();
                  logits = taken.logits;
                }
              }
              return logits;
            }));
      }
      for (int i = 0; i < many; i++) {
        assertThat(answers.get(i).get()).isEqualTo(alone.get(i));
      }
    }
  }
}
