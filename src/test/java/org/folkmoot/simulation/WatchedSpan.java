package org.folkmoot.simulation;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;

/** All of a real, tiny model, computed at once where it is asked for; it may lie consistently. */
final class WatchedSpan implements SpanEngine {
  private static final int POSITIONS = 256;

  private final SpanModel model;
  private final int liesFrom;
  private boolean shy;

  /**
   * A span.
   *
   * @param liesFrom from this position on what leaves it is altered
   */
  WatchedSpan(SpanModel model, int liesFrom) {
    this.model = model;
    this.liesFrom = liesFrom;
  }

  /** Does not say any more how it came to what it gave. */
  void refuse() {
    shy = true;
  }

  @Override
  public LayerRange range() {
    return LayerRange.whole(model.config().layers());
  }

  @Override
  public int dim() {
    return model.config().dim();
  }

  @Override
  public int vocabulary() {
    return model.config().vocabulary();
  }

  @Override
  public int maxPositions() {
    return POSITIONS;
  }

  @Override
  public int freePositions() {
    return POSITIONS;
  }

  @Override
  public Optional<Trace> trace(LayerRange range, SpanInputs inputs) {
    if (shy) {
      return Optional.empty();
    }
    SpanTrace trace = new SpanTrace(model, Span.whole(model.config()), inputs);
    TracePoint last = trace.order().stage(trace.order().stages() - 1).getLast();
    return Optional.of(
        new Trace(
            trace.order(),
            (stage, positions, wanted, listener) ->
                trace.run(
                    stage,
                    positions,
                    wanted,
                    (point, position, row) ->
                        listener.row(
                            point,
                            position,
                            point.equals(last) && position >= liesFrom ? altered(row) : row))));
  }

  /** Turns the sign of the first number. */
  private static byte[] altered(byte[] row) {
    byte[] other = row.clone();
    other[3] ^= (byte) 0x80;
    return other;
  }

  @Override
  public Seat open(LayerRange range, int maxPositions) {
    KvPool pool = model.newKvPool(16L << 20);
    return new WatchedSeat(pool, new KvCache(pool));
  }

  private final class WatchedSeat implements Seat {
    private final KvPool pool;
    private final KvCache cache;
    private float[] states = new float[0];

    WatchedSeat(KvPool pool, KvCache cache) {
      this.pool = pool;
      this.cache = cache;
    }

    @Override
    public int length() {
      return cache.length();
    }

    @Override
    public void truncate(int positions) {
      cache.truncate(positions);
    }

    @Override
    public void step(Input input, int wantFrom, Result result) {
      int position = cache.length();
      int wanted = Math.clamp((long) position + input.tokens() - wantFrom, 0, input.tokens());
      float[] logits =
          model.forward(
              List.of(new Step(cache, input.tokens(), input.ids(), input.hidden(), wanted)),
              (_, hidden, tokens) -> states = Arrays.copyOf(hidden, tokens * dim()));
      for (int row = Math.max(0, liesFrom - position); row < input.tokens(); row++) {
        states[row * dim()] = -states[row * dim()];
      }
      result.computed(input.tokens(), states, logits, true);
    }

    @Override
    public void close() {
      cache.close();
      pool.close();
    }
  }
}
