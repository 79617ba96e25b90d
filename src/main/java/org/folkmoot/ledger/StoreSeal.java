package org.folkmoot.ledger;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.ledger.note.Base64Text;
import org.folkmoot.ledger.note.NoteKey;
import org.folkmoot.ledger.note.SignedNote;
import org.folkmoot.peer.Signer;
import org.folkmoot.wire.PeerId;

/**
 * A signed hash of the store's whole file, beside it while nobody writes to it. The entries' own
 * hashes cover all that means something; a database file has bytes that mean nothing (free pages,
 * counters), and the seal covers those too, so that a copy is known to be whole to the last bit.
 */
final class StoreSeal {
  static final String FILE = "ledger.seal";
  private static final String NAME = "folkmoot/store/";
  private static final int CHUNK = 1 << 20;

  private StoreSeal() {}

  private static String name(PeerId peer) {
    return NAME + peer.text();
  }

  private static String text(PeerId peer, Path file) throws IOException {
    MessageDigest sha256 = Hash32.newSha256();
    byte[] chunk = new byte[CHUNK];
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(chunk); read > 0; read = in.read(chunk)) {
        sha256.update(chunk, 0, read);
      }
    }
    return "%s\n%d\n%s\n"
        .formatted(name(peer), Files.size(file), Base64Text.encode(sha256.digest()));
  }

  /** Seals a file that nobody has open. */
  static void write(Path file, Signer signer) throws IOException {
    PeerId self = signer.peerId();
    SignedNote note = SignedNote.sign(text(self, file), name(self), signer);
    PrivateFile.write(file.resolveSibling(FILE), note.toBytes());
  }

  /** Whether there is a seal. */
  static boolean isThere(Path file) {
    return Files.exists(file.resolveSibling(FILE));
  }

  /** Whether the seal is by this peer and of these bytes. Any bytes may be asked about. */
  static boolean holds(Path file, PeerId by) throws IOException {
    Path seal = file.resolveSibling(FILE);
    if (Files.size(seal) > SignedNote.MAX_BYTES) {
      return false;
    }
    try {
      SignedNote note = SignedNote.parse(Files.readAllBytes(seal));
      return note.lines().size() == 1
          && note.isBy(NoteKey.of(name(by), NoteKey.Kind.ED25519, by))
          && note.text().equals(text(by, file));
    } catch (FolkmootException noNote) {
      return false;
    }
  }

  /** Breaks the seal: somebody is about to write. */
  static void remove(Path file) throws IOException {
    boolean _ = Files.deleteIfExists(file.resolveSibling(FILE));
  }
}
