package org.folkmoot.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The model files, each under its hash, and what becomes of them when names go. */
final class Blobs {
  private static final String ENDING = ".gguf";

  /** Enough digits to tell files apart, few enough to type. */
  private static final int SHOWN_DIGITS = 12;

  private final StoreFolders folders;
  private final Index index;

  Blobs(StoreFolders folders, Index index) {
    this.folders = folders;
    this.index = index;
  }

  /** The files that no name points to: their entries were lost. */
  List<StoredModel> unnamed() {
    // Files before names: one that is installed meanwhile has its name by the time we look.
    SortedMap<String, Path> files = files();
    Set<String> named =
        index.manifests().stream().map(StoredModel::sha256).collect(Collectors.toSet());
    List<StoredModel> found = new ArrayList<>();
    files.forEach((hash, file) -> {
      try {
        if (!named.contains(hash)) {
          found.add(unnamed(hash, file));
        }
      } catch (IOException justRemoved) {
        // Then it is not to be listed.
        return;
      }
    });
    return found;
  }

  /** Removes a name and its file, if that was the last name of it. */
  long deleteName(StoredModel model) throws IOException {
    try (FileLocks.Held _ = index.lock()) {
      index.remove(model.name());
      return index.deleteUnlessNamed(model.sha256());
    }
  }

  /** Removes a file that has no name. */
  long delete(String sha256) throws IOException {
    try (FileLocks.Held _ = index.lock()) {
      return index.deleteUnlessNamed(sha256);
    }
  }

  private SortedMap<String, Path> files() {
    SortedMap<String, Path> found = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folders.blobs(), "*" + ENDING)) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        String hash = name.substring(0, name.length() - ENDING.length());
        if (Sha256.isHash(hash)) {
          found.put(hash, file);
        }
      }
    } catch (NoSuchFileException | NotDirectoryException nothingYet) {
      return found;
    } catch (IOException unreadable) {
      throw StoreFolders.cannotWrite(folders.blobs(), unreadable);
    }
    return found;
  }

  private static StoredModel unnamed(String hash, Path file) throws IOException {
    return new StoredModel(
        "sha256:" + hash.substring(0, SHOWN_DIGITS),
        file,
        hash,
        Files.size(file),
        StoredModel.UNKNOWN_LICENCE,
        "unknown: its entry in the index was lost",
        Files.getLastModifiedTime(file).toInstant(),
        HashOrigin.OWN_FILE);
  }
}
