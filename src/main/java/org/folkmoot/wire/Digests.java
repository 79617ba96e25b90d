package org.folkmoot.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/** What a hop states about its outputs: SHA-256 over each token's numbers, little-endian. */
public final class Digests {
  /** Bytes of a digest. */
  public static final int BYTES = 32;

  private Digests() {}

  /** The digests of hidden states {@code [token][dim]}, one after the other. */
  public static byte[] of(MessageDigest sha256, float[] hidden, int tokens) {
    int dim = hidden.length / tokens;
    byte[] digests = new byte[tokens * BYTES];
    ByteBuffer bytes = ByteBuffer.allocate(4 * dim).order(ByteOrder.LITTLE_ENDIAN);
    for (int token = 0; token < tokens; token++) {
      bytes.asFloatBuffer().put(hidden, token * dim, dim);
      sha256.update(bytes.array());
      System.arraycopy(sha256.digest(), 0, digests, token * BYTES, BYTES);
    }
    return digests;
  }
}
