package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;

/**
 * A safetensors file, mapped read-only and checked: 8 bytes with the header's length, the header
 * (JSON), then the tensors, which fill the rest without overlap and without a hole. See <a
 * href="https://github.com/huggingface/safetensors">its description</a>.
 */
final class SafetensorsFile implements AutoCloseable {
  /** The reference implementation's own bound. */
  private static final long MAX_HEADER = 100_000_000;

  private static final int MAX_DIMENSIONS = 8;
  private static final int MAX_TENSORS = 1 << 18;
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /**
   * A tensor.
   *
   * @param type its numbers
   * @param shape lengths of its dimensions, the row length last
   * @param data its bytes, mapped
   */
  record Tensor(TensorType type, List<Long> shape, MemorySegment data) {}

  private final Arena arena;
  private final Map<String, Tensor> tensors;

  private SafetensorsFile(Arena arena, Map<String, Tensor> tensors) {
    this.arena = arena;
    this.tensors = tensors;
  }

  /**
   * Opens and checks a file.
   *
   * @throws FolkmootException BAD_FILE, UNSUPPORTED, with the file's name
   */
  static SafetensorsFile open(Path path) {
    String name = Json.shown(String.valueOf(path.getFileName()));
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return new SafetensorsFile(arena, parse(bytes, name));
    } catch (IOException failed) {
      arena.close();
      throw new FolkmootException(
          BAD_FILE, name + ": cannot be read: " + failed.getMessage(), failed);
    } catch (RuntimeException | Error failed) {
      arena.close();
      throw failed;
    }
  }

  /** Its tensors by name. */
  Map<String, Tensor> tensors() {
    return tensors;
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  static Map<String, Tensor> parse(MemorySegment bytes, String name) {
    long size = bytes.byteSize();
    if (size < 10) {
      throw bad(name, "it is too short for a safetensors file");
    }
    long header = bytes.get(I64, 0);
    if (header < 2 || header > MAX_HEADER || header > size - 8) {
      throw bad(name, "its header claims " + Long.toUnsignedString(header) + " bytes");
    }
    byte[] json = bytes.asSlice(8, header).toArray(ValueLayout.JAVA_BYTE);
    JsonNode root = Json.object(json, 0, json.length, name);
    if (root.size() > MAX_TENSORS) {
      throw bad(name, "it has more than " + MAX_TENSORS + " tensors");
    }
    MemorySegment data = bytes.asSlice(8 + header);
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    List<long[]> ranges = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : root.properties()) {
      if (!entry.getKey().equals("__metadata__")) {
        tensors.put(entry.getKey(), tensor(entry.getKey(), entry.getValue(), data, ranges, name));
      }
    }
    requireNoHoles(ranges, data.byteSize(), name);
    return Collections.unmodifiableMap(tensors);
  }

  private static Tensor tensor(
      String tensor, JsonNode node, MemorySegment data, List<long[]> ranges, String file) {
    String what = "tensor '" + Json.shown(tensor) + "'";
    TensorType type = type(node.path("dtype").asText(), what, file);
    JsonNode dimensions = node.path("shape");
    JsonNode offsets = node.path("data_offsets");
    if (!dimensions.isArray() || dimensions.size() > MAX_DIMENSIONS || !areIntegers(dimensions)) {
      throw bad(file, what + " has no proper shape");
    }
    if (!offsets.isArray() || offsets.size() != 2 || !areIntegers(offsets)) {
      throw bad(file, what + " has no proper data_offsets");
    }
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (JsonNode dimension : dimensions) {
      long length = dimension.asLong();
      if (length < 1 || length > (1L << 44) / elements) {
        throw bad(file, what + " has the impossible shape " + Json.shown(dimensions.toString()));
      }
      elements *= length;
      shape.add(length);
    }
    long from = offsets.get(0).asLong();
    long to = offsets.get(1).asLong();
    if (from < 0 || to < from || to > data.byteSize()) {
      throw bad(file, what + " reaches beyond the file's end");
    }
    if (to - from != elements * type.blockBytes()) {
      throw bad(
          file,
          "%s has %d bytes, but its shape needs %d"
              .formatted(what, to - from, elements * type.blockBytes()));
    }
    ranges.add(new long[] {from, to});
    return new Tensor(type, List.copyOf(shape), data.asSlice(from, to - from));
  }

  private static boolean areIntegers(JsonNode array) {
    for (JsonNode element : array) {
      if (!element.isIntegralNumber() || !element.canConvertToLong()) {
        return false;
      }
    }
    return true;
  }

  private static TensorType type(String dtype, String what, String file) {
    return switch (dtype) {
      case "F32" -> TensorType.F32;
      case "F16" -> TensorType.F16;
      case "BF16" -> TensorType.BF16;
      default ->
          throw new FolkmootException(
              UNSUPPORTED,
              "%s: %s has numbers of the type '%s'; supported are F32, F16 and BF16: take the model's original weights"
                  .formatted(file, what, Json.shown(dtype)));
    };
  }

  private static void requireNoHoles(List<long[]> ranges, long size, String file) {
    ranges.sort(Comparator.<long[]>comparingLong(range -> range[0]).thenComparingLong(r -> r[1]));
    long end = 0;
    for (long[] range : ranges) {
      if (range[0] != end) {
        throw bad(file, range[0] < end ? "tensors overlap" : "there is a hole between tensors");
      }
      end = range[1];
    }
    if (end != size) {
      throw bad(file, "there are %d bytes after the last tensor".formatted(size - end));
    }
  }

  private static FolkmootException bad(String file, String message) {
    return new FolkmootException(
        BAD_FILE, file + ": " + message + ": the file is damaged, download it again");
  }
}
