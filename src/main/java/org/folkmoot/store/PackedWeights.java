package org.folkmoot.store;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Files with weights as kernels want them, made of the models here and of files that are used in
 * place: {@code models/packed/SHA256-LAYOUT.packed}. They can be made again at any time, so they
 * give way: those not used for a month, then the ones used longest ago, when there is no room. A
 * folder that cannot be written or read is as good as an empty one.
 */
public final class PackedWeights {
  private static final String ENDING = ".packed";
  private static final String UNFINISHED = ".part";

  /** Below this a model is repacked before anyone notices. */
  private static final long LEAST = 32L << 20;

  /** What stays free of a disk: somebody else's programs want to go on. */
  private static final long LEFT_FREE = 1L << 30;

  private static final Duration UNUSED = Duration.ofDays(30);

  /** No process writes as long. */
  private static final Duration ABANDONED = Duration.ofHours(6);

  private final StoreFolders folders;
  private final Disk disk;
  private final InstantSource clock;

  PackedWeights(StoreFolders folders, Disk disk, InstantSource clock) {
    this.folders = folders;
    this.disk = disk;
    this.clock = clock;
  }

  /**
   * The file of a model in a layout, if it is there; it counts as used.
   *
   * @param sha256 of the model's file
   */
  public Optional<Path> find(String sha256, String layout) {
    Path file = path(sha256, layout);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      Files.setLastModifiedTime(file, FileTime.from(clock.instant()));
    } catch (IOException readOnly) {
      return Optional.of(file);
    }
    return Optional.of(file);
  }

  /**
   * Where to put the file of a model in a layout, with room made for it; nothing if it should not
   * be made.
   *
   * @param bytes its length
   */
  public Optional<Path> place(String sha256, String layout, long bytes) {
    if (bytes < LEAST) {
      return Optional.empty();
    }
    try {
      folders.create();
      Files.createDirectories(folders.packed());
      return makeRoom(bytes) ? Optional.of(path(sha256, layout)) : Optional.empty();
    } catch (IOException | RuntimeException readOnly) {
      return Optional.empty();
    }
  }

  /** Removes a file. */
  public void discard(Path file) {
    long _ = delete(file);
  }

  /** Removes all files of a model and gives the bytes that they took. */
  static long deleteOf(StoreFolders folders, String sha256) {
    return files(folders, sha256 + "-*").stream().mapToLong(PackedWeights::delete).sum();
  }

  private boolean makeRoom(long bytes) throws IOException {
    Instant now = clock.instant();
    List<Path> byAge = new ArrayList<>();
    for (Path file : files(folders, "*")) {
      boolean unfinished = file.toString().endsWith(UNFINISHED);
      Duration allowed = unfinished ? ABANDONED : UNUSED;
      if (lastUse(file).plus(allowed).isBefore(now)) {
        long _ = delete(file);
      } else if (!unfinished) {
        byAge.add(file);
      }
    }
    byAge.sort(Comparator.comparing(PackedWeights::lastUse));
    for (Path file : byAge) {
      if (disk.usableBytes(folders.packed()) - bytes >= LEFT_FREE) {
        return true;
      }
      long _ = delete(file);
    }
    return disk.usableBytes(folders.packed()) - bytes >= LEFT_FREE;
  }

  private Path path(String sha256, String layout) {
    String name = "%s-%s%s".formatted(sha256, Sha256.ofText(layout).substring(0, 16), ENDING);
    return folders.packed().resolve(name);
  }

  private static List<Path> files(StoreFolders folders, String pattern) {
    List<Path> found = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folders.packed(), pattern)) {
      files.forEach(found::add);
    } catch (IOException nothingYet) {
      return List.of();
    }
    return found;
  }

  private static Instant lastUse(Path file) {
    try {
      return Files.getLastModifiedTime(file).toInstant();
    } catch (IOException gone) {
      return Instant.EPOCH;
    }
  }

  private static long delete(Path file) {
    try {
      long size = Files.size(file);
      Files.delete(file);
      return size;
    } catch (IOException goneOrReadOnly) {
      return 0;
    }
  }
}
