package org.folkmoot.base;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Files that say who a person is, what they said, or whom they keep company with: nobody else may
 * read them.
 */
public final class PrivateFile {
  private PrivateFile() {}

  /** Makes a file's folder unless it is there; a new one is its owner's only. */
  public static void makeFolder(Path file) throws IOException {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IOException(file + " is not a file's path");
    }
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(folder, permissions(folder, "rwx------"));
    }
  }

  /** Makes an empty file, and its folder, unless they are there. */
  public static void create(Path file) throws IOException {
    makeFolder(file);
    try {
      Files.createFile(file, permissions(file, "rw-------"));
    } catch (FileAlreadyExistsException isThere) {
      return;
    }
  }

  /** Writes a file whole or not at all, over one that is there, and makes its folder. */
  public static void write(Path file, byte[] bytes) throws IOException {
    makeFolder(file);
    replace(file, bytes);
  }

  /** As {@link #write}, into a folder that must be there. */
  public static void replace(Path file, byte[] bytes) throws IOException {
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
