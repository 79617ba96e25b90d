package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.note.NoteKey;

/**
 * Keys of witnesses that are no peers, as a person has entered them: a file of verifier keys, one a
 * line; empty lines and those that begin with {@code #} say nothing.
 */
public final class WitnessKeys {
  /** In the ledger's folder. */
  public static final String FILE = "witnesses";

  /** Keys: each is tried on each cosignature of a stranger. */
  private static final int MOST = 64;

  /** A key of ML-DSA-44 has some 1,800 characters, and a name. */
  private static final int MAX_BYTES = MOST * 2400;

  private WitnessKeys() {}

  /**
   * Reads the keys of a ledger's folder; none if there is no file.
   *
   * @throws FolkmootException BAD_FILE if a line is no key
   */
  public static Set<NoteKey> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return Set.of();
    }
    Set<NoteKey> keys = new LinkedHashSet<>();
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw bad(file, "it is too long");
      }
      for (String line : Files.readAllLines(file)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          keys.add(key(file, line.strip()));
        }
      }
    } catch (IOException failed) {
      throw bad(file, String.valueOf(failed.getMessage()));
    }
    if (keys.size() > MOST) {
      throw bad(file, "it has more than %d keys".formatted(MOST));
    }
    return keys;
  }

  private static NoteKey key(Path file, String line) {
    try {
      NoteKey key = NoteKey.parse(line);
      if (key.kind() == NoteKey.Kind.ED25519) {
        throw bad(file, "the key of '%s' is no witness's".formatted(key.name()));
      }
      return key;
    } catch (FolkmootException noKey) {
      throw bad(file, String.valueOf(noKey.getMessage()));
    }
  }

  private static FolkmootException bad(Path file, String why) {
    return new FolkmootException(
        BAD_FILE,
        "%s cannot be used: %s; mend the line or move the file away".formatted(file, why));
  }
}
