package org.folkmoot.engine.model;

import java.util.Arrays;
import org.folkmoot.kernel.Elementwise;
import org.folkmoot.kernel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Rule 10: the mixture of experts of a layer over the tokens of a pass. Each token is sent to the
 * few experts that its router likes best, and what they give is added up by the router's weights.
 * Tokens are worked on expert by expert, so that an expert's weights are read once for all of them;
 * no bit depends on who shares the pass, for each token's sum has its own order.
 */
final class MixturePass {
  private final ModelConfig config;
  private final SpanWeights.Mixture mixture;
  private final float[] norm;
  private final int number;
  private final int tokens;
  private final WorkerPool pool;
  private final Workspace work;
  private final Tap tap;
  private final Experts experts;
  private final int dim;

  MixturePass(
      ModelConfig config,
      SpanWeights.Mixture mixture,
      float[] norm,
      int number,
      int tokens,
      WorkerPool pool,
      Workspace work,
      Tap tap) {
    this.config = config;
    this.mixture = mixture;
    this.norm = norm;
    this.number = number;
    this.tokens = tokens;
    this.pool = pool;
    this.work = work;
    this.tap = tap;
    this.experts = config.experts();
    this.dim = config.dim();
  }

  /** {@code projected =} what the experts give for {@code hidden}. */
  void run() {
    LayerPass.normAndPrepare(
        work.hidden, norm, config.normEpsilon(), tokens, mixture.router(), pool, work);
    show(Operator.FEED_FORWARD_NORM, work.normed, dim);
    int routes = experts.routes();
    mixture.router().multiply(pool, work.activations, work.routes);
    LayerPass.addBias(work.routes, mixture.routerBias(), tokens);
    show(Operator.ROUTER, work.routes, routes);
    Elementwise.requireFinite(work.routes, 0, tokens * routes);

    Routing[] routings = new Routing[tokens];
    for (int t = 0; t < tokens; t++) {
      routings[t] = Routing.of(experts, work.routes, t * routes);
    }
    Traced traced = !tap.watches() ? null : new Traced(tokens * experts.used() * experts.ffn());
    for (int expert = 0; expert < experts.count(); expert++) {
      ask(expert, routings, traced);
    }
    if (traced != null) {
      int inner = experts.used() * experts.ffn();
      show(Operator.GATE, traced.gate, inner);
      show(Operator.UP, traced.up, inner);
      show(Operator.ACTIVATION, traced.activation, inner);
    }
    show(Operator.DOWN, work.expertOutputs, experts.used() * dim);
    if (mixture.shared() != null) {
      askShared(mixture.shared());
    }
    add(routings);
    show(Operator.MIXTURE, work.projected, dim);
  }

  /** Sends an expert all tokens that chose it. */
  private void ask(int expert, Routing[] routings, @Nullable Traced traced) {
    int[] rows = new int[tokens];
    int[] ranks = new int[tokens];
    int count = 0;
    for (int t = 0; t < tokens; t++) {
      int rank = routings[t].rank(expert);
      if (rank >= 0) {
        ranks[count] = rank;
        rows[count++] = t;
      }
    }
    if (count == 0) {
      return;
    }
    float[] inputs = new float[count * dim];
    for (int i = 0; i < count; i++) {
      System.arraycopy(work.normed, rows[i] * dim, inputs, i * dim, dim);
    }
    float[] outputs = new float[count * dim];
    compute(mixture.experts().get(expert), experts.ffn(), inputs, count, outputs);
    for (int i = 0; i < count; i++) {
      int slot = rows[i] * experts.used() + ranks[i];
      System.arraycopy(outputs, i * dim, work.expertOutputs, slot * dim, dim);
      if (traced != null) {
        traced.take(work, i, slot, experts.ffn());
      }
    }
  }

  /** Inner states of the experts, {@code [token][rank][ffn]}, if somebody watches. */
  private static final class Traced {
    final float[] gate;
    final float[] up;
    final float[] activation;

    Traced(int length) {
      gate = new float[length];
      up = new float[length];
      activation = new float[length];
    }

    void take(Workspace work, int row, int slot, int ffn) {
      System.arraycopy(work.gateUp, row * 2 * ffn, gate, slot * ffn, ffn);
      System.arraycopy(work.gateUp, row * 2 * ffn + ffn, up, slot * ffn, ffn);
      System.arraycopy(work.inner, row * ffn, activation, slot * ffn, ffn);
    }
  }

  private void askShared(SpanWeights.Plain shared) {
    int ffn = experts.sharedFfn();
    compute(shared, ffn, work.normed, tokens, work.sharedOutputs);
    tap.rows(number, Operator.SHARED_GATE, 0, work.gateUp, 2 * ffn, 0, ffn);
    tap.rows(number, Operator.SHARED_UP, 0, work.gateUp, 2 * ffn, ffn, ffn);
    show(Operator.SHARED_ACTIVATION, work.inner, ffn);
    show(Operator.SHARED_DOWN, work.sharedOutputs, dim);
  }

  private void compute(SpanWeights.Plain net, int ffn, float[] in, int count, float[] out) {
    LayerPass.prepare(in, dim, count, net.gateUp(), pool, work);
    net.gateUp().multiply(pool, work.activations, work.gateUp);
    LayerPass.addBias(work.gateUp, net.gateUpBias(), count);
    LayerPass.activate(config.parts().activation(), ffn, count, pool, work);
    LayerPass.prepare(work.inner, ffn, count, net.down(), pool, work);
    net.down().multiply(pool, work.activations, out);
    LayerPass.addBias(out, net.downBias(), count);
  }

  /** Adds up what the experts gave, for each token in the order of its own liking. */
  private void add(Routing[] routings) {
    Arrays.fill(work.projected, 0, tokens * dim, 0f);
    for (int t = 0; t < tokens; t++) {
      Routing routing = routings[t];
      for (int rank = 0; rank < experts.used(); rank++) {
        int from = (t * experts.used() + rank) * dim;
        float weight = routing.weight(rank);
        Elementwise.addWeighted(work.projected, t * dim, weight, work.expertOutputs, from, dim);
      }
      if (mixture.shared() != null) {
        float weight = routing.sharedWeight();
        Elementwise.addWeighted(work.projected, t * dim, weight, work.sharedOutputs, t * dim, dim);
      }
    }
  }

  private void show(Operator operator, float[] rows, int length) {
    tap.rows(number, operator, 0, rows, length, 0, length);
  }
}
