package org.folkmoot.proof;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.TraceKey;

/**
 * Binds whoever issues a receipt to prompt and answer, and tells nobody what they are who lacks the
 * session's salt. Prompt, answer and trace have keys of their own, so that hops, which must know
 * the trace's, still cannot guess a prompt from a receipt.
 *
 * @param promptTokens tokens of the prompt
 * @param outputTokens tokens of the answer, the end token included
 * @param prompt keyed hash of the prompt's ids
 * @param output keyed hash of the answer's ids
 * @param traceKey hash of the key that salts the hops' Merkle trees
 */
public record Commitment(
    int promptTokens, int outputTokens, Hash32 prompt, Hash32 output, Hash32 traceKey) {
  private static final byte[] PROMPT = "folkmoot prompt key/1".getBytes(US_ASCII);
  private static final byte[] OUTPUT = "folkmoot output key/1".getBytes(US_ASCII);

  /** Checks the bounds. */
  public Commitment {
    if (promptTokens < 1
        || outputTokens < 1
        || (long) promptTokens + outputTokens > Limits.MAX_POSITIONS) {
      throw new IllegalArgumentException(
          "a prompt of %d tokens and an answer of %d".formatted(promptTokens, outputTokens));
    }
  }

  /**
   * The commitment to these tokens.
   *
   * @param salt 32 random bytes that were never used before
   */
  public static Commitment to(Hash32 salt, int[] promptIds, int[] outputIds) {
    return new Commitment(
        promptIds.length,
        outputIds.length,
        keyed(PROMPT, salt, promptIds),
        keyed(OUTPUT, salt, outputIds),
        TraceKey.ofSalt(salt).hash());
  }

  private static Hash32 keyed(byte[] label, Hash32 salt, int[] ids) {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update(label);
    byte[] key = sha256.digest(salt.bytes());
    sha256.update(key);
    return Hash32.of(sha256.digest(bytes(ids)));
  }

  /** Ids as 4 bytes each, little-endian. */
  static byte[] bytes(int[] ids) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(ids);
    return bytes.array();
  }

  /** Positions that go through the layers: all tokens but the last. */
  public int length() {
    return tokens() - 1;
  }

  /** Tokens of prompt and answer. */
  public int tokens() {
    return promptTokens + outputTokens;
  }
}
