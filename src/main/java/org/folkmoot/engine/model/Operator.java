package org.folkmoot.engine.model;

/**
 * The steps of a layer that have a result of their own, in the order in which they are done, and
 * the embedding before the first layer. Two peers that computed the same inputs differently differ
 * first in one of these, which can be repeated alone ({@link LoneOperator}).
 *
 * <p>The order is part of what peers sign in a dispute: {@code docs/fraud-proof.md}.
 */
public enum Operator {
  /** The embedding row of a token id. */
  EMBEDDING,
  /** RMSNorm of the layer's input. */
  ATTENTION_NORM,
  /** Queries of all heads, with their bias if there is one. */
  QUERY,
  /** Keys of all KV heads, with their bias. */
  KEY,
  /** Values of all KV heads, with their bias. */
  VALUE,
  /** Queries, turned by their position. */
  ROTATED_QUERY,
  /** Keys, turned by their position. */
  ROTATED_KEY,
  /** One KV head's key as the cache stores it. */
  STORED_KEY,
  /** One KV head's value as the cache stores it. */
  STORED_VALUE,
  /** What the query heads that share one KV head read from all positions so far. */
  ATTENTION,
  /** The projection of what all heads have read. */
  ATTENTION_OUTPUT,
  /** The layer's input with the attention's output added. */
  ATTENTION_RESIDUAL,
  /** RMSNorm of that. */
  FEED_FORWARD_NORM,
  /** The feed-forward's gate. */
  GATE,
  /** The feed-forward's inner state before the gate. */
  UP,
  /** {@code silu(gate) · up}. */
  ACTIVATION,
  /** The projection of that. */
  DOWN,
  /** The attention's residual with the feed-forward's output added: what leaves the layer. */
  LAYER_OUTPUT;

  /** Whether each KV head has a result of its own. */
  public boolean isPerKvHead() {
    return switch (this) {
      case STORED_KEY, STORED_VALUE, ATTENTION -> true;
      case EMBEDDING,
          ATTENTION_NORM,
          QUERY,
          KEY,
          VALUE,
          ROTATED_QUERY,
          ROTATED_KEY,
          ATTENTION_OUTPUT,
          ATTENTION_RESIDUAL,
          FEED_FORWARD_NORM,
          GATE,
          UP,
          ACTIVATION,
          DOWN,
          LAYER_OUTPUT ->
          false;
    };
  }
}
