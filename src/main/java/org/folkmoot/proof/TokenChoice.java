package org.folkmoot.proof;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.model.KvCache;
import org.folkmoot.engine.model.KvPool;
import org.folkmoot.engine.model.Span;
import org.folkmoot.engine.model.SpanModel;
import org.folkmoot.engine.model.Step;
import org.folkmoot.engine.sampling.Sampler;
import org.folkmoot.engine.sampling.SamplerSettings;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.kernel.KvLayout;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Message;
import org.folkmoot.wire.SignedStatement;
import org.folkmoot.wire.TraceKey;

/**
 * The choice of one token, alone: norm, head and sampler over one hidden state. The last hop has
 * signed all that it depends on (hidden states, settings, the tokens before), so one position
 * convicts it.
 */
final class TokenChoice {
  private final HopStatement statement;
  private final HopStatement.Sampled sampled;
  private final TraceKey key;
  private final Message.Sampling sampling;
  private final int position;

  /**
   * A choice that a statement speaks of.
   *
   * @param position of the token
   */
  TokenChoice(HopStatement statement, TraceKey key, Message.Sampling sampling, int position) {
    this.statement = statement;
    this.sampled = statement.sampled().orElseThrow();
    this.key = key;
    this.sampling = sampling;
    this.position = position;
  }

  /**
   * The proof that a choice was wrong.
   *
   * @param signed right about its outputs and about the tokens
   * @param ids all tokens
   * @param digests of the span's outputs, 32 bytes for each position
   * @param state the hidden state before the token
   */
  static FraudProof.WrongToken proof(
      SignedStatement signed,
      TraceKey key,
      Message.Sampling sampling,
      int position,
      int[] ids,
      byte[] digests,
      float[] state) {
    TokenChoice choice = new TokenChoice(signed.statement(), key, sampling, position);
    byte[] row = new byte[state.length * Float.BYTES];
    littleEndian(row).asFloatBuffer().put(state);
    List<Hash32> beside =
        MerkleRange.beside(
            p -> key.hiddenLeaf(p, Arrays.copyOfRange(digests, 32 * p, 32 * p + 32)),
            signed.statement().length(),
            position - 1,
            position);
    int from = choice.sampled.from();
    return new FraudProof.WrongToken(
        signed,
        key,
        sampling,
        position,
        new Reply.Source(row, beside),
        choice.open(ids, 0, from, choice.first(), from),
        choice.open(ids, from, signed.statement().length() + 1, choice.chosenFrom(), position + 1));
  }

  /** Tokens of some positions of the tree over {@code [start, end)}. */
  private Reply.Source open(int[] ids, int start, int end, int low, int high) {
    if (low >= high) {
      return new Reply.Source(new byte[0], List.of());
    }
    return new Reply.Source(
        Commitment.bytes(Arrays.copyOfRange(ids, low, high)),
        MerkleRange.beside(
            i -> key.tokenLeaf(start + i, ids[start + i]), end - start, low - start, high - start));
  }

  /** The first token that the choice depends on; its own position if there is none. */
  private int first() {
    return sampling.repeatPenalty() == 1
        ? position
        : Math.max(0, position - Math.max(0, sampling.repeatWindow()));
  }

  private int chosenFrom() {
    return Math.max(sampled.from(), first());
  }

  /** Whether there is such a choice at all. */
  boolean exists() {
    return position >= sampled.from() && position <= statement.length();
  }

  /**
   * The tokens that were opened, at their positions, others 0.
   *
   * @return empty if they are not what was signed
   */
  Optional<int[]> tokens(Reply.Source history, Reply.Source chosen) {
    int[] ids = new int[position + 1];
    int from = sampled.from();
    boolean fits =
        take(ids, history, sampled.historyRoot(), 0, from, first(), Math.max(first(), from))
            && take(
                ids,
                chosen,
                sampled.tokensRoot(),
                from,
                statement.length() + 1,
                chosenFrom(),
                position + 1);
    return fits ? Optional.of(ids) : Optional.empty();
  }

  private boolean take(
      int[] ids, Reply.Source opened, Hash32 root, int start, int end, int low, int high) {
    if (opened.rows().length != (high - low) * Integer.BYTES) {
      return false;
    }
    if (low >= high) {
      return opened.beside().isEmpty();
    }
    List<byte[]> leaves = new ArrayList<>();
    ByteBuffer rows = littleEndian(opened.rows());
    for (int p = low; p < high; p++) {
      ids[p] = rows.getInt();
      leaves.add(key.tokenLeaf(p, ids[p]));
    }
    return MerkleRange.root(end - start, low - start, leaves, opened.beside())
        .equals(Optional.of(root));
  }

  /** Whether a hidden state is the one behind the token before, as it was signed. */
  boolean isState(Reply.Source state) {
    byte[] leaf = key.hiddenLeaf(position - 1, Hash32.sha256(state.rows()).bytes());
    return MerkleRange.root(statement.length(), position - 1, List.of(leaf), state.beside())
        .equals(Optional.of(statement.outputs()));
  }

  /**
   * The token that the model's head and the settings choose.
   *
   * @param state binary32, little-endian
   * @param ids of the positions before, as far as the choice depends on them
   */
  int right(ModelAtHand model, byte[] state, int[] ids, int threads) {
    float[] hidden = new float[state.length / Float.BYTES];
    littleEndian(state).asFloatBuffer().get(hidden);
    int layers = model.config().layers();
    Span head = new Span(false, layers, layers, true);
    KvLayout layout = model.config().kvLayout(0);
    try (WorkerPool pool = new WorkerPool(threads);
        SpanModel loaded = SpanModel.load(model.file(), model.config(), head, pool, _ -> {});
        KvPool kv = loaded.newKvPool(layout.pageBytes());
        KvCache cache = new KvCache(kv)) {
      float[] logits = loaded.forward(List.of(Step.ofHidden(cache, 1, hidden, Step.Wanted.LAST)));
      // A head may have more rows than there are tokens: those are never chosen.
      int vocabulary =
          Math.min(loaded.outputLength(), Tokenizers.from(model.file().metadata()).size());
      return new Sampler(settings(sampling)).next(logits, 0, vocabulary, ids, position);
    }
  }

  /** The sampler's settings that a last hop was told. */
  static SamplerSettings settings(Message.Sampling s) {
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

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
