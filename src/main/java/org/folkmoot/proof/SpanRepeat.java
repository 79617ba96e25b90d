package org.folkmoot.proof;

import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.TraceKey;

/**
 * What a statement about a span should say, computed again from the tokens, all layers before it
 * included.
 *
 * @param inputs Merkle root over what goes in
 * @param outputs Merkle root over what comes out
 * @param tokens those that are chosen, if they were asked for
 */
record SpanRepeat(Hash32 inputs, Hash32 outputs, Optional<int[]> tokens) {
  /**
   * Tokens to be chosen again.
   *
   * @param from the position of the first
   */
  record Wanted(Message.Sampling settings, int from) {}

  /**
   * Computes a span.
   *
   * @param ids of the positions that went through it
   * @param wanted only of a range that ends with the model
   * @throws org.folkmoot.base.FolkmootException BAD_REQUEST if the model does not have these
   *     tokens, NO_ROOM or BUSY if memory does not suffice, ARITHMETIC if sem/1 has no result
   */
  static SpanRepeat of(
      ModelAtHand model,
      TraceKey key,
      LayerRange range,
      int[] ids,
      Optional<Wanted> wanted,
      int threads) {
    Span part = new Span(true, 0, range.to(), wanted.isPresent());
    try (WorkerPool pool = new WorkerPool(threads);
        SpanModel loaded = SpanModel.load(model.file(), model.config(), part, pool, _ -> {})) {
      Prefill prefill = new Prefill(loaded, key, ids, ids.length);
      prefill.tap(range.from());
      prefill.tap(range.to());
      Optional<int[]> tokens =
          wanted.map(choice -> prefill.run(choice(model, choice, threads > 1)));
      if (tokens.isEmpty()) {
        prefill.run();
      }
      Hash32 inputs = range.embeds() ? inputs(key, ids) : prefill.root(range.from());
      return new SpanRepeat(inputs, prefill.root(range.to()), tokens);
    }
  }

  private static Hash32 inputs(TraceKey key, int[] ids) {
    MerkleTree given = new MerkleTree();
    for (int position = 0; position < ids.length; position++) {
      given.add(key.inputLeaf(position, ids[position]));
    }
    return given.root();
  }

  private static Prefill.Choice choice(ModelAtHand model, Wanted wanted, boolean parallel) {
    int tokens = Tokenizers.from(model.file().metadata()).size();
    int vocabulary = Math.min(model.config().vocabulary(), tokens);
    return new Prefill.Choice(
        TokenChoice.settings(wanted.settings), vocabulary, wanted.from, parallel);
  }

  /** The Merkle root over the tokens that are chosen. */
  static Hash32 tokensRoot(TraceKey key, int from, int[] tokens) {
    MerkleTree tree = new MerkleTree();
    for (int i = 0; i < tokens.length; i++) {
      tree.add(key.tokenLeaf(from + i, tokens[i]));
    }
    return tree.root();
  }
}
