package org.folkmoot.engine.gguf;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * An array of strings as a file holds it: the bytes of all in one array. A vocabulary of 49,152
 * tokens takes half a megabyte so, where objects take six, and nothing is decoded before it is
 * asked for. Immutable, if those who borrow its bytes leave them as they are.
 */
public final class GgufStrings {
  private final byte[] utf8;
  private final int[] starts;

  /** Strings of which number {@code i} lies at {@code [starts[i], starts[i + 1])}; not copied. */
  public GgufStrings(byte[] utf8, int[] starts) {
    this.utf8 = utf8;
    this.starts = starts;
  }

  /** Strings that come from elsewhere. */
  public static GgufStrings of(String... strings) {
    byte[] utf8 = String.join("", strings).getBytes(StandardCharsets.UTF_8);
    int[] starts = new int[strings.length + 1];
    for (int i = 0; i < strings.length; i++) {
      starts[i + 1] = starts[i] + strings[i].getBytes(StandardCharsets.UTF_8).length;
    }
    return new GgufStrings(utf8, starts);
  }

  /** Number of strings. */
  public int size() {
    return starts.length - 1;
  }

  /** A string; what is not UTF-8 in it is U+FFFD. */
  public String get(int index) {
    Objects.checkIndex(index, size());
    return new String(
        utf8, starts[index], starts[index + 1] - starts[index], StandardCharsets.UTF_8);
  }

  /** All strings, decoded. */
  public String[] toArray() {
    String[] array = new String[size()];
    for (int i = 0; i < array.length; i++) {
      array[i] = get(i);
    }
    return array;
  }

  /**
   * The bytes of all strings, one after the other and perhaps something after the last; UTF-8 if
   * the file keeps its word. The caller must not change them.
   */
  public byte[] utf8() {
    return utf8;
  }

  /**
   * Where each string begins in {@link #utf8}, and at the end where the last one ends. The caller
   * must not change them.
   */
  public int[] starts() {
    return starts;
  }
}
