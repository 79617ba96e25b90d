package org.folkmoot.proof;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.StepTrail;
import org.folkmoot.wire.TraceKey;

/**
 * One pass of a whole model over an answer that exists: its hidden states as digests, and where it
 * would differ.
 */
final class Prefill {
  /** Tokens of a pass: enough for the matrices to work at full speed. */
  private static final int CHUNK = 128;

  /** Logits at a time: 64 MiB. */
  private static final int MAX_LOGITS = 1 << 24;

  private final SpanModel model;
  private final int vocabulary;
  private final SamplerSettings settings;
  private final TraceKey key;
  private final int[] ids;
  private final int promptLength;
  private final Map<Integer, StepTrail> trails = new HashMap<>();

  Prefill(SpanModel model, int vocabulary, SamplerSettings settings, Disclosure disclosure) {
    this.model = model;
    this.vocabulary = vocabulary;
    this.settings = settings;
    this.key = TraceKey.ofSalt(disclosure.salt());
    this.ids = disclosure.ids();
    this.promptLength = disclosure.promptIds().length;
  }

  private int length() {
    return ids.length - 1;
  }

  /** Asks for the hidden states on both sides of a range. */
  void tap(LayerRange range) {
    trails.put(range.from(), new StepTrail());
    trails.put(range.to(), new StepTrail());
  }

  private StepTrail trail(int layer) {
    return Objects.requireNonNull(trails.get(layer), "nobody asked for these");
  }

  /** The Merkle root over the hidden states before a layer. */
  Hash32 root(int layer) {
    return trail(layer).root(key, length());
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

  /** Computes. Gives the first position whose token the model would not have chosen. */
  OptionalInt run() {
    OptionalInt wrong = OptionalInt.empty();
    KvLayout layout = model.config().kvLayout(model.span().layerCount());
    long pages = (length() + KvLayout.POSITIONS - 1L) / KvLayout.POSITIONS;
    try (KvPool pool = model.newKvPool(pages * layout.pageBytes());
        KvCache cache = new KvCache(pool)) {
      for (int at = 0; at < length(); ) {
        int end = end(at);
        int rows = Math.max(0, end - Math.max(at, promptLength - 1));
        Step step = new Step(cache, end - at, Arrays.copyOfRange(ids, at, end), new float[0], rows);
        float[] logits = model.forward(List.of(step), this::look);
        wrong = wrong.isPresent() ? wrong : choose(logits, end - rows, end);
        at = end;
      }
    }
    return wrong;
  }

  /** The end of the next chunk. Only answers need logits. */
  private int end(int at) {
    int firstRow = promptLength - 1;
    int rows = Math.clamp(MAX_LOGITS / model.config().vocabulary(), 1, CHUNK);
    return Math.min(length(), Math.min(at + CHUNK, Math.max(at, firstRow) + rows));
  }

  private void look(int layer, float[] hidden, int tokens) {
    StepTrail trail = trails.get(layer);
    if (trail != null) {
      trail.addStates(trail.length(), Arrays.copyOf(hidden, tokens * model.config().dim()), tokens);
    }
  }

  private OptionalInt choose(float[] logits, int from, int to) {
    int rowLength = model.config().vocabulary();
    // With a temperature a choice takes as long as a few layers: the positions share the
    // processors.
    return IntStream.range(from, to)
        .parallel()
        .filter(position -> {
          Sampler sampler = new Sampler(settings);
          int at = (position - from) * rowLength;
          return sampler.next(logits, at, vocabulary, ids, position + 1) != ids[position + 1];
        })
        .map(position -> position + 1)
        .min();
  }
}
