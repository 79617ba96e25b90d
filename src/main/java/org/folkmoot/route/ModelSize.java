package org.folkmoot.route;

import org.folkmoot.wire.LayerRange;

/**
 * How much a machine must hold of a model, measured in its layers.
 *
 * @param layers how many there are
 * @param embedLayers bytes of the embedding over bytes of a layer
 * @param headLayers bytes of the head over bytes of a layer
 */
public record ModelSize(int layers, double embedLayers, double headLayers) {
  /** Checks the bounds. */
  public ModelSize {
    if (layers < 1
        || layers > LayerRange.MAX_LAYERS
        || !(embedLayers >= 0 && embedLayers <= ModelNeed.MAX_HEAD_LAYERS)
        || !(headLayers >= 0 && headLayers <= ModelNeed.MAX_HEAD_LAYERS)) {
      throw new IllegalArgumentException("no model has such a size");
    }
  }

  Units units() {
    return Units.of(layers, embedLayers, headLayers);
  }
}
