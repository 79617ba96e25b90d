package org.folkmoot.engine.gguf;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.UNSUPPORTED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.kernel.TensorType;

/**
 * Reads the head of a GGUF file from hostile bytes. Every count is checked against the bytes that
 * are left before anything is allocated for it, so memory use is bounded by a small multiple of the
 * file's size.
 */
final class GgufParser {
  private static final int MAGIC = 0x46554747; // "GGUF", little-endian

  /**
   * Real files have a few dozen keys and, for 400-billion-parameter mixtures, a few thousand
   * tensors.
   */
  private static final long MAX_KEYS = 1 << 16;

  private static final long MAX_TENSORS = 1 << 18;

  /** Names are at most 64 bytes in GGML; the specification allows keys of 65,535. */
  private static final long MAX_NAME_BYTES = 65_535;

  /** The longest strings in real files are chat templates of some 20 KB. */
  private static final long MAX_STRING_BYTES = 16 << 20;

  /**
   * All strings of a file together, names included: a file of many gigabytes must not fill the heap
   * with its head. The largest vocabularies, with their merges, take some 10 MB.
   */
  private static final long MAX_STRINGS_TOTAL_BYTES = 64 << 20;

  /** Vocabularies reach 262,144 tokens, with as many merges. */
  private static final long MAX_ARRAY = 1 << 21;

  /** All array elements of a file together, so that many arrays cannot do what one may not. */
  private static final long MAX_ARRAY_TOTAL = 1 << 22;

  private static final int MAX_ARRAY_DEPTH = 4;
  private static final int MAX_DIMENSIONS = 4;
  private static final long MAX_ALIGNMENT = 1 << 20;
  private static final long MAX_ELEMENTS = 1L << 44;

  /** As much of a foreign name as a line of a terminal bears. */
  private static final int MAX_SHOWN = 80;

  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final MemorySegment bytes;
  private final long size;
  private final boolean headOnly;
  private long dataStart;
  private long position;
  private long arrayElements;
  private long stringBytes;
  private final Map<String, Object> values = new LinkedHashMap<>();
  private final Map<String, Range> ranges = new LinkedHashMap<>();
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

  /** Where the type and the value of a key lie. */
  record Range(long from, long to) {}

  GgufParser(MemorySegment bytes) {
    this(bytes, false);
  }

  /**
   * A parser.
   *
   * @param headOnly the bytes end where the weights would begin
   */
  GgufParser(MemorySegment bytes, boolean headOnly) {
    this.bytes = bytes;
    this.size = bytes.byteSize();
    this.headOnly = headOnly;
  }

  /** Where the weights begin. */
  long dataStart() {
    return dataStart;
  }

  GgufMetadata metadata() {
    return new GgufMetadata(values);
  }

  Map<String, Range> ranges() {
    return ranges;
  }

  Map<String, GgufTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  void parse() {
    if (size < 4 || int32() != MAGIC) {
      throw new FolkmootException(
          BAD_FILE, "this is not a GGUF file (its first bytes are not 'GGUF'): name one that is");
    }
    int version = int32();
    if (version < 2 || version > 3) {
      throw new FolkmootException(
          UNSUPPORTED,
          Integer.reverseBytes(version) == 3
              ? "it is a big-endian GGUF file: convert it to little-endian"
              : "GGUF version "
                  + Integer.toUnsignedString(version)
                  + " is not supported: convert it to version 3");
    }
    long tensorCount = count("tensors", MAX_TENSORS);
    long keyCount = count("metadata keys", MAX_KEYS);
    for (long i = 0; i < keyCount; i++) {
      String key = string(MAX_NAME_BYTES, "a metadata key");
      long from = position;
      if (values.putIfAbsent(key, value(int32(), 0)) != null) {
        throw bad("the metadata key '" + shown(key) + "' comes twice");
      }
      ranges.put(key, new Range(from, position));
    }
    readTensors(tensorCount);
  }

