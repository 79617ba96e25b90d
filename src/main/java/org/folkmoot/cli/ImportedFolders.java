package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.convert.HuggingFaceImport;
import org.folkmoot.engine.convert.Recipe;
import org.folkmoot.kernel.WorkerPool;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/** Hugging Face folders, converted once: the same contents are not converted again. */
final class ImportedFolders {
  /** Enough of a hash to tell folders apart. */
  private static final int KEY_DIGITS = 16;

  private ImportedFolders() {}

  /**
   * A reference as it is; or, where it is a folder with a model, the name of the model file that
   * was made of it, made now if it is not here yet.
   */
  static String resolve(Surroundings surroundings, String reference) {
    Optional<Path> folder = folder(reference);
    if (folder.isEmpty()) {
      return reference;
    }
    String name = nameOf(folder.get(), null);
    String family = name.substring(0, name.indexOf(':'));
    String cached = family + ":folder-" + key(surroundings, folder.get());
    if (Models.store(surroundings).resolve(cached).isEmpty()) {
      surroundings.console().note(reference + " is converted, once, to " + cached);
      convert(surroundings, folder.get(), null, cached);
    }
    return cached;
  }

  private static Optional<Path> folder(String reference) {
    try {
      Path path = Path.of(reference);
      return HuggingFaceImport.isFolder(path) ? Optional.of(path) : Optional.empty();
    } catch (InvalidPathException noPath) {
      return Optional.empty();
    }
  }

  /** A hash of all that a conversion depends on. */
  private static String key(Surroundings surroundings, Path folder) {
    MessageDigest digest = Hash32.newSha256();
    try (PullProgress progress = new PullProgress(surroundings)) {
      ModelStore store = Models.store(surroundings);
      for (Path file : HuggingFaceImport.files(folder)) {
        String line = file.getFileName() + " " + store.hashOf(file, progress) + "\n";
        digest.update(line.getBytes(StandardCharsets.UTF_8));
      }
    }
    return HexFormat.of().formatHex(digest.digest()).substring(0, KEY_DIGITS);
  }

  /** What a folder's model is called if nobody says. */
  static String nameOf(Path folder, @Nullable Recipe recipe) {
    String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    String clean =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-").replaceFirst("^[._-]+", "");
    String family = clean.isEmpty() ? "model" : clean.substring(0, Math.min(clean.length(), 80));
    return family + ":" + (recipe == null ? "latest" : recipe.name().toLowerCase(Locale.ROOT));
  }

  /** Converts a folder and keeps the result under a name. */
  static StoredModel convert(
      Surroundings surroundings, Path folder, @Nullable Recipe recipe, String name) {
    ModelStore store = Models.store(surroundings);
    Path made = store.newFile();
    try {
      long size = 0;
      for (Path file : HuggingFaceImport.files(folder)) {
        size += Files.size(file);
      }
      try (WorkerPool pool = new WorkerPool(Runtime.getRuntime().availableProcessors());
          ConversionBar bar = new ConversionBar(surroundings, "converting ", size)) {
        HuggingFaceImport.write(folder, made, recipe, pool, bar);
      }
      return store.adopt(made, name, folder.toAbsolutePath().normalize().toString());
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "the model could not be written to "
              + surroundings.home()
              + ": "
              + failed.getMessage()
              + "; free some space, or set FOLKMOOT_HOME to another folder",
          failed);
    } finally {
      discard(made);
    }
  }

  private static void discard(Path made) {
    try {
      Files.deleteIfExists(made);
    } catch (IOException stays) {
      return; // the next conversion has a file of its own
    }
  }
}
