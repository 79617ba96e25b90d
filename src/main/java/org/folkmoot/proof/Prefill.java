package org.folkmoot.proof;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.kernel.Elementwise;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;

/**
 * A model's pass over tokens that exist: the hidden states between its layers as digests, and the
 * tokens that it would have chosen.
 */
final class Prefill {
  /** Tokens of a pass: enough for the matrices to work at full speed. */
  private static final int CHUNK = 128;

  /** Logits at a time: 64 MiB. */
  private static final int MAX_LOGITS = 1 << 24;

  /** Parts of the positions of a pass, each with a sampler of its own. */
  private static final int PARTS = 16;

  /**
   * How tokens are chosen again.
   *
   * @param vocabulary number of tokens that may be chosen: a head may have more rows
   * @param from the position of the first
   * @param parallel whether choosing may take other processors than those that compute
   */
  record Choice(SamplerSettings settings, int vocabulary, int from, boolean parallel) {}

  private final SpanModel model;
  private final TraceKey key;
  private final int[] ids;
  private final int length;
  private final Map<Integer, StepTrail> trails = new HashMap<>();
  private float[] latest = new float[0];
  private int latestFrom;
  private float[] wrongState = new float[0];

  /**
   * A pass that has not begun.
   *
   * @param model from the embedding on
   * @param ids the tokens
   * @param length how many of them go through the model
   */
  Prefill(SpanModel model, TraceKey key, int[] ids, int length) {
    this.model = model;
    this.key = key;
    this.ids = ids;
    this.length = length;
  }

  /** Asks for the hidden states before a layer. */
  void tap(int layer) {
    trails.put(layer, new StepTrail());
  }

  private StepTrail trail(int layer) {
    return Objects.requireNonNull(trails.get(layer), "nobody asked for these");
  }

  /** The Merkle root over the hidden states before a layer. */
  Hash32 root(int layer) {
    return trail(layer).root(key, length);
  }

  /** Digests of the hidden states before a layer, 32 bytes for each position. */
  byte[] digests(int layer) {
    return trail(layer).digests();
  }

  /** The root that digests of hidden states would give. */
  Hash32 rootOf(byte[] digests) {
    StepTrail trail = new StepTrail();
    trail.add(0, digests);
    return trail.root(key, trail.length());
  }

  /**
   * Computes the hidden states.
   *
   * @throws org.folkmoot.base.FolkmootException as {@link SpanModel#forward}
   */
  void run() {
    pass(length, (_, _, _) -> {});
  }

  /**
   * Computes the hidden states, and by a model with a head the tokens from a position on, each of
   * those before it in {@code ids}; the last stands behind the last that goes in.
   *
   * @throws org.folkmoot.base.FolkmootException as {@link SpanModel#forward}
   */
  int[] run(Choice choice) {
    int[] chosen = new int[length + 1 - choice.from];
    pass(
        choice.from - 1,
        (logits, from, to) -> {
          choose(choice, chosen, logits, from, to);
          compare(choice, chosen, from, to);
        });
    return chosen;
  }

  /** Takes logits {@code [position][vocabulary]} of some positions. */
  private interface Chooser {
    void choose(float[] logits, int from, int to);
  }

  /**
   * The pass.
   *
   * @param firstRow the first position whose logits are wanted
   */
  private void pass(int firstRow, Chooser chooser) {
    KvLayout layout = model.config().kvLayout(model.span().layerCount());
    long pages = (length + KvLayout.POSITIONS - 1L) / KvLayout.POSITIONS;
    try (KvPool pool = model.newKvPool(pages * layout.pageBytes());
        KvCache cache = new KvCache(pool)) {
      for (int at = 0; at < length; ) {
        int end = end(at, firstRow);
        int rows = Math.max(0, end - Math.max(at, firstRow));
        Step step = new Step(cache, end - at, Arrays.copyOfRange(ids, at, end), new float[0], rows);
        float[] logits = model.forward(List.of(step), this::look);
        chooser.choose(logits, end - rows, end);
        at = end;
      }
    }
  }

  /** The end of the next chunk. Only positions whose tokens are chosen need logits. */
  private int end(int at, int firstRow) {
    int rows = Math.clamp(MAX_LOGITS / model.config().vocabulary(), 1, CHUNK);
    return Math.min(length, Math.min(at + CHUNK, Math.max(at, firstRow) + rows));
  }

  /**
   * The hidden state behind the last layer before the first token that is another than chosen;
   * empty if there is none, or nobody tapped it.
   */
  float[] wrongState() {
    return wrongState.clone();
  }

  private void compare(Choice choice, int[] chosen, int from, int to) {
    int dim = model.config().dim();
    for (int p = from; p < Math.min(to, ids.length - 1) && wrongState.length == 0; p++) {
      int row = p - latestFrom;
      if (chosen[p + 1 - choice.from] != ids[p + 1] && latest.length > 0) {
        wrongState = Arrays.copyOfRange(latest, row * dim, (row + 1) * dim);
      }
    }
  }

  private void look(int layer, float[] hidden, int tokens) {
    StepTrail trail = trails.get(layer);
    if (trail != null) {
      int numbers = tokens * model.config().dim();
      Elementwise.requireFinite(hidden, 0, numbers);
      float[] states = Arrays.copyOf(hidden, numbers);
      if (layer == model.config().layers()) {
        latest = states;
        latestFrom = trail.length();
      }
      trail.addStates(trail.length(), states, tokens);
    }
  }

  private void choose(Choice choice, int[] chosen, float[] logits, int from, int to) {
    int rowLength = model.config().vocabulary();
    IntStream parts = IntStream.range(0, choice.parallel ? PARTS : 1);
    // With a temperature a choice takes as long as a few layers: the positions share the
    // processors.
    (choice.parallel ? parts.parallel() : parts)
        .forEach(part -> {
          Sampler sampler = new Sampler(choice.settings);
          for (int position = from + part; position < to; position += choice.parallel ? PARTS : 1) {
            int at = (position - from) * rowLength;
            chosen[position + 1 - choice.from] =
                sampler.next(logits, at, choice.vocabulary, ids, position + 1);
          }
        });
  }
}
