package org.folkmoot.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;

/**
 * What a hop claims to have computed in a session, and signs. A claim that does not repeat proves
 * that its hop computed wrongly.
 *
 * @param session which session
 * @param model of which model
 * @param adapters applied in this order; none today
 * @param range what of the model
 * @param length positions 0 to here, exclusive, went through
 * @param traceKeyHash SHA-256 of the session's {@link TraceKey}
 * @param inputs Merkle root over the inputs of all positions: token ids for a range that embeds,
 *     else hidden states
 * @param outputs Merkle root over the hidden states behind the last layer of the range
 * @param sampled the tokens that a hop with the head chose
 * @param policy hash of what the hop's operator declares to do beyond computing
 */
public record HopStatement(
    SessionId session,
    ModelId model,
    List<Hash32> adapters,
    LayerRange range,
    int length,
    Hash32 traceKeyHash,
    Hash32 inputs,
    Hash32 outputs,
    Optional<Sampled> sampled,
    Optional<Hash32> policy) {

  /** Adapters in a statement: people stack two or three. */
  public static final int MAX_ADAPTERS = 8;

  private static final byte[] CONTEXT = "folkmoot hop statement/2\0".getBytes(US_ASCII);

  /** Context, session, model, range, length, three hashes, and the optional parts. */
  private static final int EXPECTED_BYTES = 352;

  /**
   * The tokens that the last hop chose itself, and those before, as it was told them. After a
   * replacement of the last hop the chosen ones are only the later ones. Both together are all that
   * a choice may depend on beside the hidden states, so none can be excused by what nobody signed.
   *
   * @param samplingHash {@link SamplingHash} of its settings
   * @param from position of the first token
   * @param count tokens in a row from there; the last stands at the statement's {@code length}
   * @param historyRoot Merkle root over the tokens before {@code from}
   * @param tokensRoot Merkle root over those from there on
   */
  public record Sampled(
      Hash32 samplingHash, int from, int count, Hash32 historyRoot, Hash32 tokensRoot) {
    /** Checks the bounds. */
    public Sampled {
      require(from >= 1 && count >= 0 && count <= Limits.MAX_POSITIONS, "tokens out of bounds");
    }
  }

  /** Checks the bounds, and that the parts fit together. */
  public HopStatement {
    adapters = List.copyOf(adapters);
    require(adapters.size() <= MAX_ADAPTERS, "too many adapters");
    require(length >= 1 && length <= Limits.MAX_POSITIONS, "a length out of bounds");
    require(sampled.isPresent() == range.heads(), "tokens are chosen where the head is");
    int end = length + 1;
    require(
        sampled.isEmpty() || sampled.get().from + sampled.get().count == end,
        "the tokens do not reach to the end");
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException("no statement: " + what);
    }
  }

  /**
   * What the hop signs: a context that no other signature has, then {@link #write}'s bytes. One
   * statement has one encoding.
   */
  public byte[] signedBytes() {
    WireWriter w = new WireWriter(EXPECTED_BYTES).raw(CONTEXT);
    write(w);
    return w.toBytes();
  }

  /** Whether another is about the same work, so that their outputs must be the same. */
  public boolean isAboutSameWork(HopStatement other) {
    return model.equals(other.model)
        && adapters.equals(other.adapters)
        && range.equals(other.range)
        && length == other.length
        && traceKeyHash.equals(other.traceKeyHash)
        && inputs.equals(other.inputs);
  }

  /** What names the statement, whoever signs it. */
  public Hash32 hash() {
    return Hash32.sha256(signedBytes());
  }

  /** The fields in their order, little-endian, as {@code docs/receipt.md} lays them out. */
  void write(WireWriter w) {
    w.i64(session.high()).i64(session.low()).hash(model.sha256());
    w.list(adapters, w::hash);
    w.bool(range.embeds()).u16(range.from()).u16(range.to()).bool(range.heads());
    w.i32(length).hash(traceKeyHash).hash(inputs).hash(outputs);
    w.optional(
        sampled,
        chosen ->
            w.hash(chosen.samplingHash)
                .i32(chosen.from)
                .i32(chosen.count)
                .hash(chosen.historyRoot)
                .hash(chosen.tokensRoot));
    w.optional(policy, w::hash);
  }

  /** What {@link #write} wrote. */
  static HopStatement read(WireReader r) throws WireException {
    try {
      return new HopStatement(
          new SessionId(r.i64(), r.i64()),
          new ModelId(r.hash()),
          r.list(MAX_ADAPTERS, r::hash),
          new LayerRange(r.bool(), r.u16(), r.u16(), r.bool()),
          r.i32(),
          r.hash(),
          r.hash(),
          r.hash(),
          r.optional(() -> new Sampled(r.hash(), r.i32(), r.i32(), r.hash(), r.hash())),
          r.optional(r::hash));
    } catch (IllegalArgumentException impossible) {
      throw WireReader.malformed(String.valueOf(impossible.getMessage()));
    }
  }
}
