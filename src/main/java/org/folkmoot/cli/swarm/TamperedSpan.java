package org.folkmoot.cli.swarm;

import java.util.Optional;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.proof.TraceProver;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;

/**
 * A span that lies, for demonstrations: what it gives from some position on is not what the layers
 * give. It signs what it gives and stands by it when it is asked, as a real liar would.
 */
final class TamperedSpan implements SpanEngine {
  /** From which position on: an answer begins honestly. */
  private static final int HONEST_POSITIONS = 40;

  /** Every so many numbers one is turned around: enough to be heard. */
  private static final int EVERY = 5;

  private final SpanEngine honest;

  TamperedSpan(SpanEngine honest) {
    this.honest = honest;
  }

  @Override
  public LayerRange range() {
    return honest.range();
  }

  @Override
  public int dim() {
    return honest.dim();
  }

  @Override
  public int vocabulary() {
    return honest.vocabulary();
  }

  @Override
  public int rowLength() {
    return honest.rowLength();
  }

  @Override
  public int maxPositions() {
    return honest.maxPositions();
  }

  @Override
  public int freePositions() {
    return honest.freePositions();
  }

  /**
   * Lies here, too, and in the same way: a liar that would only contradict itself is soon found.
   */
  @Override
  public Optional<Trace> trace(LayerRange part, SpanInputs inputs) {
    return honest.trace(part, inputs).map(trace -> new Trace(trace.order(), lying(trace)));
  }

  private static TraceProver.Computation lying(Trace honest) {
    TracePoint last = honest.order().stage(honest.order().stages() - 1).getLast();
    return (stage, positions, wanted, listener) ->
        honest
            .computation()
            .run(
                stage,
                positions,
                wanted,
                (point, position, row) ->
                    listener.row(
                        point,
                        position,
                        point.equals(last) && position >= HONEST_POSITIONS ? altered(row) : row));
  }

  private static byte[] altered(byte[] row) {
    byte[] other = row.clone();
    for (int number = 0; number < other.length / Float.BYTES; number += EVERY) {
      other[number * Float.BYTES + 3] ^= (byte) 0x80; // the sign, little-endian
    }
    return other;
  }

  @Override
  public Seat open(LayerRange range, int positions) {
    return new LyingSeat(honest.open(range, positions), dim());
  }

  private record LyingSeat(Seat seat, int dim) implements Seat {
    @Override
    public int length() {
      return seat.length();
    }

    @Override
    public void truncate(int positions) {
      seat.truncate(positions);
    }

    @Override
    public void step(Input input, int wantFrom, Result result) {
      int position = seat.length();
      seat.step(
          input,
          wantFrom,
          new Result() {
            private int at = position;

            @Override
            public void computed(int tokens, float[] hidden, float[] logits, boolean done) {
              result.computed(tokens, altered(hidden, at), logits, done);
              at += tokens;
            }

            @Override
            public void failed(RuntimeException why) {
              result.failed(why);
            }
          });
    }

    private float[] altered(float[] hidden, int position) {
      float[] other = hidden.clone();
      for (int row = Math.max(0, HONEST_POSITIONS - position); row < other.length / dim; row++) {
        for (int number = 0; number < dim; number += EVERY) {
          other[row * dim + number] = -other[row * dim + number];
        }
      }
      return other;
    }

    @Override
    public void close() {
      seat.close();
    }
  }
}
