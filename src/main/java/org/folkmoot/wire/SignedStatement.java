package org.folkmoot.wire;

import java.util.Arrays;

/**
 * A hop's statement with its signature.
 *
 * @param hop who claims it
 * @param signature Ed25519 over {@link HopStatement#signedBytes}, 64 bytes
 */
public record SignedStatement(PeerId hop, HopStatement statement, byte[] signature) {
  /** Bytes of a signature. */
  public static final int SIGNATURE_BYTES = 64;

  /** Checks and copies the signature. */
  public SignedStatement {
    if (signature.length != SIGNATURE_BYTES) {
      throw new IllegalArgumentException("a signature of " + signature.length + " bytes");
    }
    signature = signature.clone();
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedStatement that
        && hop.equals(that.hop)
        && statement.equals(that.statement)
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
