package org.folkmoot.engine.model;

/**
 * How rotary position embeddings are stretched beyond the length a model was first trained with.
 */
public sealed interface RopeScaling {
  /** As trained. */
  record None() implements RopeScaling {}

  /**
   * Positions divided by a factor (Chen et al. 2023, arXiv 2306.15595).
   *
   * @param factor at least 1
   */
  record Linear(double factor) implements RopeScaling {}
}
