package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.api.Cancellation.CancelledException;
import org.folkmoot.api.Cancellation.Reason;
import org.folkmoot.api.FairGate.Turn;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Turns are given out in rotation among clients, within bounds. */
@Timeout(300)
class FairGateTest {
  private static final String MODEL = "smollm2:135m";

  private record Granted(String who, Turn<String> turn) {}

  /** Callers that each take a turn, told apart by names like {@code ada1}. */
  private static final class Callers implements AutoCloseable {
    final FairGate gate;
    final BlockingQueue<Granted> granted = new LinkedBlockingQueue<>();
    final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Callers(TurnLimits limits) {
      gate = new FairGate(limits);
    }

    /** Starts a caller and waits until it waits or has its turn. */
    Future<?> call(String who, Cancellation cancellation) {
      int before = gate.active() + gate.waiting();
      String client = who.replaceAll("\\d", "");
      Future<?> call =
          threads.submit(() ->
              granted.add(new Granted(who, gate.enter(client, MODEL, cancellation, () -> who))));
      while (gate.active() + gate.waiting() == before && !call.isDone()) {
        Thread.onSpinWait();
      }
      return call;
    }

    void call(String... all) {
      for (String who : all) {
        assertThat(call(who, new Cancellation())).isNotNull();
      }
    }

    /** Ends turns one after the other, and names those who had them. */
    List<String> order(int count) throws InterruptedException {
      List<String> order = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Granted next = granted.take();
        order.add(next.who());
        next.turn().close();
      }
      return order;
    }

