package org.folkmoot.ledger.note;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.peer.Signer;

/**
 * A text with signatures below it (C2SP signed-note). What is read is written back byte by byte, so
 * a note has one form only. Its text counts for nothing before {@link NoteKey#verifies}.
 *
 * @param text ends with a newline
 * @param lines the signatures, at least one
 */
public record SignedNote(String text, List<Line> lines) {
  /** Signatures of a note: a log's own and those of many witnesses. */
  public static final int MAX_LINES = 32;

  /** Bytes of a note: a checkpoint with as many signatures of the longest kind. */
  public static final int MAX_BYTES = 128 << 10;

  private static final String DASH = "— ";
  private static final int ID_BYTES = 4;

  /** Bytes of the longest signature that is kept: post-quantum ones have up to five thousand. */
  private static final int MAX_SIGNATURE = 8192;

  /**
   * One signature.
   *
   * @param name whose
   * @param keyId with which key
   * @param signature the bytes behind the key's id
   */
  public record Line(String name, int keyId, byte[] signature) {
    /** Checks and copies. */
    public Line {
      if (!NoteKey.isName(name) || signature.length == 0 || signature.length > MAX_SIGNATURE) {
        throw bad("a signature line is none");
      }
      signature = signature.clone();
    }

    /** The bytes behind the key's id. */
    @Override
    public byte[] signature() {
      return signature.clone();
    }

    /** The line with its newline. */
    public String line() {
      byte[] all =
          ByteBuffer.allocate(ID_BYTES + signature.length).putInt(keyId).put(signature).array();
      return DASH + name + " " + Base64Text.encode(all) + "\n";
    }

    /**
     * The signature of a line without its newline.
     *
     * @throws FolkmootException BAD_FILE if it is none
     */
    public static Line parse(String line) {
      String[] parts = line.split(" ", -1);
      if (parts.length != 3 || !line.startsWith(DASH)) {
        throw bad("a signature line is none");
      }
      byte[] all =
          Base64Text.decode(parts[2]).orElseThrow(() -> bad("a signature is not in base64"));
      if (all.length <= ID_BYTES) {
        throw bad("a signature is too short");
      }
      return new Line(
          parts[1], ByteBuffer.wrap(all).getInt(), Arrays.copyOfRange(all, ID_BYTES, all.length));
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Line(String itsName, int itsId, byte[] its)
          && name.equals(itsName)
          && keyId == itsId
          && Arrays.equals(signature, its);
    }

    @Override
    public int hashCode() {
      return 31 * keyId + Arrays.hashCode(signature);
    }
  }

  /** Checks and copies. */
  public SignedNote {
    lines = List.copyOf(lines);
    if (text.length() > MAX_BYTES || !text.endsWith("\n") || !isPlain(text)) {
      throw bad("its text has control characters, or does not end with a newline");
    }
    if (lines.isEmpty() || lines.size() > MAX_LINES) {
      throw bad("it has no signature, or more than " + MAX_LINES);
    }
  }

  private static boolean isPlain(String text) {
    return text.chars().allMatch(c -> c >= 0x20 || c == '\n');
  }

  static FolkmootException bad(String why) {
    return new FolkmootException(
        BAD_FILE, "this is no signed note: " + why + "; get an undamaged copy");
  }

  /** A text signed by one peer. */
  public static SignedNote sign(String text, String name, Signer signer) {
    NoteKey key = NoteKey.of(name, NoteKey.Kind.ED25519, signer.peerId());
    byte[] signature = signer.sign(text.getBytes(StandardCharsets.UTF_8));
    return new SignedNote(text, List.of(new Line(name, key.id(), signature)));
  }

  /**
   * Reads a stranger's bytes.
   *
   * @throws FolkmootException BAD_FILE if they are no note
   */
  public static SignedNote parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw bad("it is longer than " + MAX_BYTES + " bytes");
    }
    try {
      return parse(StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException notUtf8) {
      throw bad("it is not UTF-8");
    }
  }

  /** As {@link #parse(byte[])}. */
  public static SignedNote parse(String note) {
    int blank = note.lastIndexOf("\n\n");
    if (blank < 0 || !note.endsWith("\n")) {
      throw bad("no empty line stands before its signatures");
    }
    String[] below = note.substring(blank + 2).split("\n", MAX_LINES + 2);
    if (below.length > MAX_LINES + 1) {
      throw bad("it has more than %d signatures".formatted(MAX_LINES));
    }
    List<Line> lines = new ArrayList<>();
    for (String line : Arrays.asList(below).subList(0, below.length - 1)) {
      lines.add(Line.parse(line));
    }
    return new SignedNote(note.substring(0, blank + 1), lines);
  }

  /** The whole note. */
  public String note() {
    StringBuilder note = new StringBuilder(text).append('\n');
    lines.forEach(line -> note.append(line.line()));
    return note.toString();
  }

  /** The whole note in UTF-8. */
  public byte[] toBytes() {
    return note().getBytes(StandardCharsets.UTF_8);
  }

  /** The first signature that a key made; empty if it made none. */
  public Optional<Line> by(NoteKey key) {
    return lines.stream().filter(line -> key.verifies(text, line)).findFirst();
  }

  /** Whether a key signed it. */
  public boolean isBy(NoteKey key) {
    return by(key).isPresent();
  }

  /** The same with a signature more, in place of an older one by the same key; bounded. */
  public SignedNote with(Line line) {
    List<Line> all = new ArrayList<>(lines);
    all.removeIf(old -> old.keyId() == line.keyId() && old.name().equals(line.name()));
    if (all.size() < MAX_LINES) {
      all.add(line);
    }
    return new SignedNote(text, all);
  }
}
