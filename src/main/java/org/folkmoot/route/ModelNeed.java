package org.folkmoot.route;

import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.ModelId;

/**
 * What a chain is wanted for.
 *
 * @param layers how many layers the model has
 * @param bytesPerToken bytes of a token's hidden state between hops
 * @param headLayers the head's work, in layers: a small model's head is worth several
 * @param wanted what of the model: all of it, or what a lost hop computed
 */
public record ModelNeed(
    ModelId model, int layers, int bytesPerToken, double headLayers, LayerRange wanted) {
  /** More than any model's head is worth; keeps sums far from overflowing. */
  public static final double MAX_HEAD_LAYERS = 1000;

  /** Checks the bounds. */
  public ModelNeed {
    if (layers < 1
        || layers > LayerRange.MAX_LAYERS
        || bytesPerToken < 0
        || !(headLayers >= 0 && headLayers <= MAX_HEAD_LAYERS)
        || !LayerRange.whole(layers).covers(wanted)
        || (wanted.embeds() && wanted.from() != 0)
        || (wanted.heads() && wanted.to() != layers)) {
      throw new IllegalArgumentException("no need: " + wanted + " of " + layers + " layers");
    }
  }
}
