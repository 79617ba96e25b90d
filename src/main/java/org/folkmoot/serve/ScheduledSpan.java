package org.folkmoot.serve;

import java.util.Optional;
import org.folkmoot.engine.model.BatchScheduler;
import org.folkmoot.engine.model.Sequence;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.wire.LayerRange;

/** A span of a real model: sessions of all clients share its passes. */
public final class ScheduledSpan implements SpanEngine {
  private final SpanModel model;
  private final BatchScheduler scheduler;
  private final int vocabulary;

  /**
   * A span.
   *
   * @param vocabulary number of tokens that may be chosen: a head may have more rows than its
   *     tokenizer has tokens
   */
  public ScheduledSpan(SpanModel model, BatchScheduler scheduler, int vocabulary) {
    this.model = model;
    this.scheduler = scheduler;
    this.vocabulary = vocabulary;
  }

  private static Span span(LayerRange range) {
    return new Span(range.embeds(), range.from(), range.to(), range.heads());
  }

  @Override
  public LayerRange range() {
    Span span = model.span();
    return new LayerRange(span.embeds(), span.from(), span.to(), span.heads());
  }

  @Override
  public int dim() {
    return model.config().dim();
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public int rowLength() {
    return model.config().vocabulary();
  }

  @Override
  public int maxPositions() {
    return Math.min(scheduler.maxPositions(), model.config().contextLength());
  }

  @Override
  public int freePositions() {
    return scheduler.freePositions();
  }

  @Override
  public Optional<Trace> trace(LayerRange range, SpanInputs inputs) {
    if (range.layers() == 0 && !range.embeds()) {
      return Optional.empty();
    }
    Span part = new Span(range.embeds(), range.from(), range.to(), false);
    SpanTrace trace = SpanTrace.beside(model, part, inputs);
    return Optional.of(new Trace(trace.order(), trace::run));
  }

  @Override
  public Seat open(LayerRange range, int maxPositions) {
    return new ScheduledSeat(scheduler.open(span(range), maxPositions), range.heads());
  }

  private record ScheduledSeat(Sequence sequence, boolean heads) implements Seat {
    @Override
    public int length() {
      return sequence.length();
    }

    @Override
    public void truncate(int positions) {
      sequence.truncate(positions);
    }

    @Override
    public void step(Input input, int wantFrom, Result result) {
      int end = sequence.length() + input.tokens();
      int wanted = heads ? Math.clamp((long) end - wantFrom, 0, input.tokens()) : 0;
      sequence.submit(
          input.tokens(),
          input.ids(),
          input.hidden(),
          wanted,
          new Sequence.Sink() {
            @Override
            public void prepare(float[] outputs) {
              if (heads) {
                result.prepare(outputs);
              }
            }

            @Override
            public void computed(int tokens, float[] states, float[] outputs, boolean done) {
              result.computed(tokens, states, outputs, done);
            }

            @Override
            public void failed(RuntimeException why) {
              result.failed(why);
            }
          });
    }

    @Override
    public void close() {
      sequence.close();
    }
  }
}
