package org.folkmoot.engine.model;

import java.util.List;
import java.util.Set;
import org.folkmoot.kernel.Activations;
import org.folkmoot.kernel.Attention;
import org.folkmoot.kernel.Elementwise;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.WorkerPool;

/**
 * One layer over the tokens of a pass: attention over each sequence's own past, then the
 * feed-forward network, each added to the residual stream (Vaswani et al. 2017, with RMSNorm
 * before, rotary positions, grouped queries and SwiGLU as in Touvron et al. 2023, arXiv 2302.13971
 * and 2307.09288).
 */
final class LayerPass {
  private final ModelConfig config;
  private final SpanWeights.Layer layer;
  private final int number;
  private final int index;
  private final List<Step> steps;
  private final int tokens;
  private final RopeTable rope;
  private final WorkerPool pool;
  private final Workspace work;
  private final Tap tap;

  /**
   * A pass through one layer.
   *
   * @param number the layer's number in the model
   * @param index its number in the span, and so in the caches
   */
  LayerPass(
      ModelConfig config,
      SpanWeights.Layer layer,
      int number,
      int index,
      List<Step> steps,
      int tokens,
      RopeTable rope,
      WorkerPool pool,
      Workspace work,
      Tap tap) {
    this.config = config;
    this.layer = layer;
    this.number = number;
    this.index = index;
    this.steps = steps;
    this.tokens = tokens;
    this.rope = rope;
    this.pool = pool;
    this.work = work;
    this.tap = tap;
  }

  void run() {
    int dim = config.dim();
    read(layer.attentionNorm(), layer.queryKeyValue(), Operator.ATTENTION_NORM);
    layer.queryKeyValue().multiply(pool, work.activations, work.queryKeyValue);
    addBias(work.queryKeyValue, layer.queryKeyValueBias(), tokens);
    showQueryKeyValue();
    normHeads();
    rotateAndStore();
    showRotatedAndStored();
    new AttentionPass(config, layer, number, index, steps, pool, work).run();
    showAttended();
    project(layer.attentionOutput(), work.attended, config.heads() * config.headDim());
    addBias(work.projected, layer.attentionOutputBias(), tokens);
    show(Operator.ATTENTION_OUTPUT, work.projected, dim);
    addProjected(layer.attentionPostNorm(), Operator.ATTENTION_POST_NORM);
    show(Operator.ATTENTION_RESIDUAL, work.hidden, dim);

    switch (layer.feedForward()) {
      case SpanWeights.Plain plain -> plain(plain);
      case SpanWeights.Mixture mixture ->
          new MixturePass(config, mixture, layer.feedForwardNorm(), number, tokens, pool, work, tap)
              .run();
    }
    addProjected(layer.feedForwardPostNorm(), Operator.FEED_FORWARD_POST_NORM);
    show(Operator.LAYER_OUTPUT, work.hidden, dim);
  }

  /** Makes the hidden states the input of some matrices, normed before if there is a norm. */
  private void read(float[] norm, MatrixGroup next, Operator normed) {
    if (norm.length == 0) {
      prepare(work.hidden, config.dim(), tokens, next, pool, work);
      return;
    }
    normAndPrepare(work.hidden, norm, config.normEpsilon(), tokens, next, pool, work);
    show(normed, work.normed, config.dim());
  }

  private void plain(SpanWeights.Plain plain) {
    read(layer.feedForwardNorm(), plain.gateUp(), Operator.FEED_FORWARD_NORM);
    plain.gateUp().multiply(pool, work.activations, work.gateUp);
    showGateUp();
    activate(config.parts().activation(), config.ffn(), tokens, pool, work);
    show(Operator.ACTIVATION, work.inner, config.ffn());
    project(plain.down(), work.inner, config.ffn());
    show(Operator.DOWN, work.projected, config.dim());
  }

