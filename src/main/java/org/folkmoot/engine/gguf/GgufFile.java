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
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.SplitName;

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
  private final GgufMetadata metadata;
  private final Map<String, GgufTensor> tensors;
  private final Map<String, GgufParser.Range> ranges;
  private final long headBytes;

  /** The file, or of a split one all parts in order. */
  private final List<Part> parts;

  /** A file of several. */
  private record Part(Path path, MemorySegment bytes, GgufParser parser) {}

  private GgufFile(Arena arena, List<Part> parts, Map<String, GgufTensor> tensors) {
    Part first = parts.getFirst();
    this.path = first.path;
    this.arena = arena;
    this.metadata = first.parser.metadata();
    this.tensors = tensors;
    this.ranges = first.parser.ranges();
    this.headBytes = first.parser.dataStart();
    this.parts = List.copyOf(parts);
  }

  /**
   * Opens and checks a file; of a split one, whichever part is named, all parts, which must lie
   * beside it.
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

  /**
   * Opens the parts of a split file, wherever they lie.
   *
   * @throws FolkmootException as {@link #open}
   */
  public static GgufFile openParts(List<Path> parts) {
    Arena arena = Arena.ofShared();
    try {
      return of(arena, parts.stream().map(part -> part(arena, part, false)).toList());
    } catch (RuntimeException | Error failed) {
      arena.close();
      throw failed;
    }
  }

  private static GgufFile open(Path path, boolean headOnly) {
    Arena arena = Arena.ofShared();
    try {
      Part one = part(arena, path, headOnly);
      long count = one.parser.metadata().integer("split.count").orElse(1);
      if (count == 1 || headOnly) {
        return new GgufFile(arena, List.of(one), one.parser.tensors());
      }
      SplitName name =
          SplitName.of(String.valueOf(path.getFileName()))
              .filter(split -> split.count() == count)
              .orElseThrow(() ->
                  new FolkmootException(
                      BAD_FILE,
                      "%s: it is one of %d parts, but its name does not say which: call them NAME-00001-of-%05d.gguf and so on"
                          .formatted(shown(path), count, count)));
      List<Part> parts =
          name.all().stream()
              .map(part ->
                  part.equals(String.valueOf(path.getFileName()))
                      ? one
                      : part(arena, sibling(path, part), false))
              .toList();
      return of(arena, parts);
    } catch (RuntimeException | Error failed) {
      arena.close();
      throw failed;
    }
  }

  private static Path sibling(Path path, String name) {
    Path part = path.resolveSibling(name);
    if (!Files.exists(part)) {
      throw new FolkmootException(
          NOT_FOUND,
          "the model is split, and its part %s is missing: put it beside %s"
              .formatted(
                  GgufParser.printable(name),
                  GgufParser.printable(String.valueOf(path.getFileName()))));
    }
    return part;
  }

  private static GgufFile of(Arena arena, List<Part> parts) {
    Map<String, GgufTensor> tensors = new LinkedHashMap<>();
    long start = 0;
    for (int i = 0; i < parts.size(); i++) {
      Part part = parts.get(i);
      long number = part.parser.metadata().integer("split.no").orElse(-1);
      long count = part.parser.metadata().integer("split.count").orElse(-1);
      if (number != i || count != parts.size()) {
        throw new FolkmootException(
            BAD_FILE,
            "%s: it says that it is part %d of %d, but is named as part %d of %d: the parts are mixed up, pull them again"
                .formatted(shown(part.path), number + 1, count, i + 1, parts.size()));
      }
      for (GgufTensor tensor : part.parser.tensors().values()) {
        GgufTensor placed =
            new GgufTensor(
                tensor.name(),
                tensor.type(),
                tensor.shape(),
                start + tensor.offset(),
                tensor.bytes());
        if (tensors.putIfAbsent(tensor.name(), placed) != null) {
          throw new FolkmootException(
              BAD_FILE,
              "%s: it has a tensor that another part has, too: the parts are mixed up, pull them again"
                  .formatted(shown(part.path)));
        }
      }
      start += part.bytes.byteSize();
    }
    long all =
        parts.getFirst().parser.metadata().integer("split.tensors.count").orElse(tensors.size());
    if (all != tensors.size()) {
      throw new FolkmootException(
          BAD_FILE,
          "%s: its parts have %d tensors, but should have %d: pull them again"
              .formatted(shown(parts.getFirst().path), tensors.size(), all));
    }
    return new GgufFile(arena, parts, Collections.unmodifiableMap(tensors));
  }

  private static Part part(Arena arena, Path path, boolean headOnly) {
    // To open a pipe would wait for its writer, for ever.
    if (Files.exists(path) && !Files.isRegularFile(path)) {
      String kind = Files.isDirectory(path) ? "a folder" : "not a regular file";
      throw new FolkmootException(BAD_FILE, shown(path) + ": it is " + kind + "; name a GGUF file");
    }
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      GgufParser parser = new GgufParser(bytes, headOnly);
      parser.parse();
      return new Part(path, bytes, parser);
    } catch (NoSuchFileException missing) {
      throw new FolkmootException(NOT_FOUND, shown(path) + ": there is no such file", missing);
    } catch (IOException failed) {
      String reason =
          failed instanceof AccessDeniedException
              ? "its permissions forbid it"
              : GgufParser.printable(String.valueOf(failed.getMessage()));
      throw new FolkmootException(BAD_FILE, shown(path) + ": cannot be read: " + reason, failed);
    } catch (FolkmootException bad) {
      String name = GgufParser.printable(String.valueOf(path.getFileName()));
      throw new FolkmootException(bad.code(), name + ": " + bad.getMessage(), bad);
    }
  }

  private static String shown(Path path) {
    return GgufParser.printable(path.toString());
  }

  /** Reads without mapping, by the offsets of tensors. */
  public GgufReader reader() {
    List<Long> starts = new ArrayList<>();
    long start = 0;
    for (Part part : parts) {
      starts.add(start);
      start += part.bytes.byteSize();
    }
    return GgufReader.open(parts.stream().map(Part::path).toList(), starts);
  }

  /** The file; of a split one the first. */
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
    MemorySegment bytes = parts.getFirst().bytes;
    return bytes.asSlice(0, Math.min(headBytes, bytes.byteSize())).toArray(ValueLayout.JAVA_BYTE);
  }

  /** The type and the value of a key as the file has them, for {@link GgufWriter#raw}. */
  public byte[] rawValue(String key) {
    GgufParser.Range range = Objects.requireNonNull(ranges.get(key), key);
    return parts
        .getFirst()
        .bytes
        .asSlice(range.from(), range.to() - range.from())
        .toArray(ValueLayout.JAVA_BYTE);
  }

  /** A tensor by name. */
  public Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** The bytes of one of this file's tensors, mapped; they are gone once the file is closed. */
  public MemorySegment data(GgufTensor tensor) {
    long offset = tensor.offset();
    int part = 0;
    while (offset >= parts.get(part).bytes.byteSize() && part < parts.size() - 1) {
      offset -= parts.get(part).bytes.byteSize();
      part++;
    }
    return parts.get(part).bytes.asSlice(offset, tensor.bytes());
  }

  /** Unmaps the file. Closing twice is harmless. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }
}
