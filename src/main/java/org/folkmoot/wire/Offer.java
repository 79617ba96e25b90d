package org.folkmoot.wire;

import org.folkmoot.base.Hash32;

/**
 * A span that a peer serves.
 *
 * @param model of which model
 * @param modelName its name, for people
 * @param modelLayers how many layers the model has
 * @param headBytes size of the head of the model's file: all before its weights
 * @param headHash SHA-256 of that head
 * @param range the span
 * @param layersPerSecond measured: layers that it computes for one token of one session in a second
 * @param queueMillis measured: how long a step waits for its pass
 * @param freePositions positions of KV cache that are left for new sessions
 */
public record Offer(
    ModelId model,
    String modelName,
    int modelLayers,
    long headBytes,
    Hash32 headHash,
    LayerRange range,
    float layersPerSecond,
    int queueMillis,
    int freePositions) {
  /** Checks the bounds. */
  public Offer {
    if (modelLayers < 1
        || modelLayers > LayerRange.MAX_LAYERS
        || range.to() > modelLayers
        || headBytes < 0
        || !(layersPerSecond >= 0 && layersPerSecond <= 1e9f)
        || queueMillis < 0
        || freePositions < 0
        || modelName.isEmpty()) {
      throw new IllegalArgumentException("an offer is out of bounds");
    }
  }
}
