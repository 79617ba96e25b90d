package org.folkmoot.proof.trial;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;
import org.folkmoot.peer.Identity;
import org.folkmoot.proof.Terms;
import org.folkmoot.wire.Digests;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/** A hop without its network: really computes, and signs what it remembers of it. */
final class SimulatedHop implements AutoCloseable {
  private final Identity identity;
  private final LayerRange range;
  private final SpanModel model;
  private final KvCache cache;

  /** Leaves without key and position, one for each position; a cheat may change them. */
  final List<byte[]> inputs = new ArrayList<>();

  /** As {@link #inputs}. */
  final List<byte[]> outputs = new ArrayList<>();

  SimulatedHop(Identity identity, LayerRange range, TrialModels.Part part) {
    this.identity = identity;
    this.range = range;
    this.model = part.model();
    this.cache = new KvCache(part.kv());
  }

  Identity identity() {
    return identity;
  }

  LayerRange range() {
    return range;
  }

  /** Hidden states behind the span's last layer, and logits behind the last token if it heads. */
  record Output(float[] states, float[] logits) {}

  /**
   * Computes the next tokens.
   *
   * @param stale for how many of them the cache is that of another session
   */
  Output step(int[] ids, float[] hidden, int tokens, int stale) {
    if (stale == 0) {
      return compute(ids, hidden, tokens);
    }
    int dim = model.config().dim();
    int[] otherIds = Arrays.stream(ids).limit(stale).map(id -> id ^ 1).toArray();
    float[] otherHidden = Arrays.copyOf(hidden, Math.min(hidden.length, stale * dim));
    for (int i = 0; i < otherHidden.length; i++) {
      otherHidden[i] *= 1.5f;
    }
    float[] old = compute(otherIds, otherHidden, stale).states;
    Output rest =
        compute(
            Arrays.copyOfRange(ids, Math.min(stale, ids.length), ids.length),
            Arrays.copyOfRange(hidden, Math.min(stale * dim, hidden.length), hidden.length),
            tokens - stale);
    float[] states = Arrays.copyOf(old, tokens * dim);
    System.arraycopy(rest.states, 0, states, stale * dim, rest.states.length);
    return new Output(states, rest.logits);
  }

  private Output compute(int[] ids, float[] hidden, int tokens) {
    int dim = model.config().dim();
    float[] states = new float[tokens * dim];
    Step step = new Step(cache, tokens, ids, hidden, range.heads() ? 1 : 0);
    float[] logits =
        model.forward(
            List.of(step),
            (layer, between, _) -> {
              if (layer == model.span().to()) {
                System.arraycopy(between, 0, states, 0, states.length);
              }
            });
    return new Output(states, logits);
  }

  /** What it told the client on the way: its digests, one after the other. */
  byte[] told() {
    return TrialSession.together(outputs);
  }

  void remember(List<byte[]> of, float[] states, int tokens) {
    byte[] digests = Digests.of(Hash32.newSha256(), states, tokens);
    for (int i = 0; i < tokens; i++) {
      of.add(Arrays.copyOfRange(digests, i * Digests.BYTES, (i + 1) * Digests.BYTES));
    }
  }

  /** Ids are remembered as what their leaf is made of. */
  void rememberInput(int id) {
    byte[] bytes = {(byte) id, (byte) (id >> 8), (byte) (id >> 16), (byte) (id >> 24)};
    inputs.add(Hash32.sha256(bytes).bytes());
  }

  private static Hash32 root(TraceKey key, List<byte[]> digests) {
    MerkleTree tree = new MerkleTree();
    digests.forEach(digest -> tree.add(key.hiddenLeaf(tree.size(), digest)));
    return tree.root();
  }

  /** What it says that it did. */
  SignedStatement statement(Terms terms, TraceKey key, Optional<HopStatement.Sampled> sampled) {
    HopStatement statement =
        new HopStatement(
            terms.session(),
            terms.model(),
            terms.adapters(),
            range,
            outputs.size(),
            key.hash(),
            root(key, inputs),
            root(key, outputs),
            sampled,
            Optional.empty());
    return new SignedStatement(
        identity.peerId(), statement, identity.sign(statement.signedBytes()));
  }

  @Override
  public void close() {
    cache.close();
  }
}
