package org.folkmoot.ledger.note;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.OptionalLong;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Identity;
import org.folkmoot.peer.Signer;

/**
 * A witness's word (C2SP tlog-cosignature): as of this time, this checkpoint is the largest of its
 * log that the witness has seen, and it grew out of all that the witness saw before.
 */
public final class Cosignature {
  private static final String HEADER = "cosignature/v1\n";
  private static final byte[] SUBTREE = "subtree/v1\n\0".getBytes(StandardCharsets.US_ASCII);

  /** An X.509 key of ML-DSA-44 up to its bytes: SEQUENCE, the algorithm's OID, BIT STRING. */
  private static final byte[] ML_DSA_44_PREFIX =
      HexFormat.of().parseHex("30820532300b06096086480165030403110382052100");

  private Cosignature() {}

  /**
   * Cosigns a note.
   *
   * @param name the witness's
   * @param seconds the time, since 1970
   */
  public static SignedNote.Line sign(String text, String name, Signer witness, long seconds) {
    NoteKey key = NoteKey.of(name, NoteKey.Kind.COSIGNATURE, witness.peerId());
    byte[] signature = witness.sign(ed25519Message(text, seconds));
    return new SignedNote.Line(
        name,
        key.id(),
        ByteBuffer.allocate(Long.BYTES + signature.length).putLong(seconds).put(signature).array());
  }

  /** When a cosignature was made, in seconds since 1970; empty if the line is too short for one. */
  public static OptionalLong seconds(SignedNote.Line line) {
    byte[] bytes = line.signature();
    return bytes.length < Long.BYTES
        ? OptionalLong.empty()
        : OptionalLong.of(ByteBuffer.wrap(bytes).getLong());
  }

  /** Whether a witness's key made a line that names it. */
  static boolean verify(NoteKey key, String text, SignedNote.Line line) {
    byte[] bytes = line.signature();
    long seconds = ByteBuffer.wrap(bytes).getLong();
    if (seconds < 0) {
      return false;
    }
    byte[] signature = Arrays.copyOfRange(bytes, Long.BYTES, bytes.length);
    return switch (key.kind()) {
      case COSIGNATURE -> Identity.verify(key.peer(), ed25519Message(text, seconds), signature);
      case ML_DSA_44 -> verifyMlDsa(key, text, seconds, signature);
      case ED25519 -> false;
    };
  }

  private static byte[] ed25519Message(String text, long seconds) {
    return (HEADER + "time " + seconds + "\n" + text).getBytes(StandardCharsets.UTF_8);
  }

  private static boolean verifyMlDsa(NoteKey key, String text, long seconds, byte[] signature) {
    try {
      Checkpoint checkpoint = Checkpoint.parse(text);
      byte[] message = mlDsaMessage(key.name(), checkpoint, seconds);
      Signature verifier = Signature.getInstance("ML-DSA-44");
      verifier.initVerify(mlDsaKey(key));
      verifier.update(message);
      return verifier.verify(signature);
    } catch (FolkmootException noCheckpoint) {
      return false;
    } catch (GeneralSecurityException noKeyOrNoSignature) {
      return false;
    }
  }

  private static PublicKey mlDsaKey(NoteKey key) throws GeneralSecurityException {
    byte[] raw = key.bytes();
    byte[] encoded = Arrays.copyOf(ML_DSA_44_PREFIX, ML_DSA_44_PREFIX.length + raw.length);
    System.arraycopy(raw, 0, encoded, ML_DSA_44_PREFIX.length, raw.length);
    return KeyFactory.getInstance("ML-DSA-44").generatePublic(new X509EncodedKeySpec(encoded));
  }

  private static byte[] mlDsaMessage(String name, Checkpoint checkpoint, long seconds) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    message.writeBytes(SUBTREE);
    vector(message, name);
    message.writeBytes(number(seconds));
    vector(message, checkpoint.origin());
    message.writeBytes(number(0));
    message.writeBytes(number(checkpoint.size()));
    message.writeBytes(checkpoint.root().bytes());
    return message.toByteArray();
  }

  /** A text behind one byte with its length. */
  private static void vector(ByteArrayOutputStream message, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    if (utf8.length > 255) {
      throw SignedNote.bad("a name is too long");
    }
    message.write(utf8.length);
    message.writeBytes(utf8);
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(Long.BYTES).putLong(value).array();
  }
}
