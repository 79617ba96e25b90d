package org.folkmoot.ledger.note;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;

/**
 * A key that notes are checked with (C2SP signed-note): whose it is, by what rule it signs, and its
 * bytes. Two keys of one name and one id are told apart by trying.
 *
 * @param name who signs; no spaces, no plus
 * @param bytes the public key
 */
public record NoteKey(String name, Kind kind, byte[] bytes) {
  /** By what rule a key signs. */
  public enum Kind {
    /** Ed25519 over the note's text. */
    ED25519(0x01, 32, 64),
    /** Ed25519 over the time and the note's text (C2SP tlog-cosignature). */
    COSIGNATURE(0x04, 32, Long.BYTES + 64),
    /** ML-DSA-44 over the time and what a checkpoint says (C2SP tlog-cosignature; FIPS 204). */
    ML_DSA_44(0x06, 1312, Long.BYTES + 2420);

    private final int number;
    private final int keyBytes;
    private final int signatureBytes;

    Kind(int number, int keyBytes, int signatureBytes) {
      this.number = number;
      this.keyBytes = keyBytes;
      this.signatureBytes = signatureBytes;
    }

    /** The signature type in front of a public key. */
    int number() {
      return number;
    }

    /** Bytes of a signature behind the key's id. */
    int signatureBytes() {
      return signatureBytes;
    }
  }

  /** Longest name: that of a feed has 70 characters. */
  static final int MAX_NAME = 255;

  private static final int ID_DIGITS = 8;

  /** Checks and copies. */
  public NoteKey {
    if (!isName(name)) {
      throw new FolkmootException(BAD_REQUEST, "a key's name has no spaces and no plus, this has");
    }
    if (bytes.length != kind.keyBytes) {
      throw new FolkmootException(
          BAD_REQUEST,
          "such a key has %d bytes, this has %d".formatted(kind.keyBytes, bytes.length));
    }
    bytes = bytes.clone();
  }

  /** A key of the kind that is a peer's own. */
  public static NoteKey of(String name, Kind kind, PeerId peer) {
    return new NoteKey(name, kind, peer.key().bytes());
  }

  static boolean isName(String name) {
    return !name.isEmpty()
        && name.length() <= MAX_NAME
        && name.chars().noneMatch(c -> c == '+' || c < 0x20 || isSpace(c));
  }

  private static boolean isSpace(int c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }

  /** The public key. */
  @Override
  public byte[] bytes() {
    return bytes.clone();
  }

  /** The 32 bits by which a note says whose a signature is. */
  public int id() {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update(name.getBytes(StandardCharsets.UTF_8));
    sha256.update((byte) '\n');
    sha256.update((byte) kind.number);
    return ByteBuffer.wrap(sha256.digest(bytes)).getInt();
  }

  /** The verifier key as other programs take it: name, id and key, joined by plus signs. */
  public String text() {
    ByteArrayOutputStream key = new ByteArrayOutputStream();
    key.write(kind.number);
    key.writeBytes(bytes);
    return "%s+%s+%s"
        .formatted(name, HexFormat.of().toHexDigits(id()), Base64Text.encode(key.toByteArray()));
  }

  /**
   * The key of a verifier key string.
   *
   * @throws FolkmootException BAD_REQUEST if it is none, or of another kind
   */
  public static NoteKey parse(String text) {
    String[] parts = text.split("\\+", 3);
    Optional<byte[]> key = parts.length == 3 ? Base64Text.decode(parts[2]) : Optional.empty();
    if (key.isEmpty() || key.get().length == 0 || parts[1].length() != ID_DIGITS) {
      throw new FolkmootException(
          BAD_REQUEST, "a verifier key has the form NAME+ID+KEY, this has not: copy it whole");
    }
    byte[] bytes = key.get();
    Kind kind =
        Arrays.stream(Kind.values())
            .filter(one -> one.number == (bytes[0] & 0xff))
            .findFirst()
            .orElseThrow(() ->
                new FolkmootException(
                    BAD_REQUEST,
                    "a key of a kind that is not known here: Ed25519, its cosignatures and"
                        + " ML-DSA-44 are"));
    NoteKey read = new NoteKey(parts[0], kind, Arrays.copyOfRange(bytes, 1, bytes.length));
    if (!parts[1].equals(HexFormat.of().toHexDigits(read.id()))) {
      throw new FolkmootException(
          BAD_REQUEST, "a verifier key whose id is not that of its name and key: copy it whole");
    }
    return read;
  }

  /** Whether a signature line of a note names this key. */
  public boolean isNamedBy(SignedNote.Line line) {
    return line.keyId() == id() && line.name().equals(name);
  }

  /** Whether this key made a signature of a note. Any line and any text may be asked about. */
  public boolean verifies(String text, SignedNote.Line line) {
    if (!isNamedBy(line) || line.signature().length != kind.signatureBytes) {
      return false;
    }
    return switch (kind) {
      case ED25519 ->
          Identity.verify(peer(), text.getBytes(StandardCharsets.UTF_8), line.signature());
      case COSIGNATURE, ML_DSA_44 -> Cosignature.verify(this, text, line);
    };
  }

  /** The peer whose key an Ed25519 key is. */
  public PeerId peer() {
    return new PeerId(Hash32.of(bytes));
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NoteKey(String itsName, Kind itsKind, byte[] itsBytes)
        && name.equals(itsName)
        && kind == itsKind
        && Arrays.equals(bytes, itsBytes);
  }

  @Override
  public int hashCode() {
    return 31 * name.hashCode() + Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return text();
  }
}
