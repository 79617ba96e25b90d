package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.SplitName;
import org.folkmoot.engine.convert.GgufMerge;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.store.ModelStore;
import org.folkmoot.store.StoredModel;
import org.jspecify.annotations.Nullable;

/**
 * Models that come in parts, {@code x-00001-of-00003.gguf}. On this machine they run where they
 * lie; what is pulled is put together, so that the store has one file with one hash.
 */
final class SplitModels {
  private SplitModels() {}

  /** Whether a reference names a part of a split model. */
  static boolean isSplit(String reference) {
    return SplitName.of(fileName(reference)).isPresent();
  }

  /** A reference as it is; of a split model elsewhere, its name here, pulled if it is not here. */
  static String resolve(Surroundings surroundings, String reference) {
    if (!isSplit(reference) || !isElsewhere(reference)) {
      return reference;
    }
    String name = name(reference);
    if (Models.store(surroundings).resolve(name).isEmpty()) {
      pull(surroundings, reference, name);
    }
    return name;
  }

  private static boolean isElsewhere(String reference) {
    return reference.startsWith("hf:") || reference.startsWith("pip:") || reference.contains("://");
  }

  private static String fileName(String reference) {
    return reference.substring(reference.lastIndexOf('/') + 1);
  }

  private static String name(String reference) {
    String stem = SplitName.of(fileName(reference)).orElseThrow().stem();
    String clean =
        stem.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-").replaceFirst("^[._-]+", "");
    return (clean.isEmpty() ? "model" : clean.substring(0, Math.min(90, clean.length())))
        + ":latest";
  }

  /** Brings all parts here and keeps them as one file. */
  static StoredModel pull(Surroundings surroundings, String reference, @Nullable String as) {
    ModelStore store = Models.store(surroundings);
    String folder = reference.substring(0, reference.length() - fileName(reference).length());
    List<String> references =
        SplitName.of(fileName(reference)).orElseThrow().all().stream().map(folder::concat).toList();
    boolean elsewhere = isElsewhere(reference);
    List<Path> parts = new ArrayList<>();
    try (PullProgress progress = new PullProgress(surroundings)) {
      for (String part : references) {
        parts.add(elsewhere ? store.pull(part, progress).path() : Path.of(part));
      }
    }
    StoredModel whole = merge(surroundings, parts, as == null ? name(reference) : as, reference);
    if (elsewhere) {
      references.forEach(store::remove);
    }
    return whole;
  }

  private static StoredModel merge(
      Surroundings surroundings, List<Path> parts, String name, String source) {
    ModelStore store = Models.store(surroundings);
    Path made = store.newFile();
    try {
      long size = 0;
      for (Path part : parts) {
        size += Files.exists(part) ? Files.size(part) : 0;
      }
      try (GgufFile file = GgufFile.openParts(parts);
          ConversionBar bar = new ConversionBar(surroundings, "joining    ", size)) {
        GgufMerge.write(file, made, bar);
      }
      return store.adopt(made, name, source);
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "the parts could not be put together in "
              + surroundings.home()
              + ": "
              + failed.getMessage()
              + "; free some space, or set FOLKMOOT_HOME to another folder",
          failed);
    } finally {
      try {
        Files.deleteIfExists(made);
      } catch (IOException stays) {
        surroundings.console().note("cannot delete " + made);
      }
    }
  }
}
