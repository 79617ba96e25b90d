package org.folkmoot.cli.swarm;

import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;

/**
 * A span that lies, for demonstrations: what it gives from some position on is not what the layers
 * give. It signs what it gives, as a real liar would.
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
      for (int i = Math.max(0, HONEST_POSITIONS - position) * dim; i < other.length; i += EVERY) {
        other[i] = -other[i];
      }
      return other;
    }

    @Override
    public void close() {
      seat.close();
    }
  }
}
