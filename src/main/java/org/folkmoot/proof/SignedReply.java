package org.folkmoot.proof;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Signer;
import org.folkmoot.peer.Verifier;
import org.folkmoot.wire.HopStatement;
import org.folkmoot.wire.Limits;
import org.folkmoot.wire.SignedStatement;

/**
 * A reply, signed by the peer whose statement it is about. Since every question has one true
 * answer, it may be asked and shown around any number of times.
 *
 * @param signature Ed25519 over {@link #signedBytes}, 64 bytes
 */
public record SignedReply(Question question, Reply reply, byte[] signature) {
  private static final byte[] CONTEXT = "folkmoot dispute reply/1\0".getBytes(US_ASCII);

  /** Checks and copies the signature. */
  public SignedReply {
    if (signature.length != SignedStatement.SIGNATURE_BYTES) {
      throw new IllegalArgumentException("a signature of " + signature.length + " bytes");
    }
    signature = signature.clone();
  }

  /** Signs a reply. */
  static SignedReply sign(Signer signer, HopStatement about, Question question, Reply reply) {
    return new SignedReply(question, reply, signer.sign(signedBytes(about, question, reply)));
  }

  /**
   * What is signed: a context that no other signature has, SHA-256 of what the statement's own
   * signature is over, and the canonical bytes of question and reply.
   */
  static byte[] signedBytes(HopStatement about, Question question, Reply reply) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(CONTEXT);
    all.writeBytes(about.hash().bytes());
    CborWriter out = new CborWriter();
    ReplyCodec.write(out, question);
    ReplyCodec.write(out, reply);
    all.writeBytes(out.toBytes());
    return all.toByteArray();
  }

  /** Whether the peer that signed a statement has signed this about it. */
  boolean isAbout(SignedStatement statement, Verifier verifier) {
    return verifier.verify(
        statement.hop(), signedBytes(statement.statement(), question, reply), signature);
  }

  /** Its canonical bytes, for a message. */
  public byte[] toBytes() {
    CborWriter out = new CborWriter();
    ReplyCodec.write(out, this);
    return out.toBytes();
  }

  /**
   * What {@link #toBytes} wrote. Any bytes may be given.
   *
   * @throws FolkmootException BAD_FILE if it is nothing of the kind, or not in its canonical form
   */
  public static SignedReply parse(byte[] bytes) {
    CborReader in = new CborReader(bytes, "answer in a dispute");
    in.require(bytes.length <= Limits.MAX_ANSWER, "it is too long");
    SignedReply reply = ReplyCodec.readSigned(in);
    in.end();
    return reply;
  }

  @Override
  public byte[] signature() {
    return signature.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SignedReply that
        && question.equals(that.question)
        && reply.equals(that.reply)
        && Arrays.equals(signature, that.signature);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(signature);
  }
}
