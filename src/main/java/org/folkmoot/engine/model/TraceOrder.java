package org.folkmoot.engine.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The canonical order of all results of a span: stage after stage (the embedding if the span has
 * it, then layer after layer), in a stage operator after operator, of an operator position after
 * position. Every result depends only on the span's inputs and on earlier results.
 *
 * <p>A result is a <em>row</em> of bytes: binary32 little-endian numbers, but of stored keys and
 * values what the cache holds (binary16 or binary32, little-endian).
 */
public final class TraceOrder {
  /**
   * What an operator reads.
   *
   * @param point an earlier operator's result; empty for the span's own inputs (hidden states, or
   *     token ids as unsigned 32-bit little-endian)
   * @param wholePast whether the rows of all positions up to its own are read, else only its own
   *     position's
   */
  public record Source(Optional<TracePoint> point, boolean wholePast) {}

  private final ModelConfig config;
  private final Span span;
  private final List<List<TracePoint>> stages = new ArrayList<>();

  /** The order of a span's results. A head is not part of it. */
  public TraceOrder(ModelConfig config, Span span) {
    if (span.to() > config.layers()) {
      throw new IllegalArgumentException(span + " of " + config.layers() + " layers");
    }
    this.config = config;
    this.span = span;
    if (span.embeds()) {
      stages.add(List.of(TracePoint.of(0, Operator.EMBEDDING)));
    }
    for (int layer = span.from(); layer < span.to(); layer++) {
      stages.add(layer(layer));
    }
  }

  private List<TracePoint> layer(int layer) {
    List<TracePoint> points = new ArrayList<>();
    for (Operator operator : Operator.values()) {
      if (!operator.isIn(config)) {
        continue;
      }
      if (operator.isPerKvHead()) {
        for (int head = 0; head < config.kvHeads(); head++) {
          points.add(new TracePoint(layer, operator, head));
        }
      } else {
        points.add(TracePoint.of(layer, operator));
      }
    }
    return List.copyOf(points);
  }

  /** Number of stages. */
  public int stages() {
    return stages.size();
  }

  /** The operators of a stage in order; the last one's rows are what leaves the stage. */
  public List<TracePoint> stage(int index) {
    return stages.get(index);
  }

  /** The part of the span up to the end of a stage. */
  Span upTo(int stage) {
    return new Span(
        span.embeds(), span.from(), span.from() + stage + (span.embeds() ? 0 : 1), false);
  }

  /** Which stage a point is in. */
  public int stageOf(TracePoint point) {
    return point.operator() == Operator.EMBEDDING
        ? 0
        : point.layer() - span.from() + (span.embeds() ? 1 : 0);
  }

