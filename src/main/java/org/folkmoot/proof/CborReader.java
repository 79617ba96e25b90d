package org.folkmoot.proof;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.util.Arrays;
import org.folkmoot.base.FolkmootException;

/**
 * Reads a stranger's bytes as {@link CborWriter} writes them, and no other way: what is not the
 * shortest form is refused, so that one piece of evidence has one encoding. Every length is checked
 * against its bound and against what is there before memory is taken for it.
 */
final class CborReader {
  private final byte[] in;
  private final String what;
  private int at;

  /**
   * A reader.
   *
   * @param what the bytes are, for messages
   */
  CborReader(byte[] in, String what) {
    this.in = in;
    this.what = what;
  }

  FolkmootException bad(String why) {
    return new FolkmootException(
        BAD_FILE, "this is no " + what + ": " + why + "; get an undamaged copy");
  }

  void require(boolean holds, String why) {
    if (!holds) {
      throw bad(why);
    }
  }

  int number(int least, int most) {
    long value = head(CborWriter.UNSIGNED);
    require(value >= least && value <= most, "a number is out of range");
    return (int) value;
  }

  byte[] bytes(int most) {
    int length = length(CborWriter.BYTES, most);
    require(length <= in.length - at, "it is cut short");
    at += length;
    return Arrays.copyOfRange(in, at - length, at);
  }

  byte[] exactly(int length) {
    byte[] value = bytes(length);
    require(value.length == length, "a field has the wrong length");
    return value;
  }

  int array(int most) {
    return length(CborWriter.ARRAY, most);
  }

  void arrayOf(int items) {
    require(array(items) == items, "a list has the wrong length");
  }

  int map(int most) {
    return length(CborWriter.MAP, most);
  }

  void end() {
    require(at == in.length, "bytes follow its end");
  }

  private int length(int major, int most) {
    long value = head(major);
    require(value >= 0 && value <= most, "a length is out of range");
    return (int) value;
  }

  private long head(int major) {
    require(at < in.length, "it is cut short");
    int first = in[at++] & 0xff;
    require(first >> 5 == major, "a field is of the wrong type");
    int low = first & 31;
    if (low < 24) {
      return low;
    }
    require(low <= 27, "a length is left open");
    int size = 1 << (low - 24);
    require(size <= in.length - at, "it is cut short");
    long value = 0;
    for (int i = 0; i < size; i++) {
      value = value << 8 | (in[at++] & 0xff);
    }
    long least = size == 1 ? 24 : 1L << (4 * size);
    require(Long.compareUnsigned(value, least) >= 0, "a number is not in its shortest form");
    return value;
  }
}
