package org.folkmoot.engine.gguf;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.folkmoot.kernel.TensorType;

/**
 * Writes a GGUF v3 file: metadata first, then tensors one after the other, so that a file may be
 * larger than memory. The same calls give the same bytes.
 */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  /** Gives a tensor's bytes, exactly as many as its shape and format need. */
  @FunctionalInterface
  public interface Content {
    /** Writes the tensor. */
    void writeTo(OutputStream out) throws IOException;
  }

  private record Entry(String name, TensorType type, long[] shape, long bytes, Content content) {}

  private record Raw(byte[] typeAndValue) {}

  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final List<Entry> tensors = new ArrayList<>();
  private final Set<String> names = new HashSet<>();

  /**
   * Sets a key to a String, Integer, Long, Float, Boolean, String[], int[] or float[]. Single
   * integers are written unsigned, as readers of the format expect counts and ids.
   *
   * @throws IllegalArgumentException for other values, negative ones, and for {@code
   *     general.alignment}: tensors are always aligned to the format's default, 32
   */
  public GgufWriter put(String key, Object value) {
    if (key.equals("general.alignment")) {
      throw new IllegalArgumentException("the writer aligns to " + ALIGNMENT + " and says nothing");
    }
    typeOf(value);
    if (value instanceof Number number && !(value instanceof Float) && number.longValue() < 0) {
      throw new IllegalArgumentException("key " + key + " cannot be negative: " + number);
    }
    metadata.put(key, value);
    return this;
  }

  /** Sets a key to what another file has: its type and value as {@link GgufFile#rawValue}. */
  public GgufWriter raw(String key, byte[] typeAndValue) {
    metadata.put(key, new Raw(typeAndValue));
    return this;
  }

  /**
   * Adds a tensor.
   *
   * @param shape lengths of its dimensions, the row length first
   */
  public GgufWriter tensor(String name, TensorType type, long[] shape, Content content) {
    if (!names.add(name)) {
      throw new IllegalArgumentException("tensor " + name + " is there already");
    }
    long rows = 1;
    for (int i = 1; i < shape.length; i++) {
      rows = Math.multiplyExact(rows, shape[i]);
    }
    long bytes = Math.multiplyExact(type.rowBytes(shape[0]), rows);
    tensors.add(new Entry(name, type, shape.clone(), bytes, content));
    return this;
  }

  /** Writes the file; what was there is replaced. */
  public void write(Path path) throws IOException {
    try (CountingStream out =
        new CountingStream(new BufferedOutputStream(Files.newOutputStream(path), 1 << 20))) {
      out.write("GGUF".getBytes(StandardCharsets.US_ASCII));
      out.write(int32(3));
      out.write(int64(tensors.size()));
      out.write(int64(metadata.size()));
      for (Map.Entry<String, Object> entry : metadata.entrySet()) {
        writeString(out, entry.getKey());
        if (entry.getValue() instanceof Raw(byte[] typeAndValue)) {
          out.write(typeAndValue);
        } else {
          out.write(int32(typeOf(entry.getValue())));
          writeValue(out, entry.getValue());
        }
      }
      writeHeads(out);
      pad(out);
      for (Entry tensor : tensors) {
        long start = out.count;
        tensor.content.writeTo(out);
        if (out.count - start != tensor.bytes) {
          throw new IllegalStateException(
              "tensor %s has %d bytes, but %d were written"
                  .formatted(tensor.name, tensor.bytes, out.count - start));
        }
        pad(out); // after the last one too: other readers expect whole blocks
      }
    }
  }

  private void writeHeads(OutputStream out) throws IOException {
    long offset = 0;
    for (Entry tensor : tensors) {
      writeString(out, tensor.name);
      out.write(int32(tensor.shape.length));
      for (long length : tensor.shape) {
        out.write(int64(length));
      }
      out.write(int32(tensor.type.ggmlId()));
      out.write(int64(offset));
      offset = (offset + tensor.bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
  }

  private static void pad(CountingStream out) throws IOException {
    out.write(new byte[(int) (-out.count & (ALIGNMENT - 1))]);
  }

  private static int typeOf(Object value) {
    return switch (value) {
      case Integer _ -> 4;
      case Float _ -> 6;
      case Boolean _ -> 7;
      case String _ -> 8;
      case Long _ -> 10;
      case String[] _, int[] _, float[] _ -> 9;
      default -> throw new IllegalArgumentException("no GGUF type for " + value.getClass());
    };
  }

  private static void writeValue(OutputStream out, Object value) throws IOException {
    switch (value) {
      case Integer number -> out.write(int32(number));
      case Float number -> out.write(int32(Float.floatToRawIntBits(number)));
      case Boolean truth -> out.write(truth ? 1 : 0);
      case String text -> writeString(out, text);
      case Long number -> out.write(int64(number));
      case String[] array -> {
        arrayHead(out, 8, array.length);
        for (String text : array) {
          writeString(out, text);
        }
      }
      case int[] array -> {
        arrayHead(out, 5, array.length);
        for (int number : array) {
          out.write(int32(number));
        }
      }
      case float[] array -> {
        arrayHead(out, 6, array.length);
        for (float number : array) {
          out.write(int32(Float.floatToRawIntBits(number)));
        }
      }
      default -> throw new IllegalStateException("no GGUF type for " + value.getClass());
    }
  }

  private static void arrayHead(OutputStream out, int type, int length) throws IOException {
    out.write(int32(type));
    out.write(int64(length));
  }

  private static void writeString(OutputStream out, String text) throws IOException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    out.write(int64(utf8.length));
    out.write(utf8);
  }

  private static byte[] int32(int value) {
    return ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }

  private static byte[] int64(long value) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
  }

  private static final class CountingStream extends OutputStream {
    private final OutputStream out;
    private long count;

    CountingStream(OutputStream out) {
      this.out = out;
    }

    @Override
    public void write(int b) throws IOException {
      out.write(b);
      count++;
    }

    @Override
    public void write(byte[] buffer, int offset, int length) throws IOException {
      out.write(buffer, offset, length);
      count += length;
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}
