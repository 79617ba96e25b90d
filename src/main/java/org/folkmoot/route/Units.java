package org.folkmoot.route;

import org.folkmoot.wire.LayerRange;

/**
 * A model as a row of units: its embedding (unit 0), its layers (1 to n), its head (n + 1). A span
 * is then an interval of units whatever its ends are, and the ends need no cases of their own.
 *
 * @param layers n
 * @param embedWeight the embedding's work or size, in sixteenths of a layer
 * @param headWeight the head's, likewise
 */
record Units(int layers, long embedWeight, long headWeight) {
  /** Weights are whole numbers of these, so that sums are exact and ties are ties. */
  static final int PER_LAYER = 16;

  static Units of(int layers, double embedLayers, double headLayers) {
    return new Units(
        layers, Math.round(embedLayers * PER_LAYER), Math.round(headLayers * PER_LAYER));
  }

  int count() {
    return layers + 2;
  }

  /** A range's first unit. An embedding that does not stand before layer 0 is none. */
  int from(LayerRange range) {
    return range.embeds() && range.from() == 0 ? 0 : range.from() + 1;
  }

  /** The end of a range's units, exclusive. A head that does not follow the last layer is none. */
  int to(LayerRange range) {
    return range.heads() && range.to() == layers ? count() : range.to() + 1;
  }

  /** The range of some units. */
  LayerRange range(int from, int to) {
    return new LayerRange(
        from == 0, Math.max(0, from - 1), Math.min(layers, to - 1), to == count());
  }

  /** Weight of all units before one. */
  long weightBefore(int unit) {
    return unit == 0
        ? 0
        : embedWeight
            + (long) PER_LAYER * (Math.min(unit, layers + 1) - 1)
            + (unit == count() ? headWeight : 0);
  }

  /** Weight of some units. */
  long weight(int from, int to) {
    return weightBefore(to) - weightBefore(from);
  }
}