  private void readTensors(long count) {
    record Head(String name, TensorType type, List<Long> shape, long relative, long length) {}
    List<Head> heads = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      String name = string(MAX_NAME_BYTES, "a tensor name");
      List<Long> shape = shape(name);
      TensorType type = type(name, int32());
      if (shape.getFirst() % type.blockSize() != 0) {
        throw bad(
            "tensor '%s' has rows of %d weights, not whole blocks of %d as %s needs"
                .formatted(shown(name), shape.getFirst(), type.blockSize(), type));
      }
      long elements = shape.stream().reduce(1L, Math::multiplyExact);
      heads.add(new Head(name, type, shape, int64(), type.rowBytes(elements)));
    }
    long alignment = alignment();
    long base = (position + alignment - 1) / alignment * alignment;
    dataStart = base;
    for (Head head : heads) {
      if (head.relative < 0 || head.relative % alignment != 0) {
        throw bad(
            "tensor '%s' starts at %d, which is not a multiple of %d"
                .formatted(shown(head.name), head.relative, alignment));
      }
      long most = headOnly ? Long.MAX_VALUE : size;
      if (head.relative > most - base || head.length > most - base - head.relative) {
        throw truncated("tensor '%s' reaches beyond its end".formatted(shown(head.name)));
      }
      GgufTensor tensor =
          new GgufTensor(head.name, head.type, head.shape, base + head.relative, head.length);
      if (tensors.putIfAbsent(head.name, tensor) != null) {
        throw bad("the tensor '" + shown(head.name) + "' comes twice");
      }
    }
    refuseOverlaps();
  }

  private void refuseOverlaps() {
    List<GgufTensor> ordered =
        tensors.values().stream().sorted(Comparator.comparingLong(GgufTensor::offset)).toList();
    for (int i = 1; i < ordered.size(); i++) {
      GgufTensor before = ordered.get(i - 1);
      if (before.offset() + before.bytes() > ordered.get(i).offset()) {
        throw bad(
            "tensors '%s' and '%s' overlap"
                .formatted(shown(before.name()), shown(ordered.get(i).name())));
      }
    }
  }

  private List<Long> shape(String name) {
    int dimensions = int32();
    if (dimensions < 1 || dimensions > MAX_DIMENSIONS) {
      throw bad(
          "tensor '%s' has %s dimensions; 1 to %d are possible"
              .formatted(shown(name), Integer.toUnsignedString(dimensions), MAX_DIMENSIONS));
    }
    List<Long> shape = new ArrayList<>();
    long elements = 1;
    for (int i = 0; i < dimensions; i++) {
      long length = int64();
      if (length < 1 || length > MAX_ELEMENTS / elements) {
        throw bad(
            "tensor '%s' has the impossible shape [%s … %s]"
                .formatted(shown(name), shape, Long.toUnsignedString(length)));
      }
      elements *= length;
      shape.add(length);
    }
    return shape;
  }

  private static TensorType type(String name, int id) {
    return TensorType.ofGgmlId(id)
        .orElseThrow(() ->
            new FolkmootException(
                UNSUPPORTED,
                "tensor '%s' has the number format %s, which is not supported; supported are %s"
                    .formatted(
                        shown(name),
                        GgmlNames.of(id),
                        Stream.of(TensorType.values())
                            .map(Enum::name)
                            .collect(Collectors.joining(", ")))));
  }

  private long alignment() {
    Object value = values.getOrDefault("general.alignment", 32L);
    if (!(value instanceof Long alignment)
        || alignment < 1
        || alignment > MAX_ALIGNMENT
        || Long.bitCount(alignment) != 1) {
      throw bad("general.alignment must be a power of two up to " + MAX_ALIGNMENT);
    }
    return alignment;
  }

  private Object value(int type, int depth) {
    return switch (type) {
      case 0, 1, 2, 3, 4, 5, 10, 11 -> integer(type);
      case 6 -> (double) Float.intBitsToFloat(int32());
      case 7 -> bool();
      case 8 -> string(MAX_STRING_BYTES, "a string");
      case 9 -> array(depth);
      case 12 -> Double.longBitsToDouble(int64());
      default ->
          throw bad("a metadata value has the unknown type " + Integer.toUnsignedString(type));
    };
  }

  private long integer(int type) {
    return switch (type) {
      case 0 -> Byte.toUnsignedLong(int8());
      case 1 -> int8();
      case 2 -> Short.toUnsignedLong(int16());
      case 3 -> int16();
      case 4 -> Integer.toUnsignedLong(int32());
      case 5 -> int32();
      case 10, 11 -> int64();
      default -> throw new IllegalStateException("type " + type + " is no integer");
    };
  }

  private Object array(int depth) {
    int type = int32();
    int least = leastBytes(type);
    long length = int64();
    if (length < 0
        || length > MAX_ARRAY
        || length > MAX_ARRAY_TOTAL - arrayElements
        || length > (size - position) / least) {
      throw bad("a metadata array claims " + Long.toUnsignedString(length) + " elements");
    }
    arrayElements += length;
    int n = (int) length;
    return switch (type) {
      case 6 -> floats(n);
      case 7 -> booleans(n);
      case 8 -> strings(n);
      case 9 -> arrays(n, depth + 1);
      case 12 -> doubles(n);
      default -> integers(type, n);
    };
  }

  private long[] integers(int type, int n) {
    long[] array = new long[n];
    for (int i = 0; i < n; i++) {
      array[i] = integer(type);
    }
    return array;
  }

  private float[] floats(int n) {
    float[] array = new float[n];
    for (int i = 0; i < n; i++) {
      array[i] = Float.intBitsToFloat(int32());
    }
    return array;
  }

  private float[] doubles(int n) {
    float[] array = new float[n];
    for (int i = 0; i < n; i++) {
      array[i] = (float) Double.longBitsToDouble(int64());
    }
    return array;
  }

  private boolean[] booleans(int n) {
    boolean[] array = new boolean[n];
    for (int i = 0; i < n; i++) {
      array[i] = bool();
    }
    return array;
  }

  private GgufStrings strings(int n) {
    byte[] utf8 = new byte[8 * n]; // as many bytes as their lengths take are there at least
    int[] starts = new int[n + 1];
    for (int i = 0; i < n; i++) {
      int length = stringLength(MAX_STRING_BYTES, "a string");
      int end = starts[i] + length;
      if (end > utf8.length) {
        utf8 = Arrays.copyOf(utf8, end + end / 2);
      }
      MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, position, utf8, starts[i], length);
      position += length;
      starts[i + 1] = end;
    }
    return new GgufStrings(utf8, starts);
  }

  private List<Object> arrays(int n, int depth) {
    if (depth > MAX_ARRAY_DEPTH) {
      throw bad("metadata arrays are nested deeper than " + MAX_ARRAY_DEPTH);
    }
    List<Object> list = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      list.add(array(depth));
    }
    return Collections.unmodifiableList(list);
  }

  private static int leastBytes(int type) {
    return switch (type) {
      case 0, 1, 7 -> 1;
      case 2, 3 -> 2;
      case 4, 5, 6 -> 4;
      case 8, 10, 11, 12 -> 8;
      case 9 -> 12;
      default ->
          throw bad("a metadata array has the unknown type " + Integer.toUnsignedString(type));
    };
  }

  private long count(String what, long most) {
    long count = int64();
    if (count < 0 || count > most) {
      throw bad(
          "it claims %s %s; at most %d are possible"
              .formatted(Long.toUnsignedString(count), what, most));
    }
    return count;
  }

  private String string(long most, String what) {
    byte[] copy = new byte[stringLength(most, what)];
    MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, position, copy, 0, copy.length);
    position += copy.length;
    return new String(copy, StandardCharsets.UTF_8);
  }

  private int stringLength(long most, String what) {
    long length = int64();
    if (length < 0
        || length > most
        || length > size - position
        || length > MAX_STRINGS_TOTAL_BYTES - stringBytes) {
      throw bad(what + " claims " + Long.toUnsignedString(length) + " bytes");
    }
    stringBytes += length;
    return (int) length;
  }

  private boolean bool() {
    byte value = int8();
    if (value != 0 && value != 1) {
      throw bad("a boolean is neither 0 nor 1");
    }
    return value == 1;
  }

  private byte int8() {
    return bytes.get(ValueLayout.JAVA_BYTE, take(1));
  }

  private short int16() {
    return bytes.get(I16, take(2));
  }

  private int int32() {
    return bytes.get(I32, take(4));
  }

  private long int64() {
    return bytes.get(I64, take(8));
  }

  private long take(int length) {
    if (length > size - position) {
      throw truncated("it ends in the middle of its header");
    }
    long at = position;
    position += length;
    return at;
  }

  /** A foreign name made fit for a message: short, on one line, in the direction it reads. */
  private static String shown(String name) {
    String clean = printable(name);
    return clean.codePointCount(0, clean.length()) <= MAX_SHOWN
        ? clean
        : clean.substring(0, clean.offsetByCodePoints(0, MAX_SHOWN)) + "…";
  }

  /**
   * A foreign text with a question mark for every character that could break out of its line or
   * disguise it: controls, line and paragraph separators, bidirectional overrides, lone surrogates.
   */
  static String printable(String text) {
    return text.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
  }

  private static FolkmootException bad(String message) {
    return new FolkmootException(BAD_FILE, message + ": the file is damaged, pull it again");
  }

  private static FolkmootException truncated(String message) {
    return new FolkmootException(BAD_FILE, message + ": the file is truncated, pull it again");
  }
}
