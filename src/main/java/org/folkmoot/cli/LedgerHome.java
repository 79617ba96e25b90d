package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.Feed;
import org.folkmoot.ledger.LedgerStore;
import org.folkmoot.peer.Identity;
import org.folkmoot.wire.PeerId;
import org.jspecify.annotations.Nullable;

/** The ledger of a home, as commands open it. */
record LedgerHome(Surroundings surroundings) {
  Path folder() {
    return surroundings.home().resolve("ledger");
  }

  Identity identity() {
    return Identity.atHome(surroundings.home(), new SecureRandom());
  }

  LedgerStore open(Identity identity) {
    return LedgerStore.open(folder(), identity);
  }

  /** The feed that a person means. */
  static PeerId peer(@Nullable String feed, LedgerStore store, Identity identity) {
    if (feed == null) {
      return identity.peerId();
    }
    List<PeerId> found =
        store.feeds().stream()
            .map(Feed::peer)
            .filter(peer -> peer.text().startsWith(feed))
            .toList();
    if (found.size() != 1) {
      throw new FolkmootException(
          NOT_FOUND,
          "%s feeds here begin with '%s': 'folkmoot ledger ls' lists them"
              .formatted(found.isEmpty() ? "no" : "several", feed));
    }
    return found.getFirst();
  }

  /** A file that a person named. */
  static byte[] read(Path path, int most) {
    if (!Files.isRegularFile(path)) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + path);
    }
    try {
      if (Files.size(path) > most) {
        throw new FolkmootException(BAD_FILE, path + " is longer than any such file can be");
      }
      return Files.readAllBytes(path);
    } catch (IOException failed) {
      throw new FolkmootException(
          BAD_FILE, "%s cannot be read (%s)".formatted(path, failed.getMessage()), failed);
    }
  }
}
