package org.folkmoot.ledger;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.folkmoot.base.Hash32;
import org.folkmoot.wire.PeerId;

/** Signatures of notes as {@link Fsck} checks them: read anew, by the JDK's Ed25519. */
final class PlainNotes {
  /** An X.509 key of Ed25519 up to its 32 bytes. */
  private static final byte[] ED25519_PREFIX = HexFormat.of().parseHex("302a300506032b6570032100");

  private PlainNotes() {}

  /** Whether a cosignature by a peer's witness holds. */
  static boolean cosigned(String name, String base64, String text) {
    try {
      byte[] all = Base64.getDecoder().decode(base64);
      PeerId witness = PeerId.parse(name.substring("folkmoot/witness/".length()));
      if (all.length != 4 + 8 + 64 || !Base64.getEncoder().encodeToString(all).equals(base64)) {
        return false;
      }
      long seconds = ByteBuffer.wrap(all).getLong(4);
      byte[] key = witness.key().bytes();
      return ByteBuffer.wrap(all).getInt() == keyId(name, 4, key)
          && verify(
              key,
              "cosignature/v1\ntime " + seconds + "\n" + text,
              Arrays.copyOfRange(all, 12, all.length));
    } catch (RuntimeException nothing) {
      return false;
    }
  }

  /** Whether a note is signed by the key of its origin. */
  static boolean signedBy(byte[] key, String note) {
    int blank = note.lastIndexOf("\n\n");
    String text = note.substring(0, blank + 1);
    String origin = text.substring(0, text.indexOf('\n'));
    for (String line : note.substring(blank + 2).split("\n")) {
      String[] parts = line.split(" ", -1);
      if (parts.length == 3 && parts[0].equals("—") && parts[1].equals(origin)) {
        byte[] all = Base64.getDecoder().decode(parts[2]);
        if (all.length == 4 + 64
            && ByteBuffer.wrap(all).getInt() == keyId(origin, 1, key)
            && Base64.getEncoder().encodeToString(all).equals(parts[2])
            && verify(key, text, Arrays.copyOfRange(all, 4, all.length))) {
          return true;
        }
      }
    }
    return false;
  }

  private static int keyId(String name, int kind, byte[] key) {
    byte[] utf8 = (name + "\n").getBytes(StandardCharsets.UTF_8);
    byte[] all = Arrays.copyOf(utf8, utf8.length + 1 + key.length);
    all[utf8.length] = (byte) kind;
    System.arraycopy(key, 0, all, utf8.length + 1, key.length);
    return ByteBuffer.wrap(Hash32.sha256(all).bytes()).getInt();
  }

  private static boolean verify(byte[] key, String message, byte[] signature) {
    byte[] encoded = Arrays.copyOf(ED25519_PREFIX, ED25519_PREFIX.length + key.length);
    System.arraycopy(key, 0, encoded, ED25519_PREFIX.length, key.length);
    try {
      Signature verifier = Signature.getInstance("Ed25519");
      verifier.initVerify(
          KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded)));
      verifier.update(message.getBytes(StandardCharsets.UTF_8));
      return verifier.verify(signature);
    } catch (GeneralSecurityException noKeyOrSignature) {
      return false;
    }
  }

  /** The mark of a note's cosignatures: the sum of the beginnings of their hashes. */
  static long mark(String note) {
    int blank = note.lastIndexOf("\n\n");
    String origin = note.substring(0, note.indexOf('\n'));
    long mark = 0;
    for (String line : note.substring(blank + 2).split("\n")) {
      String[] parts = line.split(" ", -1);
      if (parts.length == 3 && !parts[1].equals(origin)) {
        byte[] all = Base64.getDecoder().decode(parts[2]);
        byte[] signature = Arrays.copyOfRange(all, 4, all.length);
        mark += ByteBuffer.wrap(Hash32.sha256(signature).bytes()).getLong();
      }
    }
    return mark;
  }
}
