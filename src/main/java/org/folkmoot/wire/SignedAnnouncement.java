package org.folkmoot.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.Arrays;

/**
 * An announcement with its signature, as it travels: the bytes are kept as they came, for the
 * signature is over them.
 *
 * @param body the announcement's bytes, as {@link MessageCodec#announcement} reads them
 * @param signature Ed25519 over {@link #signedBytes}, 64 bytes
 */
public record SignedAnnouncement(byte[] body, byte[] signature) {
  /** Bytes of a signature. */
  public static final int SIGNATURE_BYTES = 64;

  private static final byte[] CONTEXT = "folkmoot announcement 1\n".getBytes(US_ASCII);

  /** What is signed: no signature over anything else can be mistaken for one over this. */
  public static byte[] signedBytes(byte[] body) {
    byte[] all = Arrays.copyOf(CONTEXT, CONTEXT.length + body.length);
    System.arraycopy(body, 0, all, CONTEXT.length, body.length);
    return all;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedAnnouncement(byte[] otherBody, byte[] otherSignature)
        && Arrays.equals(body, otherBody)
        && Arrays.equals(signature, otherSignature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(body);
  }
}
