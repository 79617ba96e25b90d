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

  /** Of a statement with tokens and a policy. */
  private static final int EXPECTED_BYTES = 400;

  /** Checks and copies the signature. */
  public SignedStatement {
    if (signature.length != SIGNATURE_BYTES) {
      throw new IllegalArgumentException("a signature of " + signature.length + " bytes");
    }
    signature = signature.clone();
  }

  /** Key, statement as it is signed but for the context, signature: one encoding. */
  public byte[] toBytes() {
    WireWriter w = new WireWriter(EXPECTED_BYTES).hash(hop.key());
    statement.write(w);
    return w.raw(signature).toBytes();
  }

  /**
   * What {@link #toBytes} wrote. The signature is not checked.
   *
   * @throws WireException if the bytes are anything else
   */
  public static SignedStatement parse(byte[] bytes) throws WireException {
    WireReader r = new WireReader(bytes);
    SignedStatement read =
        new SignedStatement(new PeerId(r.hash()), HopStatement.read(r), r.raw(SIGNATURE_BYTES));
    r.end();
    return read;
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
