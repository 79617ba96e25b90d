package org.folkmoot.engine.model;

import java.util.Locale;

/**
 * One operator of one layer, at all positions.
 *
 * @param layer which; 0 for the embedding
 * @param operator which
 * @param kvHead which, for an operator that each KV head has; else 0
 */
public record TracePoint(int layer, Operator operator, int kvHead) {
  /** An operator that works on all heads together. */
  public static TracePoint of(int layer, Operator operator) {
    return new TracePoint(layer, operator, 0);
  }

  @Override
  public String toString() {
    String name = operator.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    if (operator == Operator.EMBEDDING) {
      return name;
    }
    String head = operator.isPerKvHead() ? " of KV head " + kvHead : "";
    return "layer " + layer + ", " + name + head;
  }
}