  /** RMSNorm of each row of {@code x}, prepared as the input of some matrices. */
  static void normAndPrepare(
      float[] x,
      float[] norm,
      float epsilon,
      int tokens,
      MatrixGroup next,
      WorkerPool pool,
      Workspace work) {
    int dim = norm.length;
    Set<Activations.Form> forms = next.forms(tokens);
    float[] normed = work.normed(tokens * dim);
    Activations activations = work.activations;
    activations.begin(tokens, dim, forms);
    pool.run(
        activations.panels(),
        1,
        (from, to, worker) -> {
          for (int panel = from; panel < to; panel++) {
            int first = panel * Activations.PANEL;
            for (int t = first; t < Math.min(tokens, first + Activations.PANEL); t++) {
              Elementwise.rmsNorm(x, t * dim, norm, epsilon, normed, t * dim, pool.scratch(worker));
            }
            activations.fill(panel, normed, dim, forms);
          }
        });
  }

  /** {@code projected = W x}. */
  private void project(MatrixGroup matrix, float[] x, int columns) {
    prepare(x, columns, tokens, matrix, pool, work);
    matrix.multiply(pool, work.activations, work.projected);
  }

  /** Makes rows the input of some matrices. */
  static void prepare(
      float[] x, int columns, int tokens, MatrixGroup next, WorkerPool pool, Workspace work) {
    Set<Activations.Form> forms = next.forms(tokens);
    Activations activations = work.activations;
    activations.begin(tokens, columns, forms);
    pool.run(
        activations.panels(),
        1,
        (from, to, _) -> {
          for (int panel = from; panel < to; panel++) {
            activations.fill(panel, x, columns, forms);
          }
        });
  }

  /** {@code hidden += projected}, normed before if the layer has a norm for it. */
  private void addProjected(float[] norm, Operator normed) {
    int dim = config.dim();
    if (norm.length > 0) {
      pool.run(
          tokens,
          8,
          (from, to, worker) -> {
            for (int t = from; t < to; t++) {
              normRow(work.projected, t * dim, norm, worker);
            }
          });
      show(normed, work.projected, dim);
    }
    if (config.scales().residual() != 1) {
      Elementwise.scale(work.projected, 0, tokens * dim, config.scales().residual());
    }
    Elementwise.add(work.hidden, 0, work.projected, 0, tokens * dim);
  }

  private void normRow(float[] x, int at, float[] norm, int worker) {
    Elementwise.rmsNorm(x, at, norm, config.normEpsilon(), x, at, pool.scratch(worker));
  }

  /** Adds a bias to rows as long as it is, unless it is empty. */
  static void addBias(float[] rows, float[] bias, int tokens) {
    if (bias.length > 0) {
      for (int t = 0; t < tokens; t++) {
        Elementwise.add(rows, t * bias.length, bias, 0, bias.length);
      }
    }
  }

  /** Norms queries and keys, if the family does: head by head, or all together. */
  private void normHeads() {
    float[] queryNorm = layer.queryNorm();
    float[] keyNorm = layer.keyNorm();
    if (queryNorm.length == 0) {
      return;
    }
    int keys = config.heads() * config.headDim();
    int end = keys + config.kvHeads() * config.headDim();
    int stride = layer.queryKeyValue().rows();
    pool.run(
        tokens,
        8,
        (from, to, worker) -> {
          for (int t = from; t < to; t++) {
            for (int at = 0; at < keys; at += queryNorm.length) {
              normRow(work.queryKeyValue, t * stride + at, queryNorm, worker);
            }
            for (int at = keys; at < end; at += keyNorm.length) {
              normRow(work.queryKeyValue, t * stride + at, keyNorm, worker);
            }
          }
        });
    showQueriesAndKeys(Operator.QUERY_NORM, Operator.KEY_NORM);
  }

  private void rotateAndStore() {
    int token = 0;
    for (Step step : steps) {
      int first = token;
      pool.run(
          step.tokens(),
          8,
          (from, to, _) -> {
            for (int t = from; t < to; t++) {
              rotateAndStore(step.cache(), step.cache().length() + t, first + t);
            }
          });
      token += step.tokens();
    }
  }

