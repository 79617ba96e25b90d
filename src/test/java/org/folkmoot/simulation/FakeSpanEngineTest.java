package org.folkmoot.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.serve.SpanEngine.Input;
import org.folkmoot.serve.SpanEngine.Result;
import org.folkmoot.serve.SpanEngine.Seat;
import org.folkmoot.wire.LayerRange;
import org.junit.jupiter.api.Test;

/** That the fake model punishes every mistake and that spans of it make up the whole. */
class FakeSpanEngineTest {
  private static final long SECOND = 1_000_000_000L;
  private static final FakeModel MODEL = new FakeModel(5, 12, 64, 2);
  private static final int[] PROMPT = {3, 1, 4, 1, 5, 9, 2, 6};

  private final Simulation simulation = new Simulation(FakeSpanEngineTest.class, 1);
  private final SimLoop loop = new SimLoop(simulation, 1, "node", 0);

  private FakeSpanEngine engine(LayerRange range, int capacity) {
    return new FakeSpanEngine(loop, MODEL, range, FakeSpanEngine.Speed.USUAL, capacity);
  }

  /** What a step gave, all parts together. */
  private static final class Collected implements Result {
    final List<Float> hidden = new ArrayList<>();
    final List<Float> logits = new ArrayList<>();
    int parts;
    boolean done;
    boolean failed;

    @Override
    public void computed(int tokens, float[] states, float[] scores, boolean complete) {
      assertThat(states).hasSize(tokens * FakeModel.DIM);
      for (float value : states) {
        hidden.add(value);
      }
      for (float value : scores) {
        logits.add(value);
      }
      parts++;
      done = complete;
    }

    @Override
    public void failed(RuntimeException why) {
      failed = true;
    }

    static float[] array(List<Float> values) {
      float[] array = new float[values.size()];
      for (int i = 0; i < array.length; i++) {
        array[i] = values.get(i);
      }
      return array;
    }
  }

  private Collected step(Seat seat, Input input, int wantFrom) {
    Collected collected = new Collected();
    seat.step(input, wantFrom, collected);
    assertThat(simulation.runUntil(() -> collected.done || collected.failed, SECOND)).isTrue();
    return collected;
  }

  private static Input ids(int... ids) {
    return new Input(ids.length, ids, new float[0]);
  }

  private static Input states(List<Float> hidden) {
    return new Input(hidden.size() / FakeModel.DIM, new int[0], Collected.array(hidden));
  }

  @Test
  void threeSpansAnswerAsTheWholeDoes() {
    for (SamplerSettings settings :
        List.of(
            SamplerSettings.GREEDY, new SamplerSettings(1, 20, 0.9f, 0, 1.1f, 64, 7, Map.of()))) {
      int[] expected = MODEL.answer(PROMPT, settings, 40);
      Sampler sampler = new Sampler(settings);
      Seat first = open(new LayerRange(true, 0, 4, false));
      Seat second = open(new LayerRange(false, 4, 9, false));
      Seat third = open(new LayerRange(false, 9, 12, true));
      int[] all = Arrays.copyOf(PROMPT, PROMPT.length + 40);
      for (int at = 0, length = PROMPT.length; length < all.length; length++) {
        Collected one = step(first, ids(Arrays.copyOfRange(all, at, length)), 0);
        Collected two = step(second, states(one.hidden), 0);
        Collected three = step(third, states(two.hidden), length - 1);
        at = length;
        all[length] =
            sampler.next(Collected.array(three.logits), 0, MODEL.vocabulary(), all, length);
      }
      assertThat(Arrays.copyOfRange(all, PROMPT.length, all.length)).isEqualTo(expected);
    }
  }

  private Seat open(LayerRange part) {
    return engine(part, 1000).open(part, 100);
  }

  @Test
  void anyMistakeChangesAllThatFollows() {
    LayerRange whole = LayerRange.whole(12);
    List<Float> right = step(open(whole), ids(1, 2, 3, 4, 5, 6), 0).hidden;
    for (int[] wrong :
        new int[][] {
          {2, 1, 3, 4, 5, 6}, {1, 1, 2, 3, 4, 5, 6}, {2, 3, 4, 5, 6}, {9, 2, 3, 4, 5, 6}
        }) {
      List<Float> other = step(open(whole), ids(wrong), 0).hidden;
      assertThat(other.subList(other.size() - 3, other.size()))
          .doesNotContainAnyElementsOf(right.subList(right.size() - 3, right.size()));
    }
  }

  @Test
  void whatIsForgottenLeavesNoTrace() {
    LayerRange whole = LayerRange.whole(12);
    Seat seat = open(whole);
    List<Float> right = step(seat, ids(1, 2, 3, 4), 0).hidden;
    step(seat, ids(7, 7, 7), 0);
    seat.truncate(2);
    assertThat(step(seat, ids(3, 4), 0).hidden).isEqualTo(right.subList(8, 16));
    assertThat(seat.length()).isEqualTo(4);
  }

  @Test
  void aLongStepComesInPartsAndAsTheShortOnesDo() {
    LayerRange whole = LayerRange.whole(12);
    int[] prompt = new int[50];
    Arrays.setAll(prompt, i -> (i * 17) % 64);
    Seat seat = open(whole);
    Collected parts = step(seat, ids(prompt), 48);
    assertThat(parts.parts).isEqualTo(4);
    assertThat(parts.logits).hasSize(2 * 67);
    Seat single = open(whole);
    List<Float> hidden = new ArrayList<>();
    for (int id : prompt) {
      hidden.addAll(step(single, ids(id), 99).hidden);
    }
    assertThat(hidden).isEqualTo(parts.hidden);
  }

  @Test
  void seatsShareAPass() {
    LayerRange whole = LayerRange.whole(12);
    FakeSpanEngine engine = engine(whole, 1000);
    long before = simulation.now();
    step(engine.open(whole, 10), ids(1), 0);
    long alone = simulation.now() - before;
    List<Collected> results = new ArrayList<>();
    before = simulation.now();
    for (int i = 0; i < 8; i++) {
      Collected result = new Collected();
      results.add(result);
      engine.open(whole, 10).step(ids(i), 0, result);
    }
    simulation.runUntil(() -> results.stream().allMatch(result -> result.done), SECOND);
    assertThat(simulation.now() - before).isLessThan(4 * alone);
    before = simulation.now();
    engine.slowness(10);
    step(engine.open(whole, 10), ids(1), 0);
    assertThat(simulation.now() - before).isEqualTo(10 * alone);
  }

  @Test
  void memoryIsCountedAndFreedAtOnce() {
    LayerRange whole = LayerRange.whole(12);
    FakeSpanEngine engine = engine(whole, 100);
    Seat one = engine.open(whole, 60);
    assertThat(engine.freePositions()).isEqualTo(40);
    assertThatThrownBy(() -> engine.open(whole, 50))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            busy -> assertThat(busy.code()).isEqualTo(FolkmootException.Code.BUSY));
    assertThatThrownBy(() -> engine.open(whole, 101))
        .isInstanceOfSatisfying(
            FolkmootException.class,
            never -> assertThat(never.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST));
    Collected cut = new Collected();
    one.step(ids(1, 2, 3), 0, cut);
    one.close();
    one.close();
    assertThat(engine.freePositions()).isEqualTo(100);
    assertThat(engine.seats()).isZero();
    simulation.runFor(SECOND);
    assertThat(cut.parts).isZero();
    engine.failing(true);
    assertThat(step(engine.open(whole, 10), ids(1), 0).failed).isTrue();
  }
}
