package org.folkmoot.engine.gguf;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;

/**
 * A GGUF file, mapped read-only and checked: after {@link #open} every tensor lies inside the file,
 * overlaps no other, and has the length that its shape and format demand. Weights themselves are
 * not looked at.
 *
 * <p>The format: <a href="https://github.com/ggml-org/ggml/blob/master/docs/gguf.md">gguf.md</a>,
 * versions 2 and 3, little-endian. Not promised: anything about a file that is changed while it is
 * open.
 */
public final class GgufFile implements AutoCloseable {
  private final Path path;
  private final Arena arena;
  private final MemorySegment bytes;
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;
  private final Map<String, GgufParser.Range> ranges;
  private final long headBytes;

  private GgufFile(
      Path path,
      Arena arena,
      MemorySegment bytes,
      GgufMetadata metadata,
      Map<String, GgufTensor> tensors,
      Map<String, GgufParser.Range> ranges,
      long headBytes) {
    this.path = path;
    this.arena = arena;
    this.bytes = bytes;
    this.metadata = metadata;
    this.tensors = tensors;
    this.ranges = ranges;
    this.headBytes = headBytes;
  }

  /**
   * Opens and checks a file.
   *
   * @throws FolkmootException NOT_FOUND, BAD_FILE or UNSUPPORTED, with the file's name in the
   *     message
   */
  public static GgufFile open(Path path) {
    return open(path, false);
  }

  /**
   * Opens a file that has only the beginning of a model file, all before its weights: enough for
   * the tokenizer, the template and the configuration. Its tensors have no {@link #data}.
   *
   * @throws FolkmootException as {@link #open}
   */
  public static GgufFile openHead(Path path) {
    return open(path, true);
  }

  private static GgufFile open(Path path, boolean headOnly) {
    // To open a pipe would wait for its writer, for ever.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      String kind = Files.isDirectory(path) ? "a folder" : "not a regular file";
      throw new FolkmootException(BAD_FILE, shown(path) + ": it is " + kind + "; name a GGUF file");
    }
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      GgufParser parser = new GgufParser(bytes, headOnly);
      parser.parse();
      return new GgufFile(
          path,
          arena,
          bytes,
          parser.metadata(),
          parser.tensors(),
          parser.ranges(),
          parser.dataStart());
    } catch (NoSuchFileException missing) {
      arena.close();
      throw new FolkmootException(NOT_FOUND, shown(path) + ": there is no such file", missing);
    } catch (IOException failed) {
      arena.close();
      String reason =
          failed instanceof AccessDeniedException
              ? "its permissions forbid it"
              : GgufParser.printable(String.valueOf(failed.getMessage()));
      throw new FolkmootException(BAD_FILE, shown(path) + ": cannot be read: " + reason, failed);
    } catch (FolkmootException bad) {
      arena.close();
      String name = GgufParser.printable(String.valueOf(path.getFileName()));
      throw new FolkmootException(bad.code(), name + ": " + bad.getMessage(), bad);
    } catch (RuntimeException | Error unexpected) {
      arena.close();
      throw unexpected;
    }
  }

  private static String shown(Path path) {
    return GgufParser.printable(path.toString());
  }

  /** The file. */
  public Path path() {
    return path;
  }

  /** Its key-value part. */
  public GgufMetadata metadata() {
    return metadata;
  }

  /** Its tensors by name, in file order. */
  public Map<String, GgufTensor> tensors() {
    return tensors;
  }

  /** Bytes before the weights: what describes the model. */
  public long headBytes() {
    return headBytes;
  }

  /** A copy of the bytes before the weights. */
  public byte[] head() {
    return bytes.asSlice(0, Math.min(headBytes, bytes.byteSize())).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The type and the value of a key as the file has them, for {@link GgufWriter#raw}. */
  public byte[] rawValue(String key) {
    GgufParser.Range range = Objects.requireNonNull(ranges.get(key), key);
    return bytes.asSlice(range.from(), range.to() - range.from()).toArray(ValueLayout.JAVA_BYTE);
  }

  /** A tensor by name. */
  public Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** The bytes of one of this file's tensors, mapped; they are gone once the file is closed. */
  public MemorySegment data(GgufTensor tensor) {
    return bytes.asSlice(tensor.offset(), tensor.bytes());
  }

  /** Unmaps the file. Closing twice is harmless. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