    @Override
    public void close() {
      threads.close();
    }
  }

  @Test
  void aTurnThatBecomesFreeGoesRound() throws InterruptedException {
    try (Callers callers = new Callers(new TurnLimits(1, 1, 100, 100))) {
      callers.call("ada1", "bob1", "ada2", "ada3", "ada4", "bob2", "cy1");
      assertThat(callers.order(7))
          .containsExactly("ada1", "bob1", "ada2", "cy1", "bob2", "ada3", "ada4");
      assertThat(callers.gate.active()).isZero();
      assertThat(callers.gate.waiting()).isZero();
    }
  }

  @Test
  void noClientHoldsMoreThanItsShare() throws InterruptedException {
    try (Callers callers = new Callers(new TurnLimits(3, 2, 100, 100))) {
      callers.call("ada1", "ada2", "ada3");
      assertThat(callers.gate.active()).isEqualTo(2);
      callers.call("bob1");
      assertThat(callers.gate.active()).isEqualTo(3);
      List<Granted> first = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        first.add(callers.granted.take());
      }
      assertThat(first).extracting(Granted::who).containsExactlyInAnyOrder("ada1", "ada2", "bob1");
      first.stream().filter(g -> g.who().equals("bob1")).forEach(g -> g.turn().close());
      assertThat(callers.gate.active()).as("ada's third still waits").isEqualTo(2);
      first.stream().filter(g -> g.who().equals("ada1")).forEach(g -> g.turn().close());
      assertThat(callers.granted.take().who()).isEqualTo("ada3");
    }
  }

  @Test
  void theQueueIsBounded() {
    try (Callers callers = new Callers(new TurnLimits(1, 1, 3, 2))) {
      callers.call("ada1", "ada2", "ada3");
      assertRefused(callers, "ada");
      callers.call("bob1");
      assertRefused(callers, "cy");
      assertThat(callers.gate.waiting()).isEqualTo(3);
      callers.threads.shutdownNow();
    }
  }

  private static void assertRefused(Callers callers, String client) {
    assertThatThrownBy(() -> callers.gate.enter(client, MODEL, new Cancellation(), () -> ""))
        .isInstanceOfSatisfying(ApiException.class, e -> assertThat(e.status()).isEqualTo(429));
  }

  @Test
  void whoFindsAModelFullIsNextAndNobodyPassesHim() throws Exception {
    FairGate gate = new FairGate(new TurnLimits(10, 10, 100, 100));
    AtomicInteger free = new AtomicInteger(4);
    BlockingQueue<String> order = new LinkedBlockingQueue<>();
    List<Turn<Integer>> first = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      first.add(gate.enter("ada", MODEL, new Cancellation(), () -> take(free, 1)));
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> big = threads.submit(() -> enterAndLeave(gate, MODEL, "big", free, 3, order));
      awaitWaiting(gate, 1);
      Future<?> small = threads.submit(() -> enterAndLeave(gate, MODEL, "small", free, 1, order));
      awaitWaiting(gate, 2);
      threads.submit(() -> enterAndLeave(gate, "other", "elsewhere", free, 0, order)).get();
      for (Turn<Integer> turn : first) {
        free.addAndGet(turn.opened());
        turn.close();
        if (small.isDone()) {
          assertThat(order).contains("big");
        }
      }
      big.get();
      small.get();
    }
    assertThat(order).containsExactly("elsewhere", "big", "small");
    assertThat(gate.active()).isZero();
  }

  @Test
  void whoFindsAModelFullThatNobodyWillLeaveIsTold() {
    FairGate gate = new FairGate(new TurnLimits(10, 10, 100, 100));
    assertThatThrownBy(
            () -> gate.enter("ada", MODEL, new Cancellation(), () -> take(new AtomicInteger(), 1)))
        .isInstanceOf(FolkmootException.class);
    assertThat(gate.active()).isZero();
    assertThat(gate.waiting()).isZero();
  }

  private static Integer take(AtomicInteger free, int count) {
    if (free.getAndUpdate(now -> now >= count ? now - count : now) < count) {
      throw new FolkmootException(FolkmootException.Code.BUSY, "full");
    }
    return count;
  }

  private static void enterAndLeave(
      FairGate gate,
      String model,
      String who,
      AtomicInteger free,
      int count,
      BlockingQueue<String> order) {
    Supplier<Integer> open =
        () -> {
          Integer taken = take(free, count);
          order.add(who);
          return taken;
        };
    try (var turn = gate.enter(who, model, new Cancellation(), open)) {
      free.addAndGet(turn.opened());
    }
  }

  private static void awaitWaiting(FairGate gate, int count) {
    while (gate.waiting() != count) {
      Thread.onSpinWait();
    }
  }

  @Test
  void whoIsCancelledLeavesTheQueue() throws InterruptedException {
    try (Callers callers = new Callers(new TurnLimits(1, 1, 100, 100))) {
      Cancellation cancellation = new Cancellation();
      callers.call("ada1");
      Future<?> waiting = callers.call("bob1", cancellation);
      callers.call("cy1");
      cancellation.cancel(Reason.CLIENT_GONE);
      assertThatThrownBy(waiting::get).hasCauseInstanceOf(CancelledException.class);
      assertThat(callers.gate.waiting()).isEqualTo(1);
      assertThat(callers.order(2)).containsExactly("ada1", "cy1");
    }
  }

  @Test
  void manyAtOnceNeverExceedTheLimitsAndAllAreServed() throws Exception {
    FairGate gate = new FairGate(new TurnLimits(4, 2, 1000, 1000));
    Random random = new Random(11);
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Future<?>> calls = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 500; i++) {
        String client = "client" + random.nextInt(7);
        boolean cancelled = random.nextInt(10) == 0;
        Cancellation cancellation = new Cancellation();
        calls.add(
            threads.submit(() -> {
              try (var _ = gate.enter(client, MODEL, cancellation, () -> "")) {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                inside.decrementAndGet();
              } catch (CancelledException e) {
                assertThat(cancelled).isTrue();
              }
            }));
        if (cancelled) {
          cancellation.cancel(Reason.CLIENT_GONE);
        }
      }
      for (Future<?> call : calls) {
        call.get();
      }
    }
    assertThat(most.get()).isBetween(1, 4);
    assertThat(gate.active()).isZero();
    assertThat(gate.waiting()).isZero();
  }
}
