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
  /** Queries, normed head by head, if the family does. */
  QUERY_NORM,
  /** Keys, normed head by head, if the family does. */
  KEY_NORM,
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
  /** RMSNorm of that, if the family has it. */
  ATTENTION_POST_NORM,
  /** The layer's input with the attention's output added. */
  ATTENTION_RESIDUAL,
  /** RMSNorm of that. */
  FEED_FORWARD_NORM,
  /** Of a mixture of experts: the router's logits, last that of the shared expert's gate. */
  ROUTER,
  /** The feed-forward's gate; of a mixture, those of the chosen experts in their order. */
  GATE,
  /** The feed-forward's inner state before the gate; of a mixture likewise. */
  UP,
  /** {@code silu(gate) · up}, or GELU's; of a mixture likewise. */
  ACTIVATION,
  /** The projection of that; of a mixture likewise. */
  DOWN,
  /** The shared expert's gate. */
  SHARED_GATE,
  /** The shared expert's inner state before the gate. */
  SHARED_UP,
  /** Its gated inner state. */
  SHARED_ACTIVATION,
  /** The projection of that. */
  SHARED_DOWN,
  /** What the experts give together. */
  MIXTURE,
  /** RMSNorm of what the feed-forward gives, if the family has it. */
  FEED_FORWARD_POST_NORM,
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
          QUERY_NORM,
          KEY_NORM,
          ROTATED_QUERY,
          ROTATED_KEY,
          ATTENTION_OUTPUT,
          ATTENTION_POST_NORM,
          ATTENTION_RESIDUAL,
          FEED_FORWARD_NORM,
          ROUTER,
          GATE,
          UP,
          ACTIVATION,
          DOWN,
          SHARED_GATE,
          SHARED_UP,
          SHARED_ACTIVATION,
          SHARED_DOWN,
          MIXTURE,
          FEED_FORWARD_POST_NORM,
          LAYER_OUTPUT ->
          false;
    };
  }

  /** Whether the layers of a model have it. */
  boolean isIn(ModelConfig config) {
    return switch (this) {
      case ATTENTION_NORM -> config.parts().preNorms();
      // A mixture's router reads what is normed.
      case FEED_FORWARD_NORM -> config.parts().preNorms() || config.experts().any();
      case QUERY_NORM, KEY_NORM -> config.parts().qkNorm() != ModelConfig.QkNorm.NONE;
      case ATTENTION_POST_NORM, FEED_FORWARD_POST_NORM -> config.parts().postNorms();
      case ROUTER, MIXTURE -> config.experts().any();
      case SHARED_GATE, SHARED_UP, SHARED_ACTIVATION, SHARED_DOWN ->
          config.experts().sharedFfn() > 0;
      case EMBEDDING -> false;
      case QUERY,
          KEY,
          VALUE,
          ROTATED_QUERY,
          ROTATED_KEY,
          STORED_KEY,
          STORED_VALUE,
          ATTENTION,
          ATTENTION_OUTPUT,
          ATTENTION_RESIDUAL,
          GATE,
          UP,
          ACTIVATION,
          DOWN,
          LAYER_OUTPUT ->
          true;
    };
  }
}
