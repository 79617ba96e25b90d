package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.SplitName;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;

/**
 * Files that a person keeps elsewhere and runs in place. Their hash is computed once and remembered
 * by path, size and time of change.
 */
final class OwnFiles {
  /**
   * A file changed a moment ago may change again within the same tick of the file system's clock,
   * whose steps are up to two seconds: its hash is not remembered yet.
   */
  private static final Duration SETTLED = Duration.ofSeconds(2);

  private static final long MAX_NOTE = 64 << 10;

  private final StoreFolders folders;
  private final InstantSource clock;

  OwnFiles(StoreFolders folders, InstantSource clock) {
    this.folders = folders;
    this.clock = clock;
  }

  /** The model that a file is; of a split one, all parts, in their order. */
  StoredModel model(Path file, ProgressListener listener) {
    List<Path> parts = parts(file);
    if (parts.size() > 1) {
      return split(file, parts, listener);
    }
    BasicFileAttributes attributes = attributes(file);
    return new StoredModel(
        file.toString(),
        file.toAbsolutePath().normalize(),
        hash(file, attributes, listener),
        attributes.size(),
        StoredModel.UNKNOWN_LICENCE,
        file.toString(),
        attributes.lastModifiedTime().toInstant(),
        HashOrigin.OWN_FILE);
  }

  /** A file, or all parts that it is one of. */
  static List<Path> parts(Path file) {
    return SplitName.of(String.valueOf(file.getFileName()))
        .map(name -> name.all().stream().map(file::resolveSibling).toList())
        .orElse(List.of(file));
  }

  /** What identifies a split model is the hash of its parts' hashes, a line for each. */
  private StoredModel split(Path file, List<Path> parts, ProgressListener listener) {
    MessageDigest all = Sha256.digest();
    long size = 0;
    for (Path part : parts) {
      if (!Files.exists(part)) {
        throw new FolkmootException(
            NOT_FOUND,
            "the model is split, and its part "
                + part.getFileName()
                + " is missing: put it beside "
                + file.getFileName());
      }
      BasicFileAttributes attributes = attributes(part);
      size += attributes.size();
      all.update((hash(part, attributes, listener) + "\n").getBytes(StandardCharsets.US_ASCII));
    }
    return new StoredModel(
        file.toString(),
        parts.getFirst().toAbsolutePath().normalize(),
        Sha256.hex(all),
        size,
        StoredModel.UNKNOWN_LICENCE,
        file.toString(),
        attributes(file).lastModifiedTime().toInstant(),
        HashOrigin.OWN_FILE);
  }

  static BasicFileAttributes attributes(Path file) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        throw new FolkmootException(BAD_FILE, file + " is not a file");
      }
      return attributes;
    } catch (NoSuchFileException absent) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + file, absent);
    } catch (IOException refused) {
      throw unreadable(file, refused);
    }
  }

  static FolkmootException unreadable(Path file, IOException why) {
    return new FolkmootException(BAD_FILE, file + " cannot be read: " + Reason.of(why), why);
  }

  private String hash(Path file, BasicFileAttributes attributes, ProgressListener listener) {
    try {
      Path real = file.toRealPath();
      Path note =
          folders.hashes().resolve(Sha256.ofText(real.toString()).substring(0, 32) + ".json");
      String version = attributes.size() + " bytes, " + attributes.lastModifiedTime();
      Optional<String> known = remembered(note, real, version);
      if (known.isPresent()) {
        return known.get();
      }
      long size = attributes.size();
      String hash =
          Sha256.ofFile(
              real,
              done ->
                  listener.progressed(new Progress(Stage.CHECKING, file.toString(), done, size)));
      Instant changed = attributes.lastModifiedTime().toInstant();
      boolean unchanged = attributes(real).lastModifiedTime().equals(attributes.lastModifiedTime());
      if (unchanged && changed.plus(SETTLED).isBefore(clock.instant())) {
        remember(note, real, version, hash);
      }
      return hash;
    } catch (IOException refused) {
      throw unreadable(file, refused);
    }
  }

  private static Optional<String> remembered(Path note, Path file, String version) {
    try {
      if (!Files.exists(note) || Files.size(note) > MAX_NOTE) {
        return Optional.empty();
      }
      Map<String, String> fields = FlatJson.read(Files.readAllBytes(note));
      return Optional.ofNullable(fields.get("sha256"))
          .filter(Sha256::isHash)
          .filter(_ -> file.toString().equals(fields.get("path")))
          .filter(_ -> version.equals(fields.get("version")));
    } catch (IOException damaged) {
      return Optional.empty();
    }
  }

  /** To forget is only slow, so nothing is said where the home cannot be written. */
  private void remember(Path note, Path file, String version, String hash) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("path", file.toString());
    fields.put("version", version);
    fields.put("sha256", hash);
    try {
      folders.create();
      StoreFolders.writeAtomically(note, FlatJson.write(fields));
    } catch (IOException | FolkmootException readOnlyHome) {
      return;
    }
  }
}
