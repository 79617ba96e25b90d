package org.folkmoot.simulation;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.serve.SpanEngine;
import org.folkmoot.wire.LayerRange;
import org.jspecify.annotations.Nullable;

/**
 * A span of a {@link FakeModel} that takes virtual time: one pass at a time for all seats that have
 * something to compute, each with a chunk of its tokens.
 */
final class FakeSpanEngine implements SpanEngine {
  /** Tokens of one seat in a pass, so that a long prompt comes in parts. */
  static final int CHUNK = 16;

  /**
   * How long passes take.
   *
   * @param layerNanos for a layer's weights, however many tokens
   * @param tokenNanos for a layer and a token on top of that
   */
  record Speed(long layerNanos, long tokenNanos) {
    /** A notebook with a small model: about 1 ms for the 30 layers of one token. */
    static final Speed USUAL = new Speed(30_000, 5_000);
  }

  private final SimLoop loop;
  private final FakeModel model;
  private final LayerRange range;
  private final Speed speed;
  private final int capacity;
  private final Deque<FakeSeat> waiting = new ArrayDeque<>();
  private int seats;
  private int reserved;
  private boolean busy;
  private double slowness = 1;
  private boolean failing;
  private boolean hanging;
  private boolean lying;

  /**
   * A span.
   *
   * @param capacity positions of KV cache
   */
  FakeSpanEngine(SimLoop loop, FakeModel model, LayerRange range, Speed speed, int capacity) {
    this.loop = loop;
    this.model = model;
    this.range = range;
    this.speed = speed;
    this.capacity = capacity;
  }

  /** Takes so many times as long from the next pass on. */
  void slowness(double factor) {
    slowness = factor;
  }

  /** Whether all steps fail from now on. */
  void failing(boolean fails) {
    failing = fails;
  }

  /** Makes no pass any more, and says nothing of it. */
  void hang() {
    hanging = true;
  }

  /** Whether all outputs are a little wrong from now on. */
  void lying(boolean lies) {
    lying = lies;
  }

  /** Seats that are open. */
  int seats() {
    return seats;
  }

  /** Positions that open seats have reserved. */
  int reserved() {
    return reserved;
  }

  @Override
  public LayerRange range() {
    return range;
  }

  @Override
  public int dim() {
    return FakeModel.DIM;
  }

  @Override
  public int vocabulary() {
    return model.vocabulary();
  }

  /** Rows are longer than the vocabulary, as some models' are: what is behind it must not count. */
  @Override
  public int rowLength() {
    return model.vocabulary() + 3;
  }

  @Override
  public int maxPositions() {
    return capacity;
  }

  @Override
  public int freePositions() {
    return capacity - reserved;
  }

  @Override
  public Seat open(LayerRange part, int maxPositions) {
    if (!range.covers(part)) {
      throw new IllegalStateException(part + " is not within " + range);
    }
    if (maxPositions > capacity) {
      throw new FolkmootException(FolkmootException.Code.BAD_REQUEST, "too long for this hop");
    }
    if (maxPositions > freePositions()) {
      throw new FolkmootException(FolkmootException.Code.BUSY, "no room for a session now");
    }
    seats++;
    reserved += maxPositions;
    return new FakeSeat(part, maxPositions);
  }

  private void startPass() {
    if (busy || hanging || waiting.isEmpty()) {
      return;
    }
    busy = true;
    List<FakeSeat> batch = List.copyOf(waiting);
    waiting.clear();
    int layers = 0;
    long perToken = 0;
    for (FakeSeat seat : batch) {
      layers = Math.max(layers, seat.part.layers());
      perToken += (long) seat.part.layers() * seat.chunk();
    }
    double nanos = (layers * speed.layerNanos + perToken * speed.tokenNanos) * slowness;
    loop.after((long) nanos, () -> endPass(batch));
  }

  private void endPass(List<FakeSeat> batch) {
    busy = false;
    for (FakeSeat seat : batch) {
      seat.advance();
    }
    startPass();
  }

  private final class FakeSeat implements Seat {
    private final LayerRange part;
    private final int maxPositions;
    private final FakeModel.Sequence sequence;
    private @Nullable Task task;
    private boolean closed;

    /** A step and how much of it is done. */
    private static final class Task {
      final Input input;
      final int wantFrom;
      final Result result;
      int done;

      Task(Input input, int wantFrom, Result result) {
        this.input = input;
        this.wantFrom = wantFrom;
        this.result = result;
      }

      int left() {
        return input.tokens() - done;
      }
    }

    FakeSeat(LayerRange part, int maxPositions) {
      this.part = part;
      this.maxPositions = maxPositions;
      sequence = model.new Sequence(part);
    }

    @Override
    public int length() {
      return sequence.length();
    }

    @Override
    public void truncate(int positions) {
      requireIdle();
      sequence.truncate(positions);
    }

    private void requireIdle() {
      if (closed || task != null) {
        throw new IllegalStateException(closed ? "the seat is closed" : "a step is under way");
      }
    }

    @Override
    public void step(Input input, int wantFrom, Result result) {
      requireIdle();
      if (sequence.length() + input.tokens() > maxPositions) {
        throw new IllegalStateException("more positions than the seat has");
      }
      task = new Task(input, wantFrom, result);
      waiting.add(this);
      startPass();
    }

    int chunk() {
      return Math.min(CHUNK, Objects.requireNonNull(task).left());
    }

    /** Computes one chunk and hands it over. */
    void advance() {
      if (closed) {
        return;
      }
      Task current = Objects.requireNonNull(task);
      if (failing) {
        task = null;
        current.result.failed(new IllegalStateException("the engine is broken"));
        return;
      }
      int tokens = chunk();
      int at = current.done;
      int position = sequence.length();
      boolean embeds = part.embeds();
      float[] hidden =
          sequence.compute(
              tokens,
              embeds ? Arrays.copyOfRange(current.input.ids(), at, at + tokens) : new int[0],
              embeds
                  ? new float[0]
                  : Arrays.copyOfRange(
                      current.input.hidden(), at * FakeModel.DIM, (at + tokens) * FakeModel.DIM));
      if (lying) {
        hidden[FakeModel.DIM - 1] += 1;
      }
      current.done += tokens;
      boolean done = current.left() == 0;
      if (done) {
        task = null;
      } else {
        waiting.add(this);
      }
      current.result.computed(
          tokens, hidden, logits(hidden, position, tokens, current.wantFrom), done);
    }

    private float[] logits(float[] hidden, int position, int tokens, int wantFrom) {
      int first = Math.max(0, wantFrom - position);
      if (!part.heads() || first >= tokens) {
        return new float[0];
      }
      float[] all = new float[(tokens - first) * rowLength()];
      Arrays.fill(all, 1000);
      for (int token = first; token < tokens; token++) {
        System.arraycopy(
            model.logits(hidden, token), 0, all, (token - first) * rowLength(), model.vocabulary());
      }
      return all;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        seats--;
        reserved -= maxPositions;
        waiting.remove(this);
      }
    }
  }
}
