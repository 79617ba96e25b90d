package org.folkmoot.proof;

import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.Operator;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanInputs;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.SpanTrace;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.model.TracePoint;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.TraceKey;

/** Computes a span again from the tokens, all layers before it included. */
final class SpanRepeat {
  /** Positions whose logits are held at once. */
  private static final int CHUNK = 32;

  /** Merkle roots over what goes into a span and what comes out. */
  record Roots(Hash32 inputs, Hash32 outputs) {}

  private final ModelAtHand model;
  private final TraceKey key;
  private final int threads;

  SpanRepeat(ModelAtHand model, TraceKey key, int threads) {
    this.model = model;
    this.key = key;
    this.threads = threads;
  }

  /**
   * What a statement about a range should say.
   *
   * @throws FolkmootException BAD_REQUEST if the model does not have these tokens
   */
  Roots roots(LayerRange range, int[] ids) {
    MerkleTree given = new MerkleTree();
    SpanInputs inputs = new SpanInputs.Ids(ids);
    for (int position = 0; position < ids.length; position++) {
      given.add(key.inputLeaf(position, ids[position]));
    }
    MerkleTree before = new MerkleTree();
    MerkleTree behind = new MerkleTree();
    TracePoint first = end(range.from());
    TracePoint last = end(range.to());
    Span part = new Span(true, 0, range.to(), false);
    try (WorkerPool pool = new WorkerPool(threads);
        SpanModel loaded = SpanModel.load(model.file(), model.config(), part, pool, _ -> {})) {
      SpanTrace trace = new SpanTrace(loaded, part, inputs);
      trace.run(
          trace.order().stages() - 1,
          ids.length,
          point -> point.equals(first) || point.equals(last),
          (point, position, row) -> {
            byte[] leaf = key.hiddenLeaf(position, Hash32.newSha256().digest(row));
            if (point.equals(first)) {
              before.add(leaf);
            }
            if (point.equals(last)) {
              behind.add(leaf);
            }
          });
    }
    return new Roots(range.embeds() ? given.root() : before.root(), behind.root());
  }

  /** What leaves so many layers. */
  private static TracePoint end(int layers) {
    return layers == 0
        ? TracePoint.of(0, Operator.EMBEDDING)
        : TracePoint.of(layers - 1, Operator.LAYER_OUTPUT);
  }

  /**
   * The tokens from a position on that logits and settings choose, by the whole model.
   *
   * @param settings without a repetition penalty
   */
  MerkleTree tokens(int[] ids, int from, Message.Sampling settings) {
    Sampler sampler = new Sampler(settings(settings));
    MerkleTree tokens = new MerkleTree();
    Span whole = Span.whole(model.config());
    KvLayout layout = model.config().kvLayout(whole.layerCount());
    long budget = (ids.length / KvLayout.POSITIONS + 1L) * layout.pageBytes();
    try (WorkerPool pool = new WorkerPool(threads);
        SpanModel loaded = SpanModel.load(model.file(), model.config(), whole, pool, _ -> {});
        KvPool kv = loaded.newKvPool(budget);
        KvCache cache = new KvCache(kv)) {
      // A head may have more rows than there are tokens: those are never chosen.
      int row = loaded.outputLength();
      int vocabulary = Math.min(row, Tokenizers.from(model.file().metadata()).size());
      for (int at = 0; at < ids.length; at += CHUNK) {
        int[] some = Arrays.copyOfRange(ids, at, Math.min(ids.length, at + CHUNK));
        float[] logits = loaded.forward(List.of(Step.ofIds(cache, some, Step.Wanted.ALL)));
        for (int i = 0; i < some.length; i++) {
          int position = at + i + 1;
          if (position >= from) {
            int id = sampler.next(logits, i * row, vocabulary, ids, position);
            tokens.add(key.tokenLeaf(position, id));
          }
        }
      }
    }
    return tokens;
  }

  private static SamplerSettings settings(Message.Sampling s) {
    return new SamplerSettings(
        s.temperature(),
        s.topK(),
        s.topP(),
        s.minP(),
        s.repeatPenalty(),
        s.repeatWindow(),
        s.seed(),
        s.logitBias());
  }
}
