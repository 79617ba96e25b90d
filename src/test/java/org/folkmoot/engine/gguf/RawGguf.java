package org.folkmoot.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.folkmoot.kernel.TensorType;

/**
 * Spells a GGUF file field by field and checks nothing, so that a test can say anything in it. A
 * field's name is that of the specification.
 */
final class RawGguf {
  static final int UINT8 = 0;
  static final int UINT32 = 4;
  static final int INT32 = 5;
  static final int FLOAT32 = 6;
  static final int BOOL = 7;
  static final int STRING = 8;
  static final int ARRAY = 9;
  static final int UINT64 = 10;

  private ByteBuffer bytes = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);

  /** The beginning of a version 3 file. */
  static RawGguf head(long tensors, long keys) {
    return new RawGguf().text("GGUF").int32(3).int64(tensors).int64(keys);
  }

  /** A file that is right in all its parts: every value type, several tensors and their data. */
  static byte[] valid() {
    RawGguf raw = head(3, 8);
    raw.string("general.architecture").int32(STRING).string("llama");
    raw.string("a.byte").int32(UINT8).int8(200);
    raw.string("a.number").int32(FLOAT32).int32(Float.floatToIntBits(1e-5f));
    raw.string("a.truth").int32(BOOL).int8(1);
    raw.string("a.long").int32(UINT64).int64(1L << 40);
    raw.string("some.strings").int32(ARRAY).int32(STRING).int64(2).string("▁the").string("");
    raw.string("some.numbers").int32(ARRAY).int32(INT32).int64(2).int32(-1).int32(7);
    raw.string("nested").int32(ARRAY).int32(ARRAY).int64(1);
    raw.int32(UINT8).int64(2).int8(1).int8(2);
    raw.tensor("token_embd.weight", TensorType.Q8_0, 0, 32, 2);
    raw.tensor("output_norm.weight", TensorType.F32, 96, 8);
    raw.tensor("blk.0.attn_q.weight", TensorType.F16, 128, 2, 3, 2);
    return raw.pad(32).zeros(128 + 24).toBytes();
  }

  RawGguf int8(int value) {
    room(1).put((byte) value);
    return this;
  }

  RawGguf int32(int value) {
    room(4).putInt(value);
    return this;
  }

  RawGguf int64(long value) {
    room(8).putLong(value);
    return this;
  }

  /** Bytes of a text without a length. */
  RawGguf text(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    room(utf8.length).put(utf8);
    return this;
  }

  RawGguf string(String text) {
    int64(text.getBytes(StandardCharsets.UTF_8).length);
    return text(text);
  }

  RawGguf tensor(String name, TensorType type, long offset, long... shape) {
    string(name).int32(shape.length);
    for (long length : shape) {
      int64(length);
    }
    return int32(type.ggmlId()).int64(offset);
  }

  RawGguf zeros(int count) {
    room(count).put(new byte[count]);
    return this;
  }

  RawGguf pad(int alignment) {
    return zeros(-bytes.position() & (alignment - 1));
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }

  /** Parses bytes as if they were a whole file. */
  static GgufParser parse(byte[] file) {
    GgufParser parser = new GgufParser(MemorySegment.ofArray(file));
    parser.parse();
    return parser;
  }

  private ByteBuffer room(int needed) {
    if (bytes.remaining() < needed) {
      int capacity = Math.max(2 * bytes.capacity(), bytes.position() + needed);
      bytes =
          ByteBuffer.wrap(Arrays.copyOf(bytes.array(), capacity))
              .order(ByteOrder.LITTLE_ENDIAN)
              .position(bytes.position());
    }
    return bytes;
  }
}
