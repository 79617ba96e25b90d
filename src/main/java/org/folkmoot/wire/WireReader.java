package org.folkmoot.wire;

import static org.folkmoot.wire.Message.Reason.MALFORMED;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.folkmoot.base.Hash32;

/** Reads a stranger's bytes: every length is checked before memory is taken for it. */
final class WireReader {
  /** Reads one thing. */
  interface Part<T> {
    T read() throws WireException;
  }

  private final ByteBuffer bytes;

  WireReader(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static WireException malformed(String what) {
    return new WireException(MALFORMED, what);
  }

  static void require(boolean holds, String what) throws WireException {
    if (!holds) {
      throw malformed(what);
    }
  }

  private ByteBuffer need(int count) throws WireException {
    require(bytes.remaining() >= count, "a message is cut short");
    return bytes;
  }

  int u8() throws WireException {
    return need(1).get() & 0xff;
  }

  boolean bool() throws WireException {
    int value = u8();
    require(value <= 1, "a yes or no is neither");
    return value == 1;
  }

  int u16() throws WireException {
    return need(2).getShort() & 0xffff;
  }

  int i32() throws WireException {
    return need(4).getInt();
  }

  /** A number in a range. */
  int i32(int least, int most) throws WireException {
    int value = i32();
    require(value >= least && value <= most, "a number is out of range");
    return value;
  }

  long i64() throws WireException {
    return need(8).getLong();
  }

  float f32() throws WireException {
    return need(4).getFloat();
  }

  byte[] raw(int count) throws WireException {
    byte[] value = new byte[need(count).remaining() < count ? 0 : count];
    bytes.get(value);
    return value;
  }

  byte[] blob(int most) throws WireException {
    return raw(i32(0, most));
  }

  String text() throws WireException {
    int length = u16();
    require(length <= Limits.MAX_TEXT, "a text is too long");
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(raw(length))).toString();
    } catch (CharacterCodingException notUtf8) {
      throw malformed("a text is not UTF-8");
    }
  }

  Hash32 hash() throws WireException {
    return Hash32.of(raw(Hash32.BYTES));
  }

  int[] ints(int most) throws WireException {
    int count = i32(0, most);
    ByteBuffer at = need(4 * count);
    int[] values = new int[count];
    at.asIntBuffer().get(values);
    at.position(at.position() + 4 * count);
    return values;
  }

  float[] floats(int most) throws WireException {
    int count = i32(0, most);
    ByteBuffer at = need(4 * count);
    float[] values = new float[count];
    at.asFloatBuffer().get(values);
    at.position(at.position() + 4 * count);
    return values;
  }

  <T> List<T> list(int most, Part<T> each) throws WireException {
    int count = u16();
    require(count <= most, "a list is too long");
    List<T> values = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      values.add(each.read());
    }
    return values;
  }

  <T> Optional<T> optional(Part<T> each) throws WireException {
    return bool() ? Optional.of(each.read()) : Optional.empty();
  }

  boolean hasMore() {
    return bytes.hasRemaining();
  }

  void end() throws WireException {
    require(!bytes.hasRemaining(), "a message is longer than it should be");
  }
}
