package org.folkmoot.serve;

import java.util.Arrays;
import java.util.Optional;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.wire.Message;

/**
 * What went into a seat, position by position: from it the seat's work can be done again. Where
 * there is no room for all of it, nothing is kept, and nobody can dispute the work.
 */
final class KeptInputs {
  private final int dim;
  private final FloatBudget budget;
  private boolean lost;
  private int[] ids = new int[0];
  private float[] states = new float[0];

  /**
   * Nothing yet.
   *
   * @param dim numbers of a hidden state; 0 for a seat that takes token ids
   * @param budget what hidden states take of; ids count for nothing
   */
  KeptInputs(int dim, FloatBudget budget) {
    this.dim = dim;
    this.budget = budget;
  }

  /** Takes a step's inputs; what was there from its position on is forgotten. */
  void add(Message.Forward step) {
    int end = step.position() + step.tokens();
    if (lost) {
      return;
    }
    if (dim == 0) {
      ids = end <= ids.length ? ids : Arrays.copyOf(ids, Math.max(end, 2 * ids.length));
      System.arraycopy(step.ids(), 0, ids, step.position(), step.tokens());
    } else {
      long floats = (long) end * dim;
      if (floats > states.length && !grow(Math.max(floats, states.length + states.length / 2L))) {
        return;
      }
      System.arraycopy(step.hidden(), 0, states, step.position() * dim, step.tokens() * dim);
    }
  }

  private boolean grow(long floats) {
    if (floats > Integer.MAX_VALUE - 8 || !budget.take(floats - states.length)) {
      close();
      lost = true;
      return false;
    }
    states = Arrays.copyOf(states, (int) floats);
    return true;
  }

  /** A copy of the first positions, all of which were added; empty if they are not kept. */
  Optional<SpanInputs> first(int positions) {
    if (lost) {
      return Optional.empty();
    }
    return Optional.of(
        dim == 0
            ? new SpanInputs.Ids(Arrays.copyOf(ids, positions))
            : new SpanInputs.Hidden(Arrays.copyOf(states, positions * dim), dim));
  }

  /** Gives the memory back. */
  void close() {
    budget.give(states.length);
    states = new float[0];
  }
}
