package org.folkmoot.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.folkmoot.engine.gguf.RawGguf.ARRAY;
import static org.folkmoot.engine.gguf.RawGguf.BOOL;
import static org.folkmoot.engine.gguf.RawGguf.INT32;
import static org.folkmoot.engine.gguf.RawGguf.STRING;
import static org.folkmoot.engine.gguf.RawGguf.UINT32;
import static org.folkmoot.engine.gguf.RawGguf.UINT64;
import static org.folkmoot.engine.gguf.RawGguf.UINT8;
import static org.folkmoot.engine.gguf.RawGguf.head;
import static org.folkmoot.engine.gguf.RawGguf.parse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.folkmoot.kernel.TensorType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule of the format, kept and broken. */
class GgufParserTest {
  @Test
  void readsEveryKindOfValue() {
    GgufMetadata metadata = parse(RawGguf.valid()).metadata();

    assertThat(metadata.string("general.architecture")).contains("llama");
    assertThat(metadata.integer("a.byte")).hasValue(200);
    assertThat(metadata.number("a.number")).hasValue(1e-5f);
    assertThat(metadata.bool("a.truth")).contains(true);
    assertThat(metadata.integer("a.long")).hasValue(1L << 40);
    assertThat(metadata.strings("some.strings").orElseThrow()).containsExactly("▁the", "");
    assertThat(metadata.integers("some.numbers").orElseThrow()).containsExactly(-1, 7);
    assertThat((List<?>) metadata.value("nested").orElseThrow())
        .singleElement()
        .isEqualTo(new long[] {1, 2});
    assertThat(metadata.string("absent")).isEmpty();
  }

  @Test
  void placesTensors() {
    Map<String, GgufTensor> tensors = parse(RawGguf.valid()).tensors();

    assertThat(tensors.keySet())
        .containsExactly("token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight");
    GgufTensor first = tensors.values().iterator().next();
    assertThat(first.offset() % 32).isZero();
    GgufTensor last = Objects.requireNonNull(tensors.get("blk.0.attn_q.weight"));
    assertThat(last.columns()).isEqualTo(2);
    assertThat(last.rows()).isEqualTo(6);
    assertThat(last.bytes()).isEqualTo(24);
    assertThat(last.offset() + last.bytes()).isEqualTo(RawGguf.valid().length);
  }

