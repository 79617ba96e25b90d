package org.folkmoot.engine.model;

import static org.folkmoot.base.FolkmootException.Code.BUSY;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/** One pass for some sequences: what each puts in, and what each gets out of it. */
final class BatchPass {
  /** A sequence's share of a pass. */
  record Turn(Sequence sequence, Step step) {}

  private final SpanModel model;
  private final List<Turn> turns;
  private final float[][] outputs;
  private float[] states = new float[0];
  private @Nullable Throwable failure;

  /** A pass to be made. Of all turns the sequences go through the same part of the model. */
  BatchPass(SpanModel model, List<Turn> turns) {
    this.model = model;
    this.turns = turns;
    this.outputs = new float[turns.size()][0];
  }

  /** Makes it. Fails in silence, see {@link #failed}. */
  void compute() {
    Span part = turns.getFirst().sequence.part();
    boolean wanted = turns.stream().anyMatch(turn -> turn.sequence.wantsStates());
    float[] all;
    try {
      SpanModel.Pass result = model.forward(part, turns.stream().map(Turn::step).toList(), wanted);
      states = result.states();
      all = result.outputs();
    } catch (RuntimeException | Error failed) {
      failure = failed;
      return;
    }
    divide(all, model.outputLength(part));
  }

  /** Gives each turn its outputs, and shows them to those who want to see them early. */
  private void divide(float[] all, int length) {
    int[] ends = new int[turns.size()];
    int end = 0;
    for (int i = 0; i < ends.length; i++) {
      end += turns.get(i).step.outputs() * length;
      ends[i] = end;
    }
    model.shareOut(
        ends.length,
        i -> {
          int from = i == 0 ? 0 : ends[i - 1];
          outputs[i] = slice(all, from, ends[i] - from);
          if (outputs[i].length > 0) {
            turns.get(i).sequence.prepare(outputs[i]);
          }
        });
  }

  /** A part of what a pass gave; all of it, for a single turn, is not copied. */
  private static float[] slice(float[] all, int at, int length) {
    return length == all.length ? all : Arrays.copyOfRange(all, at, at + length);
  }

  /** Whether nothing came of it; then all caches are as before. */
  boolean failed() {
    return failure != null;
  }

  /** One bad sequence must not take the others with it: the same for each alone. */
  List<BatchPass> each() {
    return turns.stream().map(turn -> new BatchPass(model, List.of(turn))).toList();
  }

  /** How many sequences share it. */
  int sequences() {
    return turns.size();
  }

  /** Tokens of all. */
  int tokens() {
    return turns.stream().mapToInt(turn -> turn.step.tokens()).sum();
  }

  /** Notes for all what came of it, with the lock. Gives what to tell them without. */
  List<Runnable> settle() {
    List<Runnable> tellings = new ArrayList<>();
    int dim = model.config().dim();
    int token = 0;
    for (int i = 0; i < turns.size(); i++) {
      Turn turn = turns.get(i);
      int from = token;
      tellings.add(
          turn.sequence.settle(
              turn.step,
              () -> slice(states, from * dim, turn.step.tokens() * dim),
              outputs[i],
              failure));
      token += turn.step.tokens();
    }
    return tellings;
  }

  /** What a caller is told of a pass that failed. */
  static RuntimeException fault(@Nullable Throwable failure) {
    return switch (failure) {
      case FolkmootException fault ->
          new FolkmootException(fault.code(), String.valueOf(fault.getMessage()), fault);
      case OutOfMemoryError none ->
          new FolkmootException(
              NO_ROOM,
              "memory does not suffice to go on: lower --kv-memory or use a smaller model",
              none);
      case null -> new FolkmootException(BUSY, "the answer was interrupted");
      case Throwable other -> new IllegalStateException("a pass failed", other);
    };
  }
}
