package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every piece is done once, by whichever thread, and failures are told when all is done. */
class WorkerPoolTest {
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8})
  void everyPieceIsDoneOnce(int workers) {
    try (WorkerPool pool = new WorkerPool(workers)) {
      for (int count : new int[] {0, 1, 2, 3, 7, 8, 100}) {
        AtomicIntegerArray inTurn = new AtomicIntegerArray(count);
        pool.run(count, 3, (from, to, _) -> count(inTurn, from, to));
        AtomicIntegerArray near = new AtomicIntegerArray(count);
        pool.runNear(count, (from, to, _) -> count(near, from, to));
        for (int i = 0; i < count; i++) {
          assertThat(inTurn.get(i)).isEqualTo(1);
          assertThat(near.get(i)).isEqualTo(1);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aFailureIsToldAndThePoolGoesOn(int workers) {
    try (WorkerPool pool = new WorkerPool(workers)) {
      AtomicIntegerArray done = new AtomicIntegerArray(10);
      assertThatIllegalStateException()
          .isThrownBy(() ->
              pool.runNear(
                  10,
                  (from, to, _) -> {
                    count(done, from, to);
                    throw new IllegalStateException("piece " + from);
                  }));
      pool.run(10, 1, (from, to, _) -> count(done, from, to));
      for (int i = 0; i < 10; i++) {
        assertThat(done.get(i)).isGreaterThanOrEqualTo(1);
      }
    }
  }

  /** Two who share a pool would share its scratch memory, and compute nonsense. */
  @Test
  void aSecondCallIsRefusedWhileOneIsUnderWay() {
    try (WorkerPool pool = new WorkerPool(2)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> pool.run(2, 1, (_, _, _) -> pool.run(2, 1, (_, _, _) -> {})))
          .withMessage("a pool does one job at a time");
    }
  }

  private static void count(AtomicIntegerArray done, int from, int to) {
    for (int i = from; i < to; i++) {
      done.incrementAndGet(i);
    }
  }
}