  /** What an operator reads, in the order in which {@link LoneOperator} wants it. */
  public List<Source> sources(TracePoint point) {
    int layer = point.layer();
    boolean mixture = config.experts().any();
    return switch (point.operator()) {
      case EMBEDDING -> List.of(new Source(Optional.empty(), false));
      case ATTENTION_NORM -> List.of(input(point));
      case QUERY, KEY, VALUE ->
          List.of(
              Operator.ATTENTION_NORM.isIn(config)
                  ? own(layer, Operator.ATTENTION_NORM)
                  : input(point));
      case QUERY_NORM -> List.of(own(layer, Operator.QUERY));
      case KEY_NORM -> List.of(own(layer, Operator.KEY));
      case ROTATED_QUERY -> List.of(either(layer, Operator.QUERY_NORM, Operator.QUERY));
      case ROTATED_KEY -> List.of(either(layer, Operator.KEY_NORM, Operator.KEY));
      case STORED_KEY -> List.of(own(layer, Operator.ROTATED_KEY));
      case STORED_VALUE -> List.of(own(layer, Operator.VALUE));
      case ATTENTION ->
          List.of(
              own(layer, Operator.ROTATED_QUERY),
              past(layer, Operator.STORED_KEY, point.kvHead()),
              past(layer, Operator.STORED_VALUE, point.kvHead()));
      case ATTENTION_OUTPUT ->
          IntStream.range(0, config.kvHeads())
              .mapToObj(head -> new TracePoint(layer, Operator.ATTENTION, head))
              .map(read -> new Source(Optional.of(read), false))
              .toList();
      case ATTENTION_POST_NORM -> List.of(own(layer, Operator.ATTENTION_OUTPUT));
      case ATTENTION_RESIDUAL ->
          List.of(
              input(point), either(layer, Operator.ATTENTION_POST_NORM, Operator.ATTENTION_OUTPUT));
      case FEED_FORWARD_NORM -> List.of(own(layer, Operator.ATTENTION_RESIDUAL));
      case ROUTER, SHARED_GATE, SHARED_UP -> List.of(own(layer, Operator.FEED_FORWARD_NORM));
      case GATE, UP ->
          mixture
              ? List.of(own(layer, Operator.FEED_FORWARD_NORM), own(layer, Operator.ROUTER))
              : List.of(either(layer, Operator.FEED_FORWARD_NORM, Operator.ATTENTION_RESIDUAL));
      case ACTIVATION -> List.of(own(layer, Operator.GATE), own(layer, Operator.UP));
      case DOWN ->
          mixture
              ? List.of(own(layer, Operator.ACTIVATION), own(layer, Operator.ROUTER))
              : List.of(own(layer, Operator.ACTIVATION));
      case SHARED_ACTIVATION ->
          List.of(own(layer, Operator.SHARED_GATE), own(layer, Operator.SHARED_UP));
      case SHARED_DOWN -> List.of(own(layer, Operator.SHARED_ACTIVATION));
      case MIXTURE ->
          config.experts().sharedFfn() > 0
              ? List.of(
                  own(layer, Operator.DOWN),
                  own(layer, Operator.ROUTER),
                  own(layer, Operator.SHARED_DOWN))
              : List.of(own(layer, Operator.DOWN), own(layer, Operator.ROUTER));
      case FEED_FORWARD_POST_NORM -> List.of(either(layer, Operator.MIXTURE, Operator.DOWN));
      case LAYER_OUTPUT ->
          List.of(
              own(layer, Operator.ATTENTION_RESIDUAL),
              config.parts().postNorms()
                  ? own(layer, Operator.FEED_FORWARD_POST_NORM)
                  : either(layer, Operator.MIXTURE, Operator.DOWN));
    };
  }

  /** The first of two operators, if the model has it, else the second. */
  private Source either(int layer, Operator first, Operator second) {
    return own(layer, first.isIn(config) ? first : second);
  }

  private Source input(TracePoint point) {
    int stage = stageOf(point);
    return new Source(
        stage == 0 ? Optional.empty() : Optional.of(stages.get(stage - 1).getLast()), false);
  }

  private static Source own(int layer, Operator operator) {
    return new Source(Optional.of(TracePoint.of(layer, operator)), false);
  }

  private static Source past(int layer, Operator operator, int kvHead) {
    return new Source(Optional.of(new TracePoint(layer, operator, kvHead)), true);
  }

  /** Bytes of a row that a source gives. */
  public int rowBytes(Source source) {
    return source
        .point()
        .map(this::rowBytes)
        .orElse(span.embeds() ? Integer.BYTES : config.dim() * Float.BYTES);
  }

  /** Bytes of an operator's row. */
  public int rowBytes(TracePoint point) {
    int headDim = config.headDim();
    Experts experts = config.experts();
    return switch (point.operator()) {
      case EMBEDDING,
          ATTENTION_NORM,
          ATTENTION_OUTPUT,
          ATTENTION_POST_NORM,
          ATTENTION_RESIDUAL,
          FEED_FORWARD_NORM,
          SHARED_DOWN,
          MIXTURE,
          FEED_FORWARD_POST_NORM,
          LAYER_OUTPUT ->
          config.dim() * Float.BYTES;
      case QUERY, QUERY_NORM, ROTATED_QUERY -> config.heads() * headDim * Float.BYTES;
      case KEY, KEY_NORM, VALUE, ROTATED_KEY -> config.kvHeads() * headDim * Float.BYTES;
      case STORED_KEY, STORED_VALUE -> headDim * config.precision().bytes();
      case ATTENTION -> config.group() * headDim * Float.BYTES;
      case ROUTER -> experts.routes() * Float.BYTES;
      case GATE, UP, ACTIVATION ->
          (experts.any() ? experts.used() * experts.ffn() : config.ffn()) * Float.BYTES;
      case DOWN -> (experts.any() ? experts.used() : 1) * config.dim() * Float.BYTES;
      case SHARED_GATE, SHARED_UP, SHARED_ACTIVATION -> experts.sharedFfn() * Float.BYTES;
    };
  }

  /** The span. */
  public Span span() {
    return span;
  }
}
