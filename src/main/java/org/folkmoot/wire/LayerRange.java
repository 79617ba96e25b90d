package org.folkmoot.wire;

/**
 * A contiguous part of a model, as peers speak of it.
 *
 * @param embeds whether it begins with the embedding: its input is token ids
 * @param from first layer
 * @param to end of its layers, exclusive
 * @param heads whether it ends with the head: its output is a sampled token
 */
public record LayerRange(boolean embeds, int from, int to, boolean heads) {
  /** More layers than any model has. */
  public static final int MAX_LAYERS = 1024;

  /** Checks that it holds something. */
  public LayerRange {
    if (from < 0 || to < from || to > MAX_LAYERS || (from == to && !embeds && !heads)) {
      throw new IllegalArgumentException("no range: layers " + from + " to " + to);
    }
  }

  /** All of a model with so many layers. */
  public static LayerRange whole(int layers) {
    return new LayerRange(true, 0, layers, true);
  }

  /** Number of layers. */
  public int layers() {
    return to - from;
  }

  /** Whether it holds all of another. */
  public boolean covers(LayerRange other) {
    return from <= other.from
        && to >= other.to
        && (embeds || !other.embeds)
        && (heads || !other.heads);
  }

  @Override
  public String toString() {
    return (embeds ? "embed+" : "") + "layers " + from + "–" + to + (heads ? "+head" : "");
  }
}
