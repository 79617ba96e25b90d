package org.folkmoot.engine.model;

import org.folkmoot.kernel.Activations;

/** The intermediate values of a pass, reused from pass to pass. Rows are tokens. */
final class Workspace {
  final Activations activations = new Activations();
  float[] hidden = new float[0];
  float[] normed = new float[0];
  float[] queryKeyValue = new float[0];
  float[] attended = new float[0];
  float[] gateUp = new float[0];
  float[] inner = new float[0];
  float[] projected = new float[0];

  void fit(ModelConfig config, int tokens) {
    int heads = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    hidden = fit(hidden, tokens * config.dim());
    normed = fit(normed, tokens * config.dim());
    queryKeyValue = fit(queryKeyValue, tokens * (heads + 2 * kv));
    attended = fit(attended, tokens * heads);
    gateUp = fit(gateUp, tokens * 2 * config.ffn());
    inner = fit(inner, tokens * config.ffn());
    projected = fit(projected, tokens * config.dim());
  }

  float[] normed(int length) {
    normed = fit(normed, length);
    return normed;
  }

  private static float[] fit(float[] array, int length) {
    return array.length >= length ? array : new float[length];
  }
}
