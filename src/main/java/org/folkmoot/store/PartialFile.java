package org.folkmoot.store;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;
import static org.folkmoot.base.FolkmootException.Code.WRONG_HASH;
import static org.folkmoot.store.ProgressListener.Progress.UNKNOWN;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Map;
import org.folkmoot.base.ByteCount;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.store.ProgressListener.Progress;
import org.folkmoot.store.ProgressListener.Stage;
import org.jspecify.annotations.Nullable;

/**
 * A model file while it comes in. Beside it lies a description of what it is a part of; a partial
 * file that has one survives a failure and can be continued, one without is deleted when this
 * closes. Every byte passes the bound, the look at the file's kind and the hash on its way.
 *
 * <p>Used by one thread, which holds the pull's lock.
 */
final class PartialFile implements AutoCloseable {
  /** No model file is bigger: the largest open models have 1.3 TB at 16 bits, in many files. */
  static final long MAX_BYTES = 1L << 41;

  /** What must stay free on the disk: other programs, our own manifests and logs need some. */
  static final long RESERVE = 64L << 20;

  private static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);
  private static final long MAX_DESCRIPTION = 64 << 10;

  private final Path folder;
  private final Path file;
  private final Path description;
  private final Wanted wanted;
  private final Disk disk;
  private final String source;
  private final ProgressListener listener;
  private final SeekableByteChannel channel;
  private MessageDigest digest = Sha256.digest();
  private long length;
  private long total = UNKNOWN;
  private Stage stage = Stage.DOWNLOADING;

  /**
   * From where a download can go on.
   *
   * @param from how many bytes are here
   * @param validator what the same address said of its file (an ETag or a date), null if another
   *     address did
   */
  record Resumption(long from, @Nullable String validator) {
    static final Resumption NONE = new Resumption(0, null);
  }

  private PartialFile(
      StoreFolders folders, Wanted wanted, Disk disk, Source source, ProgressListener listener)
      throws IOException {
    this.folder = folders.partials();
    this.file = path(folders, wanted);
    this.description = describedBy(file);
    this.wanted = wanted;
    this.disk = disk;
    this.source = source.label();
    this.listener = listener;
    this.channel = disk.open(file);
  }

  /** Opens the partial file of a pull; what lies there stays until {@link #restart}. */
  static PartialFile open(
      StoreFolders folders, Wanted wanted, Disk disk, Source source, ProgressListener listener) {
    try {
      return new PartialFile(folders, wanted, disk, source, listener);
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folders.partials(), refused);
    }
  }

  static Path path(StoreFolders folders, Wanted wanted) {
    return folders.partials().resolve(wanted.key() + ".partial");
  }

  private static Path describedBy(Path file) {
    return file.resolveSibling(file.getFileName() + ".json");
  }

  /** Deletes a pull's partial file and its description. */
  static void delete(Path file) throws IOException {
    Files.deleteIfExists(describedBy(file));
    Files.deleteIfExists(file);
  }

  /** Takes up what came earlier, if it can be a part of what is wanted now. */
  Resumption resume() {
    try {
      Map<String, String> known = description();
      long there = length > 0 ? length : channel.size();
      boolean sameContent = wanted.sha256() != null && wanted.sha256().equals(known.get("sha256"));
      boolean tooLong = wanted.size() != Wanted.UNKNOWN_SIZE && there > wanted.size();
      if (there == 0 || tooLong || !(sameContent || validator(known) != null)) {
        restart();
        return Resumption.NONE;
      }
      if (length == 0) {
        Sha256.update(digest, file, done -> tell(Stage.CHECKING, done, there));
        length = there;
        channel.position(length);
      }
      return new Resumption(length, validator(known));
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folder, refused);
    }
  }

  /** Whether all bytes are here, as far as the wanted size tells. */
  boolean isWhole() {
    return length == wanted.size();
  }

  /** Whether a later pull can go on from what is here. */
  boolean isKept() {
    return length > 0 && Files.exists(description);
  }

  private @Nullable String validator(Map<String, String> known) {
    String validator = known.getOrDefault("validator", "");
    return source.equals(known.get("source")) && !validator.isEmpty() ? validator : null;
  }

  private Map<String, String> description() throws IOException {
    if (!Files.exists(description) || Files.size(description) > MAX_DESCRIPTION) {
      return Map.of();
    }
    try {
      return FlatJson.read(Files.readAllBytes(description));
    } catch (IOException damaged) {
      return Map.of();
    }
  }

  /** Forgets all bytes. */
  void restart() {
    try {
      Files.deleteIfExists(description);
      channel.truncate(0);
      channel.position(0);
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folder, refused);
    }
    digest = Sha256.digest();
    length = 0;
    total = UNKNOWN;
  }

  /**
   * Writes down what these bytes are a part of, if that is enough to go on with them later: the
   * hash of the whole, or what the source says of its file.
   */
  void describe(String validator) {
    if (wanted.sha256() == null && validator.isEmpty()) {
      return;
    }
    String hash = wanted.sha256() == null ? "" : wanted.sha256();
    try {
      StoreFolders.writeAtomically(
          description,
          FlatJson.write(Map.of("sha256", hash, "source", source, "validator", validator)));
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folder, refused);
    }
  }

  /**
   * Says how long the whole will be, {@link Progress#UNKNOWN} if the source doesn't say, and what
   * is going on. Refuses a length that cannot be right or has no room.
   */
  void expect(long wholeLength, Stage now) {
    if (wanted.size() != Wanted.UNKNOWN_SIZE
        && wholeLength != UNKNOWN
        && wholeLength != wanted.size()) {
      throw new FolkmootException(
          WRONG_HASH,
          source
              + " has a file of "
              + wholeLength
              + " bytes, but "
              + wanted.name()
              + " has "
              + wanted.size());
    }
    total = wholeLength != UNKNOWN ? wholeLength : wanted.size();
    stage = now;
    if (total > MAX_BYTES) {
      throw new FolkmootException(
          BAD_FILE, source + " says it has " + ByteCount.text(total) + ": no model file has that");
    }
    if (total != UNKNOWN) {
      requireRoom(disk, folder, total - length, wanted.name());
    }
    tell(stage, length, total);
  }

  /** Fails unless so many more bytes fit on the disk of a folder. */
  static void requireRoom(Disk disk, Path folder, long bytes, String name) {
    long usable;
    try {
      usable = disk.usableBytes(folder);
    } catch (IOException refused) {
      throw StoreFolders.cannotWrite(folder, refused);
    }
    if (usable - RESERVE < bytes) {
      throw new FolkmootException(
          NO_ROOM,
          "no room for "
              + name
              + ": it takes "
              + ByteCount.text(bytes)
              + " and "
              + ByteCount.text(RESERVE)
              + " to spare, but "
              + folder
              + " has "
              + ByteCount.text(usable)
              + ": free some space or set FOLKMOOT_HOME to a folder on another disk");
    }
  }

  /** Adds bytes. */
  void write(ByteBuffer bytes) {
    int count = bytes.remaining();
    if (length + count > (total == UNKNOWN ? MAX_BYTES : total)) {
      throw new FolkmootException(WRONG_HASH, source + " sends more bytes than it should");
    }
    for (int i = (int) Math.min(length, MAGIC.length); i < MAGIC.length; i++) {
      int offset = i - (int) length;
      if (offset < count && bytes.get(bytes.position() + offset) != MAGIC[i]) {
        throw new FolkmootException(BAD_FILE, "what " + source + " gives is not a GGUF file");
      }
    }
    digest.update(bytes.duplicate());
    try {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    } catch (IOException full) {
      throw StoreFolders.cannotWrite(folder, full);
    }
    length += count;
    tell(stage, length, total);
  }

  long length() {
    return length;
  }

  /** The whole length as far as it is known. */
  long total() {
    return total;
  }

  /**
   * Checks length and hash of the whole and brings it safely to disk. What is not what was promised
   * is deleted.
   *
   * @return the hash
   */
  String finish() throws IOException {
    String hash = Sha256.hex(digest);
    boolean right =
        length > MAGIC.length
            && (wanted.size() == Wanted.UNKNOWN_SIZE || wanted.size() == length)
            && (wanted.sha256() == null || wanted.sha256().equals(hash));
    if (!right) {
      restart();
      throw new FolkmootException(
          WRONG_HASH,
          "what "
              + source
              + " gave is not "
              + wanted.name()
              + " (sha256 "
              + hash
              + (wanted.sha256() == null ? "" : " instead of " + wanted.sha256())
              + "): it was deleted"
              + (wanted.hashOrigin() == HashOrigin.FIRST_PULL && wanted.sha256() != null
                  ? "; to take it all the same, first call 'folkmoot rm " + wanted.name() + "'"
                  : ""));
    }
    channel.close();
    try (FileChannel written = FileChannel.open(file, StandardOpenOption.WRITE)) {
      written.force(true);
    } catch (IOException full) {
      throw StoreFolders.cannotWrite(folder, full);
    }
    return hash;
  }

  /** Where the bytes lie. */
  Path file() {
    return file;
  }

  @Override
  public void close() throws IOException {
    channel.close();
    if (!Files.exists(description) || Files.notExists(file) || Files.size(file) == 0) {
      delete(file);
    }
  }

  private void tell(Stage now, long bytes, long of) {
    listener.progressed(new Progress(now, source, bytes, of));
  }
}
