package org.folkmoot.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Files that hold what a person said: nobody else may read them. */
final class OwnerOnly {
  private OwnerOnly() {}

  /** Makes an empty file, and its folder, unless they are there. */
  static void create(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null && !Files.isDirectory(folder)) {
      Files.createDirectories(folder, permissions(folder, "rwx------"));
    }
    try {
      Files.createFile(file, permissions(file, "rw-------"));
    } catch (FileAlreadyExistsException isThere) {
      return;
    }
  }

  /** Writes a file whole or not at all, over one that is there. */
  static void write(Path file, byte[] bytes) throws IOException {
    Path target = file.toAbsolutePath();
    // Temporary files are the owner's only, by their contract.
    Path fresh = Files.createTempFile(target.getParent(), ".new-", "");
    try {
      Files.write(fresh, bytes);
      Files.move(
          fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static FileAttribute<?>[] permissions(Path at, String permissions) {
    return at.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }
}