  private void rotateAndStore(KvCache cache, int position, int token) {
    int headDim = config.headDim();
    int stride = layer.queryKeyValue().rows();
    int keys = token * stride + config.heads() * headDim;
    int values = keys + config.kvHeads() * headDim;
    Rope turn = config.rope(number);
    KvPlan plan = cache.pool().plan();
    KvPlan.Place place = plan.place(index);
    float[] table = rope.block(position);
    int at = rope.offset(position);
    int turned = config.parts().turns(number) ? config.heads() + config.kvHeads() : 0;
    for (int head = 0; head < turned; head++) {
      Elementwise.rotate(
          work.queryKeyValue,
          token * stride + head * headDim,
          turn.dims(),
          turn.halves(),
          table,
          at);
    }
    for (int head = 0; head < config.kvHeads(); head++) {
      Attention.store(
          plan.layout(place.bank()),
          cache.page(place.bank(), position),
          place.layer(),
          head,
          position % KvLayout.POSITIONS,
          work.queryKeyValue,
          keys + head * headDim,
          work.queryKeyValue,
          values + head * headDim);
    }
  }

  /** The inner state of a feed-forward: {@code inner = activation(gate) · up}. */
  static void activate(
      ModelConfig.Activation activation, int ffn, int tokens, WorkerPool pool, Workspace work) {
    pool.run(
        tokens,
        4,
        (from, to, _) -> {
          for (int t = from; t < to; t++) {
            int gate = t * 2 * ffn;
            switch (activation) {
              case SILU ->
                  Elementwise.siluTimes(
                      work.gateUp, gate, work.gateUp, gate + ffn, work.inner, t * ffn, ffn);
              case GELU ->
                  Elementwise.geluTimes(
                      work.gateUp, gate, work.gateUp, gate + ffn, work.inner, t * ffn, ffn);
              case CLAMPED_SILU ->
                  Elementwise.clampedSiluTimes(
                      work.gateUp, gate, work.gateUp, gate + ffn, work.inner, t * ffn, ffn);
            }
          }
        });
  }

  private void show(Operator operator, float[] rows, int length) {
    tap.rows(number, operator, 0, rows, length, 0, length);
  }

  private void showQueryKeyValue() {
    int stride = layer.queryKeyValue().rows();
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    float[] rows = work.queryKeyValue;
    tap.rows(number, Operator.QUERY, 0, rows, stride, 0, queries);
    tap.rows(number, Operator.KEY, 0, rows, stride, queries, keys);
    tap.rows(number, Operator.VALUE, 0, rows, stride, queries + keys, keys);
  }

  private void showQueriesAndKeys(Operator query, Operator key) {
    int stride = layer.queryKeyValue().rows();
    int queries = config.heads() * config.headDim();
    int keys = config.kvHeads() * config.headDim();
    tap.rows(number, query, 0, work.queryKeyValue, stride, 0, queries);
    tap.rows(number, key, 0, work.queryKeyValue, stride, queries, keys);
  }

  private void showRotatedAndStored() {
    showQueriesAndKeys(Operator.ROTATED_QUERY, Operator.ROTATED_KEY);
    tap.stored(number, index, steps);
  }

  private void showAttended() {
    int length = config.group() * config.headDim();
    int stride = config.heads() * config.headDim();
    for (int head = 0; head < config.kvHeads(); head++) {
      tap.rows(number, Operator.ATTENTION, head, work.attended, stride, head * length, length);
    }
  }

  private void showGateUp() {
    int ffn = config.ffn();
    tap.rows(number, Operator.GATE, 0, work.gateUp, 2 * ffn, 0, ffn);
    tap.rows(number, Operator.UP, 0, work.gateUp, 2 * ffn, ffn, ffn);
  }
}
