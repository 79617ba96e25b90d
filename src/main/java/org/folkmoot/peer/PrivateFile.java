package org.folkmoot.peer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Files that say whom a person keeps company with: nobody else may read them. */
public final class PrivateFile {
  private PrivateFile() {}

  /** Writes a file whole or not at all, over one that is there, and makes its folder. */
  public static void write(Path file, byte[] bytes) throws IOException {
    Path target = file.toAbsolutePath();
    Path folder = target.getParent();
    if (folder == null) {
      throw new IOException(target + " is not a file's path");
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, ownerOnly(folder));
    }
    // Temporary files are the owner's only, by their contract.
    Path fresh = Files.createTempFile(folder, ".new-", "");
    try {
      Files.write(fresh, bytes);
      Files.move(
          fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }

  private static FileAttribute<?>[] ownerOnly(Path at) {
    return at.getFileSystem().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
        }
        : new FileAttribute<?>[0];
  }
}
