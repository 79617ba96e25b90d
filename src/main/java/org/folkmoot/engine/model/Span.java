package org.folkmoot.engine.model;

/**
 * A contiguous part of a model: what one peer holds. The whole model is {@link #whole}.
 *
 * @param embeds whether it begins with the embedding: its input is token ids, otherwise hidden
 *     states
 * @param from first layer
 * @param to end of its layers, exclusive
 * @param heads whether it ends with the head: its output is logits, otherwise hidden states
 */
public record Span(boolean embeds, int from, int to, boolean heads) {
  /** Checks that it holds something. */
  public Span {
    if (from < 0 || to < from || (from == to && !embeds && !heads)) {
      throw new IllegalArgumentException("no span: layers " + from + " to " + to);
    }
  }

  /** All of a model. */
  public static Span whole(ModelConfig config) {
    return new Span(true, 0, config.layers(), true);
  }

  /** Layers only. */
  public static Span layers(int from, int to) {
    return new Span(false, from, to, false);
  }

  /** Whether it holds all of another. */
  public boolean covers(Span other) {
    return from <= other.from
        && to >= other.to
        && (embeds || !other.embeds)
        && (heads || !other.heads);
  }

  /** Number of layers. */
  public int layerCount() {
    return to - from;
  }

  @Override
  public String toString() {
    return (embeds ? "embed+" : "") + "layers " + from + "–" + to + (heads ? "+head" : "");
  }
}
