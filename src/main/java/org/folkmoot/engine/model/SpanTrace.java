package org.folkmoot.engine.model;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Predicate;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.Attention;
import org.folkmoot.kernel.KvLayout;

/**
 * Computes again what a span did with its inputs, as a batched prefill, and shows every operator's
 * result at every position. It is the pass that serves, watched: no second implementation that
 * could differ from it. Nothing is kept; who wants to look at another operator runs it again.
 *
 * <p>Passes take turns with those of others on the same {@link SpanModel}, chunk by chunk.
 */
public final class SpanTrace {
  /** Positions of a pass of a model that nobody else uses meanwhile. */
  private static final int FAST = 64;

  /** Positions of a pass beside those that serve: nobody waits for long. */
  private static final int MODEST = 8;

  /** Sees results. */
  @FunctionalInterface
  public interface Listener {
    /**
     * One operator's result at one position. Of one operator, positions come in order.
     *
     * @param row as {@link TraceOrder} describes it; the listener's to keep
     */
    void row(TracePoint point, int position, byte[] row);
  }

  private final SpanModel model;
  private final TraceOrder order;
  private final SpanInputs inputs;
  private final int chunk;

  /**
   * A trace.
   *
   * @param part what is traced; the model must hold it. A head is left out
   */
  public SpanTrace(SpanModel model, Span part, SpanInputs inputs) {
    this(model, part, inputs, FAST);
  }

  /** A trace of a model that serves meanwhile. */
  public static SpanTrace beside(SpanModel model, Span part, SpanInputs inputs) {
    return new SpanTrace(model, part, inputs, MODEST);
  }

  private SpanTrace(SpanModel model, Span part, SpanInputs inputs, int chunk) {
    if (part.embeds() != (inputs instanceof SpanInputs.Ids)) {
      throw new IllegalArgumentException("a span that embeds wants token ids, another states");
    }
    this.model = model;
    this.order = new TraceOrder(model.config(), part);
    this.inputs = inputs;
    this.chunk = chunk;
  }

  /** The order of the results. */
  public TraceOrder order() {
    return order;
  }

  /** What goes in. */
  public SpanInputs inputs() {
    return inputs;
  }

  /**
   * Computes the stages up to one.
   *
   * @param lastStage the last that is computed
   * @param positions how many of the first positions are computed
   * @param wanted which operators are shown
   * @throws FolkmootException as {@link SpanModel#forward}: ARITHMETIC if a number is not finite,
   *     BAD_REQUEST if the inputs do not fit the model, BUSY if there is no memory
   */
  public void run(int lastStage, int positions, Predicate<TracePoint> wanted, Listener listener) {
    Span part = order.upTo(lastStage);
    KvLayout layout = model.config().kvLayout(model.span().layerCount());
    int pages = (positions + KvLayout.POSITIONS - 1) / KvLayout.POSITIONS;
    try (KvPool pool = model.newKvPool(Math.max(1, pages) * layout.pageBytes());
        KvCache cache = new KvCache(pool)) {
      for (int from = 0; from < positions; from += chunk) {
        int to = Math.min(positions, from + chunk);
        Step step = inputs.step(cache, from, to);
        model.forward(part, List.of(step), true, new Rows(from, to - from, wanted, listener));
      }
    }
  }

  /** Cuts a pass's arrays into rows. */
  private record Rows(int from, int tokens, Predicate<TracePoint> wanted, Listener listener)
      implements Tap {
    @Override
    public void rows(
        int layer, Operator op, int head, float[] values, int stride, int at, int length) {
      TracePoint point = new TracePoint(layer, op, head);
      if (wanted.test(point)) {
        for (int t = 0; t < tokens; t++) {
          byte[] row = new byte[length * Float.BYTES];
          ByteBuffer.wrap(row)
              .order(ByteOrder.LITTLE_ENDIAN)
              .asFloatBuffer()
              .put(values, t * stride + at, length);
          listener.row(point, from + t, row);
        }
      }
    }

    @Override
    public void stored(int layer, int cacheLayer, List<Step> steps) {
      KvCache cache = steps.getFirst().cache();
      KvPlan.Place place = cache.pool().plan().place(cacheLayer);
      KvLayout layout = cache.pool().plan().layout(place.bank());
      for (Operator operator : List.of(Operator.STORED_KEY, Operator.STORED_VALUE)) {
        for (int head = 0; head < layout.kvHeads(); head++) {
          TracePoint point = new TracePoint(layer, operator, head);
          if (wanted.test(point)) {
            for (int p = from; p < from + tokens; p++) {
              int slot = p % KvLayout.POSITIONS;
              boolean key = operator == Operator.STORED_KEY;
              listener.row(
                  point,
                  p,
                  Attention.stored(
                      layout, cache.page(place.bank(), p), place.layer(), head, slot, key));
            }
          }
        }
      }
    }
  }
}
