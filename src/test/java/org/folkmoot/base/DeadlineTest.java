package org.folkmoot.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  /** Time that is told, and timers that count. */
  private static final class Clock implements Loop {
    private final class Ringer implements Timer {
      final long at;
      final Runnable task;

      Ringer(long at, Runnable task) {
        this.at = at;
        this.task = task;
      }

      @Override
      public void cancel() {
        timers.remove(this);
      }
    }

    private final List<Ringer> timers = new ArrayList<>();
    private long now;
    private int made;

    @Override
    public void execute(Runnable task) {
      task.run();
    }

    @Override
    public Timer after(long nanos, Runnable task) {
      made++;
      Ringer ringer = new Ringer(now + nanos, task);
      timers.add(ringer);
      return ringer;
    }

    void to(long time) {
      now = time;
      for (Ringer due : timers.stream().filter(each -> each.at <= now).toList()) {
        timers.remove(due);
        due.task.run();
      }
    }

    @Override
    public long nanoTime() {
      return now;
    }

    @Override
    public long clockMillis() {
      return 0;
    }
  }

  private final Clock clock = new Clock();
  private final Deadline deadline = new Deadline(clock);
  private final List<String> passed = new ArrayList<>();

  private void set(long nanos, String name) {
    deadline.set(nanos, () -> passed.add(name));
  }

  @Test
  void whatIsMovedAThousandTimesHasFewTimers() {
    for (int i = 0; i < 1000; i++) {
      clock.to(i);
      set(100, "late");
    }
    assertThat(clock.made).isLessThan(20);
    clock.to(1098);
    assertThat(passed).isEmpty();
    clock.to(1099);
    clock.to(5000);
    assertThat(passed).containsExactly("late");
  }

  @Test
  void anEarlierOneHoldsAtOnce() {
    set(100, "late");
    set(10, "early");
    clock.to(10);
    assertThat(passed).containsExactly("early");
    clock.to(200);
    assertThat(passed).hasSize(1);
  }

  @Test
  void whatIsClearedOrCancelledDoesNotPass() {
    set(10, "first");
    deadline.clear();
    clock.to(20);
    assertThat(passed).isEmpty();
    set(10, "second");
    deadline.cancel();
    assertThat(clock.timers).isEmpty();
    clock.to(40);
    assertThat(passed).isEmpty();
    set(5, "third");
    clock.to(45);
    assertThat(passed).containsExactly("third");
  }
}
