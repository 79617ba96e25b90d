package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.Checkpoint;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;

/**
 * What proves to anybody, without the rest of the log, that an entry is in it (C2SP tlog-proof).
 *
 * @param index the entry's position
 * @param hashes the way from the entry to the root
 * @param checkpoint what the log, and perhaps witnesses, have signed
 */
public record InclusionProof(long index, List<Hash32> hashes, SignedNote checkpoint) {
  /** Bytes of a proof. */
  public static final int MAX_BYTES = SignedNote.MAX_BYTES + (8 << 10);

  private static final String HEADER = "c2sp.org/tlog-proof@v1";
  private static final String INDEX = "index ";
  private static final int MAX_HASHES = 63;

  /** Checks and copies. */
  public InclusionProof {
    hashes = List.copyOf(hashes);
    if (index < 0 || hashes.size() > MAX_HASHES) {
      throw bad("it is out of bounds");
    }
  }

  private static FolkmootException bad(String why) {
    return new FolkmootException(
        BAD_FILE, "this is no proof of an entry: " + why + "; get an undamaged copy");
  }

  /**
   * Whom a reader believes.
   *
   * @param log the log's key
   * @param witnesses keys of witnesses
   * @param quorum how many of them must have cosigned for {@link Ledger.Finality#WITNESSED}
   */
  public record TrustRoot(NoteKey log, List<NoteKey> witnesses, int quorum) {
    /** Copies. */
    public TrustRoot {
      witnesses = List.copyOf(witnesses);
    }
  }

  /**
   * What the proof proves of an entry: how final it is, or empty if it proves nothing. Pure: needs
   * neither the log nor a network.
   */
  public Optional<Ledger.Finality> verify(byte[] entry, TrustRoot trust) {
    if (!checkpoint.isBy(trust.log)) {
      return Optional.empty();
    }
    Checkpoint head;
    try {
      head = Checkpoint.parse(checkpoint.text());
    } catch (FolkmootException noCheckpoint) {
      return Optional.empty();
    }
    boolean holds =
        head.origin().equals(trust.log.name())
            && MerkleTree.includes(
                head.root(), head.size(), index, MerkleTree.leafHash(entry), hashes);
    if (!holds) {
      return Optional.empty();
    }
    Set<String> cosigned = new TreeSet<>();
    for (NoteKey witness : trust.witnesses) {
      if (checkpoint.isBy(witness)) {
        cosigned.add(witness.text());
      }
    }
    return Optional.of(
        trust.quorum > 0 && cosigned.size() >= trust.quorum
            ? Ledger.Finality.WITNESSED
            : Ledger.Finality.LOCAL);
  }

  /** The proof as a text. */
  public String text() {
    StringBuilder text = new StringBuilder(HEADER).append('\n');
    text.append(INDEX).append(index).append('\n');
    hashes.forEach(hash -> text.append(Base64Text.encode(hash.bytes())).append('\n'));
    return text.append('\n').append(checkpoint.note()).toString();
  }

  /**
   * Reads a stranger's bytes. Extra data is no part of what we write, and is refused.
   *
   * @throws FolkmootException BAD_FILE if they are no proof
   */
  public static InclusionProof parse(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw bad("it is too long");
    }
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notUtf8) {
      throw bad("it is not UTF-8");
    }
    int blank = text.indexOf("\n\n");
    if (blank < 0) {
      throw bad("it has no checkpoint");
    }
    String[] lines = text.substring(0, blank).split("\n", -1);
    if (lines.length < 2
        || lines.length > 2 + MAX_HASHES
        || !lines[0].equals(HEADER)
        || !lines[1].matches("index (0|[1-9][0-9]{0,17})")) {
      throw bad("its first lines are wrong");
    }
    List<Hash32> hashes = new ArrayList<>();
    for (String line : Arrays.asList(lines).subList(2, lines.length)) {
      hashes.add(
          Base64Text.decode(line)
              .filter(hash -> hash.length == Hash32.BYTES)
              .map(Hash32::of)
              .orElseThrow(() -> bad("a line is no hash")));
    }
    return new InclusionProof(
        Long.parseLong(lines[1].substring(INDEX.length())),
        hashes,
        SignedNote.parse(text.substring(blank + 2)));
  }
}