  @Test
  void honoursTheFilesOwnAlignment() {
    byte[] file =
        head(1, 1)
            .string("general.alignment")
            .int32(UINT32)
            .int32(256)
            .tensor("t", TensorType.F32, 256, 1)
            .pad(256)
            .zeros(260)
            .toBytes();
    assertThat(parse(file).tensors().get("t"))
        .extracting(GgufTensor::offset)
        .isEqualTo((long) file.length - 4);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 3, 48, 1 << 21})
  void refusesImpossibleAlignments(int alignment) {
    refused(
        head(0, 1).string("general.alignment").int32(UINT32).int32(alignment),
        "general.alignment must be a power of two");
  }

  @Test
  void refusesAnAlignmentThatIsNoInteger() {
    refused(head(0, 1).string("general.alignment").int32(STRING).string("32"), "power of two");
  }

  @Test
  void refusesEveryTruncation() {
    byte[] whole = RawGguf.valid();
    for (int length = 0; length < whole.length; length++) {
      byte[] part = Arrays.copyOf(whole, length);
      assertThat(fault(part).code()).as("cut to %d bytes", length).isEqualTo(Code.BAD_FILE);
    }
  }

  @Test
  void saysWhatIsNotGguf() {
    assertThat(fault("<html>not found</html>".getBytes(StandardCharsets.UTF_8)))
        .hasMessageContaining("not a GGUF file");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4, -1})
  void refusesOtherVersions(int version) {
    FolkmootException fault = fault(new RawGguf().text("GGUF").int32(version).zeros(16).toBytes());
    assertThat(fault.code()).isEqualTo(Code.UNSUPPORTED);
    assertThat(fault).hasMessageContaining("version " + Integer.toUnsignedString(version));
  }

  @Test
  void recognisesBigEndianFiles() {
    FolkmootException fault = fault(new RawGguf().text("GGUF").int32(3 << 24).zeros(16).toBytes());
    assertThat(fault).hasMessageContaining("big-endian");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 32, (1 << 18) + 1})
  void refusesAbsurdCounts(long count) {
    refused(head(count, 0), "claims " + Long.toUnsignedString(count) + " tensors");
    refused(head(0, count), "claims " + Long.toUnsignedString(count) + " metadata keys");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31, 1000})
  void refusesStringBombs(long length) {
    String claim = "claims " + Long.toUnsignedString(length) + " bytes";
    refused(head(0, 1).int64(length), "a metadata key " + claim);
    refused(head(0, 1).string("k").int32(STRING).int64(length), claim);
    refused(head(0, 1).string("k").int32(ARRAY).int32(STRING).int64(1).int64(length), claim);
    refused(head(1, 0).int64(length), "a tensor name " + claim);
  }

  @Test
  void boundsAllStringsTogether() {
    RawGguf raw = head(0, 5);
    String long16MiB = "x".repeat(16 << 20);
    for (int i = 0; i < 5; i++) {
      raw.string("k" + i).int32(STRING).string(long16MiB);
    }
    refused(raw, "a string claims 16777216 bytes");
  }

  @ParameterizedTest
  @ValueSource(longs = {-1, Long.MIN_VALUE, Long.MAX_VALUE, 1L << 31, 17})
  void refusesAbsurdArrays(long length) {
    for (int type : new int[] {UINT8, INT32, BOOL, STRING, ARRAY, UINT64}) {
      refused(
          head(0, 1).string("k").int32(ARRAY).int32(type).int64(length).zeros(16),
          "array claims " + Long.toUnsignedString(length) + " elements");
    }
  }

  @Test
  void boundsAllArraysTogether() {
    int each = 1 << 21;
    RawGguf raw = head(0, 3);
    for (int i = 0; i < 3; i++) {
      raw.string("k" + i).int32(ARRAY).int32(UINT8).int64(each).zeros(each);
    }
    refused(raw, "a metadata array claims 2097152 elements");
  }

  @Test
  void boundsTheNestingOfArrays() {
    RawGguf raw = head(0, 1).string("k").int32(ARRAY);
    for (int i = 0; i < 10_000; i++) {
      raw.int32(ARRAY).int64(1);
    }
    refused(raw.int32(UINT8).int64(0), "nested deeper");
  }

  @ParameterizedTest
  @ValueSource(ints = {13, -1, 255, Integer.MAX_VALUE})
  void refusesUnknownValueTypes(int type) {
    String unknown = "unknown type " + Integer.toUnsignedString(type);
    refused(head(0, 1).string("k").int32(type).zeros(64), unknown);
    refused(head(0, 1).string("k").int32(ARRAY).int32(type).int64(1).zeros(64), unknown);
  }

  @Test
  void refusesBooleansThatAreNeither() {
    refused(head(0, 1).string("k").int32(BOOL).int8(2), "neither 0 nor 1");
    refused(head(0, 1).string("k").int32(ARRAY).int32(BOOL).int64(1).int8(255), "neither 0 nor 1");
  }

  @Test
  void refusesAKeyTwice() {
    refused(
        head(0, 2).string("k").int32(UINT8).int8(1).string("k").int32(UINT8).int8(1),
        "the metadata key 'k' comes twice");
  }

  @Test
  void refusesATensorTwice() {
    RawGguf raw = head(2, 0).tensor("t", TensorType.F32, 0, 8).tensor("t", TensorType.F32, 32, 8);
    refused(raw.pad(32).zeros(64), "the tensor 't' comes twice");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 5, -1, Integer.MAX_VALUE})
  void refusesImpossibleDimensions(int dimensions) {
    refused(
        head(1, 0).string("t").int32(dimensions).zeros(200),
        Integer.toUnsignedString(dimensions) + " dimensions");
  }

  @Test
  void refusesImpossibleShapes() {
    for (long length : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      refusedTensor("impossible shape", TensorType.F32, 0, length);
      refusedTensor("impossible shape", TensorType.F32, 0, 2, length);
    }
    refusedTensor("impossible shape", TensorType.F32, 0, 1L << 32, 1L << 32);
    refusedTensor("impossible shape", TensorType.F32, 0, 1L << 22, 1L << 22, 1L << 22, 1L << 22);
    refusedTensor("beyond its end", TensorType.F32, 0, 1L << 44);
  }

  @Test
  void refusesRowsThatAreNoWholeBlocks() {
    for (TensorType type : TensorType.values()) {
      if (type.isQuantised()) {
        // All weights together are whole blocks, but the rows are not.
        String blocks = "not whole blocks of " + type.blockSize() + " as " + type;
        refusedTensor(blocks, type, 0, type.blockSize() / 2, 2);
        refusedTensor(blocks, type, 0, type.blockSize() + 1);
      }
    }
  }

  @Test
  void namesTheFormatsItDoesNotKnow() {
    for (var known :
        Map.of(4, "Q4_2", 22, "IQ2_S", 1000, "number 1000", -1, "4294967295").entrySet()) {
      FolkmootException fault =
          fault(
              head(1, 0)
                  .string("t")
                  .int32(1)
                  .int64(256)
                  .int32(known.getKey())
                  .int64(0)
                  .zeros(2000)
                  .toBytes());
      assertThat(fault.code()).isEqualTo(Code.UNSUPPORTED);
      assertThat(fault).hasMessageContaining(known.getValue()).hasMessageContaining("Q8_0");
    }
  }

  @Test
  void refusesTensorsOutsideTheFile() {
    refusedTensor("not a multiple of 32", TensorType.F32, 16, 8);
    refusedTensor("not a multiple of 32", TensorType.F32, -32, 8);
    refusedTensor("beyond its end", TensorType.F32, 32, 1025);
    refusedTensor("beyond its end", TensorType.F32, Long.MAX_VALUE - 31, 8);
    refusedTensor("beyond its end", TensorType.F32, 1L << 62, 8);
  }

  @Test
  void refusesOverlaps() {
    RawGguf raw = head(2, 0).tensor("a", TensorType.F32, 0, 9).tensor("b", TensorType.F32, 32, 8);
    refused(raw.pad(32).zeros(64), "tensors 'a' and 'b' overlap");
    RawGguf swapped =
        head(2, 0).tensor("a", TensorType.F32, 32, 8).tensor("b", TensorType.F32, 0, 9);
    refused(swapped.pad(32).zeros(64), "tensors 'b' and 'a' overlap");
    RawGguf same = head(2, 0).tensor("a", TensorType.F32, 0, 8).tensor("b", TensorType.F32, 0, 8);
    refused(same.pad(32).zeros(64), "overlap");
  }

  @Test
  void tensorsMayTouchAndComeInAnyOrder() {
    RawGguf raw = head(2, 0).tensor("a", TensorType.F32, 32, 8).tensor("b", TensorType.F32, 0, 8);
    assertThat(parse(raw.pad(32).zeros(64).toBytes()).tensors()).hasSize(2);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "line\nbreak",
        "\r\u001b[2J",
        "nul\u0000",
        "c1\u0085",
        "sep\u2028\u2029",
        "bidi\u202e"
      })
  void showsNoForeignControlCharacters(String name) {
    assertOneLine(fault(twice(name)));
  }

  @Test
  void cutsLongNamesBetweenCharacters() {
    FolkmootException fault = fault(twice("🌊".repeat(1000)));
    assertOneLine(fault);
    assertThat(fault.getMessage()).contains("🌊…").hasSizeLessThan(300);
  }

  @Test
  void saysWhichKeyHasAnotherTypeThanAsked() {
    GgufMetadata metadata = parse(RawGguf.valid()).metadata();
    assertThat(catchThrowableOfType(FolkmootException.class, () -> metadata.string("a.byte")))
        .hasMessageContaining("'a.byte' should be a string, but is an integer");
    assertThat(catchThrowableOfType(FolkmootException.class, () -> metadata.integer("nested")))
        .hasMessageContaining("array of arrays");
  }

  private static byte[] twice(String key) {
    return head(0, 2).string(key).int32(UINT8).int8(1).string(key).int32(UINT8).int8(1).toBytes();
  }

  private static void refusedTensor(String because, TensorType type, long offset, long... shape) {
    refused(head(1, 0).tensor("t", type, offset, shape).pad(32).zeros(4096), because);
  }

  private static void refused(RawGguf raw, String because) {
    FolkmootException fault = fault(raw.toBytes());
    assertThat(fault.code()).isEqualTo(Code.BAD_FILE);
    assertThat(fault).hasMessageContaining(because);
    assertOneLine(fault);
  }

  static void assertOneLine(FolkmootException fault) {
    assertThat(fault.getMessage()).isNotBlank().matches("[^\\p{C}\\p{Zl}\\p{Zp}]+");
  }

  private static FolkmootException fault(byte[] file) {
    return catchThrowableOfType(FolkmootException.class, () -> parse(file));
  }
}
