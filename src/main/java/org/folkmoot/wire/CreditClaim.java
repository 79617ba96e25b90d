package org.folkmoot.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;
import org.folkmoot.base.Hash32;

/**
 * Work that two peers say was done: the hop by its signed statement, the asker by acknowledging it.
 * Neither can make one alone; what counts is the smaller of the two claims.
 *
 * @param work what the hop says that it computed
 * @param asker for whom
 * @param tokens positions that the asker says were computed
 * @param signature Ed25519 of the asker over {@link #signedBytes}, 64 bytes
 */
public record CreditClaim(SignedStatement work, PeerId asker, int tokens, byte[] signature) {
  private static final byte[] CONTEXT = "folkmoot work acknowledged/1\0".getBytes(US_ASCII);

  /** Of a statement with tokens and a policy, key, count, signature. */
  private static final int EXPECTED_BYTES = 512;

  /** Checks and copies. */
  public CreditClaim {
    if (tokens < 0 || tokens > Limits.MAX_POSITIONS) {
      throw new IllegalArgumentException("tokens out of bounds");
    }
    if (signature.length != SignedStatement.SIGNATURE_BYTES) {
      throw new IllegalArgumentException("a signature has 64 bytes");
    }
    signature = signature.clone();
  }

  /** What names the work: the hash of the hop's signed statement. */
  public Hash32 id() {
    return id(work);
  }

  private static Hash32 id(SignedStatement work) {
    return Hash32.sha256(work.toBytes());
  }

  /** Positions that count. */
  public int settled() {
    return Math.min(tokens, work.statement().length());
  }

  /** What an asker signs: a context that no other signature has, asker, hop, work, tokens. */
  public static byte[] signedBytes(SignedStatement work, PeerId asker, int tokens) {
    return new WireWriter(160)
        .raw(CONTEXT)
        .hash(asker.key())
        .hash(work.hop().key())
        .hash(id(work))
        .i32(tokens)
        .toBytes();
  }

  /** What this claim's asker must have signed. */
  public byte[] signedBytes() {
    return signedBytes(work, asker, tokens);
  }

  /**
   * The statement's bytes with their length before them, asker, tokens, signature: one encoding.
   */
  public byte[] toBytes() {
    return new WireWriter(EXPECTED_BYTES)
        .blob(work.toBytes())
        .hash(asker.key())
        .i32(tokens)
        .raw(signature)
        .toBytes();
  }

  /**
   * What {@link #toBytes} wrote. No signature is checked.
   *
   * @throws WireException if the bytes are anything else
   */
  public static CreditClaim parse(byte[] bytes) throws WireException {
    WireReader r = new WireReader(bytes);
    try {
      CreditClaim read =
          new CreditClaim(
              SignedStatement.parse(r.blob(Limits.MAX_PART)),
              new PeerId(r.hash()),
              r.i32(),
              r.raw(SignedStatement.SIGNATURE_BYTES));
      r.end();
      return read;
    } catch (IllegalArgumentException outOfBounds) {
      throw WireReader.malformed(String.valueOf(outOfBounds.getMessage()));
    }
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof CreditClaim that
        && work.equals(that.work)
        && asker.equals(that.asker)
        && tokens == that.tokens
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
