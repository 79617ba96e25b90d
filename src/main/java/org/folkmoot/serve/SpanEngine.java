package org.folkmoot.serve;

import java.util.Optional;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.TraceOrder;
import org.folkmoot.proof.TraceProver;
import org.folkmoot.wire.LayerRange;

/**
 * What a block server computes with: the layers of a span for many sessions. The engine proper is
 * {@link ScheduledSpan}; a simulation has another.
 */
public interface SpanEngine {
  /**
   * One session's place.
   *
   * <p>Steps of a seat are submitted one at a time: the next when the result of the last is there.
   */
  interface Seat extends AutoCloseable {
    /** Positions computed. */
    int length();

    /** Forgets the positions from here on. */
    void truncate(int positions);

    /**
     * Computes the next tokens; the result comes in parts, in order, on any thread.
     *
     * @param wantFrom of a span with a head: logits are wanted from this position on
     */
    void step(Input input, int wantFrom, Result result);

    /** Frees the memory at once. Twice is harmless. */
    @Override
    void close();
  }

  /**
   * What a step computes.
   *
   * @param tokens how many
   * @param ids token ids, for a range that embeds; else empty
   * @param hidden hidden states {@code [token][dim]}; else empty
   */
  record Input(int tokens, int[] ids, float[] hidden) {}

  /** Takes a step's results. */
  interface Result {
    /**
     * Logits that {@link #computed} will bring, ahead of it and on any thread, for what takes time.
     * May be left out.
     */
    default void prepare(float[] logits) {}

    /**
     * Some of its tokens are computed.
     *
     * @param hidden hidden states {@code [token][dim]} behind the last layer
     * @param logits {@code [wanted token][vocabulary]} of those from {@code wantFrom} on; empty
     *     without a head
     * @param done whether the step is complete
     */
    void computed(int tokens, float[] hidden, float[] logits, boolean done);

    /** It cannot be done; the seat is of no use any more. */
    void failed(RuntimeException why);
  }

  /** What it computes. */
  LayerRange range();

  /** Numbers of a hidden state. */
  int dim();

  /** Number of token ids that can be chosen. */
  int vocabulary();

  /** Numbers of a row of logits, at least {@link #vocabulary}. */
  default int rowLength() {
    return vocabulary();
  }

  /** The most positions of a session that can ever be served. */
  int maxPositions();

  /** Positions that are left for new sessions. */
  int freePositions();

  /**
   * What a range gives for some inputs, watched: how a dispute about it is answered.
   *
   * @param order of its results
   * @param computation shows them; called by one thread, not that of the loop
   */
  record Trace(TraceOrder order, TraceProver.Computation computation) {}

  /** Work to be done again; empty if this engine cannot be watched. A head is left out. */
  default Optional<Trace> trace(LayerRange range, SpanInputs inputs) {
    return Optional.empty();
  }

  /**
   * Admits a session.
   *
   * @param range what of the span it uses
   * @throws org.folkmoot.base.FolkmootException BUSY if there is no room now, BAD_REQUEST if there
   *     never will be
   */
  Seat open(LayerRange range, int maxPositions);
}
