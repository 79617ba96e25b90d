package org.folkmoot.serve;

import java.util.Arrays;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.wire.Message;

/** What went into a seat, position by position: from it the seat's work can be done again. */
final class KeptInputs {
  private final int dim;
  private int[] ids = new int[0];
  private float[] states = new float[0];

  /**
   * Nothing yet.
   *
   * @param dim numbers of a hidden state; 0 for a seat that takes token ids
   */
  KeptInputs(int dim) {
    this.dim = dim;
  }

  /** Takes a step's inputs; what was there from its position on is forgotten. */
  void add(Message.Forward step) {
    int end = step.position() + step.tokens();
    if (dim == 0) {
      ids = end <= ids.length ? ids : Arrays.copyOf(ids, Math.max(end, 2 * ids.length));
      System.arraycopy(step.ids(), 0, ids, step.position(), step.tokens());
    } else {
      int floats = end * dim;
      states =
          floats <= states.length
              ? states
              : Arrays.copyOf(states, Math.max(floats, states.length + states.length / 2));
      System.arraycopy(step.hidden(), 0, states, step.position() * dim, step.tokens() * dim);
    }
  }

  /** A copy of the first positions, all of which were added. */
  SpanInputs first(int positions) {
    return dim == 0
        ? new SpanInputs.Ids(Arrays.copyOf(ids, positions))
        : new SpanInputs.Hidden(Arrays.copyOf(states, positions * dim), dim);
  }
}
