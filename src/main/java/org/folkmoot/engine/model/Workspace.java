package org.folkmoot.engine.model;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.kernel.Activations;
import org.folkmoot.kernel.SplitAttention;

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

  /** Of a mixture of experts: the router's logits, {@code [token][route]}. */
  float[] routes = new float[0];

  /** What the experts gave: {@code [token][rank][dim]}. */
  float[] expertOutputs = new float[0];

  /** What the shared expert gave: {@code [token][dim]}. */
  float[] sharedOutputs = new float[0];

  private final List<SplitAttention.Memory> splits = new ArrayList<>();

  void fit(ModelConfig config, int tokens) {
    int heads = config.heads() * config.headDim();
    int kv = config.kvHeads() * config.headDim();
    Experts experts = config.experts();
    int ffn = experts.any() ? Math.max(experts.ffn(), experts.sharedFfn()) : config.ffn();
    hidden = fit(hidden, tokens * config.dim());
    normed = fit(normed, tokens * config.dim());
    queryKeyValue = fit(queryKeyValue, tokens * (heads + 2 * kv));
    attended = fit(attended, tokens * heads);
    gateUp = fit(gateUp, tokens * 2 * ffn);
    inner = fit(inner, tokens * ffn);
    projected = fit(projected, tokens * config.dim());
    routes = fit(routes, tokens * experts.routes());
    expertOutputs = fit(expertOutputs, tokens * experts.used() * config.dim());
    sharedOutputs = fit(sharedOutputs, experts.sharedFfn() > 0 ? tokens * config.dim() : 0);
  }

  float[] normed(int length) {
    normed = fit(normed, length);
    return normed;
  }

  /** Of the attention of the pass's so-many-th token and KV head that is cut into parts. */
  SplitAttention.Memory split(int number) {
    while (splits.size() <= number) {
      splits.add(new SplitAttention.Memory());
    }
    return splits.get(number);
  }

  private static float[] fit(float[] array, int length) {
    return array.length >= length ? array : new float[length];
  }
}
