package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import org.folkmoot.base.FolkmootException;

/**
 * Where the store keeps what (see the package's description), and the few ways it writes.
 *
 * @param home the node's folder
 */
record StoreFolders(Path home) {
  Path blobs() {
    return models().resolve("blobs");
  }

  Path blob(String sha256) {
    return blobs().resolve(sha256 + ".gguf");
  }

  Path names() {
    return models().resolve("names");
  }

  Path partials() {
    return models().resolve("partial");
  }

  Path locks() {
    return models().resolve("locks");
  }

  Path hashes() {
    return models().resolve("hashes");
  }

  Path packed() {
    return models().resolve("packed");
  }

  private Path models() {
    return home.resolve("models");
  }

  /** Makes the folders. The home is the person's alone: it will hold keys and chats too. */
  void create() {
    try {
      if (!Files.exists(home)) {
        boolean posix = home.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] onlyOwner =
            posix
                ? new FileAttribute<?>[] {
                  PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        Files.createDirectories(home, onlyOwner);
      }
      for (Path folder : new Path[] {blobs(), names(), partials(), locks(), hashes()}) {
        Files.createDirectories(folder);
      }
    } catch (IOException refused) {
      throw cannotWrite(home, refused);
    }
  }

  /** Writes a small file whole or not at all. */
  static void writeAtomically(Path file, byte[] bytes) throws IOException {
    Path fresh = Files.createTempFile(file.getParent(), ".new-", "");
    try {
      Files.write(fresh, bytes);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  static FolkmootException cannotWrite(Path where, IOException why) {
    return new FolkmootException(
        NO_ROOM,
        "cannot write in "
            + where
            + " ("
            + Reason.of(why)
            + "): free some space or make it writable, or set FOLKMOOT_HOME to another folder",
        why);
  }
}
