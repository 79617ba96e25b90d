package org.folkmoot.proof;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.LayerRange;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.SignedStatement;

/**
 * What an answer leaves behind: which model said so, by whose machines, under which settings; with
 * a signature of each hop over what it computed, and of the issuer over all. It holds no text and
 * no token: only salted hashes, which a {@link Disclosure} opens.
 *
 * <p>A receipt may lie. {@link ReceiptCheck} says what holds, {@link Recomputation} whether the
 * model really says this.
 *
 * @param terms what shaped the answer
 * @param commitment to prompt and answer
 * @param finish why the answer ended
 * @param issuedMillis when, by the issuer's clock: milliseconds since 1970
 * @param hops who computed what, in order
 * @param replaced hops that served for a while and then not any more
 * @param issuer who asked the hops and put this together
 * @param signature Ed25519 of the issuer over {@link #signedBytes}, 64 bytes
 */
public record Receipt(
    Terms terms,
    Commitment commitment,
    Finish finish,
    long issuedMillis,
    List<Hop> hops,
    List<Replaced> replaced,
    PeerId issuer,
    byte[] signature) {

  /** The arithmetic that receipts of this version speak of. */
  public static final String SEMANTICS = "sem/1";

  /** Hops of a chain: an answer over more would take longer than anyone waits. */
  public static final int MAX_HOPS = 64;

  /** Replaced hops: after so many an answer is given up. */
  public static final int MAX_REPLACED = 64;

  private static final byte[] CONTEXT = "folkmoot receipt/2\0".getBytes(US_ASCII);

  /** Why an answer ended. */
  public enum Finish {
    /** The model ended it. */
    END_OF_ANSWER(0),
    /** A stop string came. */
    STOP_STRING(1),
    /** The token limit or the context length was reached. */
    LENGTH(2),
    /** Whoever asked did not want more. */
    CANCELLED(3);

    private final int code;

    Finish(int code) {
      this.code = code;
    }

    /** What stands for it in the encoding. */
    int code() {
      return code;
    }

    /** What a number stands for. */
    static Finish of(long code) {
      for (Finish finish : values()) {
        if (finish.code == code) {
          return finish;
        }
      }
      throw new IllegalArgumentException("an unknown end of the answer");
    }
  }

  /**
   * A hop's signed statement, without what the receipt says already.
   *
   * @param peer who
   * @param range what of the model
   * @param inputs Merkle root over its inputs
   * @param outputs Merkle root over its outputs
   * @param tokens what it chose; only of a hop with the head
   * @param policy hash of what its operator declares
   * @param signature Ed25519 over the whole statement, 64 bytes
   */
  public record Hop(
      PeerId peer,
      LayerRange range,
      Hash32 inputs,
      Hash32 outputs,
      Optional<Tokens> tokens,
      Optional<Hash32> policy,
      byte[] signature) {
    /** Checks and copies. */
    public Hop {
      require(tokens.isPresent() == range.heads(), "tokens are chosen where the head is");
      require(signature.length == SignedStatement.SIGNATURE_BYTES, "a signature has 64 bytes");
      signature = signature.clone();
    }

    @Override
    public byte[] signature() {
      return signature.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Hop that
          && peer.equals(that.peer)
          && range.equals(that.range)
          && inputs.equals(that.inputs)
          && outputs.equals(that.outputs)
          && tokens.equals(that.tokens)
          && policy.equals(that.policy)
          && Arrays.equals(signature, that.signature);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(signature);
    }
  }

  /**
   * Tokens that the last hop chose, up to the answer's end, and what it was told before.
   *
   * @param from position of the first; behind the prompt if it replaced another
   * @param history Merkle root over those before
   * @param root Merkle root over the chosen ones
   */
  public record Tokens(int from, Hash32 history, Hash32 root) {}

  /**
   * A hop that served for a while.
   *
   * @param peer who
   * @param range what of the model
   * @param from first position that it served
   * @param to end of these, exclusive; what it computed counts no more where another repeated it
   */
  public record Replaced(PeerId peer, LayerRange range, int from, int to) {
    /** Checks the bounds. */
    public Replaced {
      require(from >= 0 && from <= to && to <= Limits.MAX_POSITIONS, "positions out of bounds");
    }
  }

  /** Checks the bounds and copies. */
  public Receipt {
    hops = List.copyOf(hops);
    replaced = List.copyOf(replaced);
    require(!hops.isEmpty() && hops.size() <= MAX_HOPS, "hops out of bounds");
    require(replaced.size() <= MAX_REPLACED, "too many replaced hops");
    require(issuedMillis >= 0, "issued before 1970");
    require(signature.length == SignedStatement.SIGNATURE_BYTES, "a signature has 64 bytes");
    int least = commitment.promptTokens();
    for (Hop hop : hops) {
      int from = hop.tokens.map(Tokens::from).orElse(least);
      require(from >= least && from <= commitment.tokens(), "tokens out of bounds");
    }
    signature = signature.clone();
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new IllegalArgumentException(what);
    }
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  /** What each hop must have signed for this receipt to hold, with its signature. */
  public List<SignedStatement> statements() {
    Hash32 sampling = terms.samplingHash();
    return hops.stream()
        .map(hop -> new SignedStatement(hop.peer, statement(hop, sampling), hop.signature))
        .toList();
  }

  private HopStatement statement(Hop hop, Hash32 sampling) {
    int end = commitment.tokens();
    return new HopStatement(
        terms.session(),
        terms.model(),
        terms.adapters(),
        hop.range,
        commitment.length(),
        commitment.traceKey(),
        hop.inputs,
        hop.outputs,
        hop.tokens.map(tokens ->
            new HopStatement.Sampled(
                sampling, tokens.from, end - tokens.from, tokens.history, tokens.root)),
        hop.policy);
  }

  /** What the issuer signs: a context that no other signature has, then all but the signature. */
  public byte[] signedBytes() {
    byte[] body = ReceiptCodec.unsigned(this);
    byte[] all = Arrays.copyOf(CONTEXT, CONTEXT.length + body.length);
    System.arraycopy(body, 0, all, CONTEXT.length, body.length);
    return all;
  }

  /** With another signature. */
  Receipt signed(byte[] by) {
    return new Receipt(terms, commitment, finish, issuedMillis, hops, replaced, issuer, by);
  }

  /** Compares what is encoded: everything. */
  @Override
  public boolean equals(Object other) {
    return other instanceof Receipt that
        && Arrays.equals(ReceiptCodec.encode(this), ReceiptCodec.encode(that));
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
