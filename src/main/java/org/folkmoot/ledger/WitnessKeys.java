package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.note.NoteKey;

/**
 * Witnesses that are no peers, as a person has entered them: a file of verifier keys, one a line,
 * each perhaps with the address at which that witness is to be asked; empty lines and those that
 * begin with {@code #} say nothing.
 */
public final class WitnessKeys {
  /** In the ledger's folder. */
  public static final String FILE = "witnesses";

  /** Keys: each is tried on each cosignature of a stranger. */
  private static final int MOST = 64;

  /** A key of ML-DSA-44 has some 1,800 characters, and a name. */
  private static final int MAX_BYTES = MOST * 2800;

  private WitnessKeys() {}

  /**
   * A witness.
   *
   * @param address what its {@code add-checkpoint} is under; empty for one that is not asked
   */
  public record Known(NoteKey key, Optional<URI> address) {}

  /**
   * Reads the witnesses of a ledger's folder; none if there is no file.
   *
   * @throws FolkmootException BAD_FILE if a line is no key, or no address follows it
   */
  public static List<Known> read(Path folder) {
    Path file = folder.resolve(FILE);
    if (!Files.exists(file)) {
      return List.of();
    }
    List<Known> keys = new ArrayList<>();
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw bad(file, "it is too long");
      }
      for (String line : Files.readAllLines(file)) {
        if (!line.isBlank() && !line.startsWith("#")) {
          keys.add(known(file, line.strip()));
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

  private static Known known(Path file, String line) {
    String[] parts = line.split("\\s+", 2);
    NoteKey key = key(file, parts[0]);
    return new Known(
        key, parts.length == 1 ? Optional.empty() : Optional.of(address(file, parts[1])));
  }

  private static URI address(Path file, String text) {
    try {
      URI address = new URI(text);
      String scheme = String.valueOf(address.getScheme());
      boolean plain = address.getQuery() == null && address.getFragment() == null;
      if (address.getHost() != null && plain && (scheme.equals("https") || scheme.equals("http"))) {
        return address;
      }
    } catch (URISyntaxException malformed) {
      // As for any other text.
    }
    throw bad(file, "'%s' is no address: write https://HOST/PATH".formatted(text));
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
