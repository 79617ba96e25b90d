package org.folkmoot.wire;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Consumer;
import org.folkmoot.base.Hash32;

/** Builds the bytes of a message, little-endian. What we send ourselves is within all bounds. */
final class WireWriter {
  private ByteBuffer bytes;

  WireWriter(int expected) {
    bytes = ByteBuffer.allocate(expected).order(ByteOrder.LITTLE_ENDIAN);
  }

  private ByteBuffer room(int more) {
    if (bytes.remaining() < more) {
      int size = Math.max(bytes.capacity() * 2, bytes.position() + more);
      ByteBuffer larger = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
      bytes = larger.put(bytes.flip());
    }
    return bytes;
  }

  WireWriter u8(int value) {
    room(1).put((byte) value);
    return this;
  }

  WireWriter bool(boolean value) {
    return u8(value ? 1 : 0);
  }

  WireWriter u16(int value) {
    room(2).putShort((short) value);
    return this;
  }

  WireWriter i32(int value) {
    room(4).putInt(value);
    return this;
  }

  WireWriter i64(long value) {
    room(8).putLong(value);
    return this;
  }

  WireWriter f32(float value) {
    room(4).putFloat(value);
    return this;
  }

  WireWriter raw(byte[] value) {
    room(value.length).put(value);
    return this;
  }

  WireWriter blob(byte[] value) {
    return i32(value.length).raw(value);
  }

  WireWriter text(String value) {
    byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
    if (utf8.length > Limits.MAX_TEXT) {
      utf8 = Arrays.copyOf(utf8, Limits.MAX_TEXT);
      // A character that was cut in two would not be UTF-8: go back to where it began.
      int end = utf8.length;
      while (end > 0 && (utf8[end - 1] & 0xc0) == 0x80) {
        end--;
      }
      utf8 = Arrays.copyOf(utf8, Math.max(0, end - 1));
    }
    return u16(utf8.length).raw(utf8);
  }

  WireWriter hash(Hash32 value) {
    return raw(value.bytes());
  }

  WireWriter ints(int[] values) {
    i32(values.length);
    ByteBuffer at = room(4 * values.length);
    at.asIntBuffer().put(values);
    at.position(at.position() + 4 * values.length);
    return this;
  }

  WireWriter floats(float[] values) {
    i32(values.length);
    ByteBuffer at = room(4 * values.length);
    at.asFloatBuffer().put(values);
    at.position(at.position() + 4 * values.length);
    return this;
  }

  <T> WireWriter list(Collection<T> values, Consumer<T> each) {
    u16(values.size());
    values.forEach(each);
    return this;
  }

  <T> WireWriter optional(Optional<T> value, Consumer<T> each) {
    bool(value.isPresent());
    value.ifPresent(each);
    return this;
  }

  byte[] toBytes() {
    return Arrays.copyOf(bytes.array(), bytes.position());
  }
}
