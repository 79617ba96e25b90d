package org.folkmoot.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.folkmoot.base.Hash32;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What {@link Matrix#repack} writes is kept on disk: if it changes, {@link Matrix#LAYOUT_VERSION}
 * must be raised, and the hashes here with it.
 */
class PackedBytesTest {
  private static final int ROWS = 40;
  private static final int COLUMNS = 512;

  /** Repacks some rows and names what came of it. */
  private static String hash(TensorType type, Function<MemorySegment, Matrix> layout, long bytes) {
    byte[] rows = new AwkwardData(7).matrix(type, ROWS, COLUMNS, AwkwardData.Weight.ORDINARY);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = NativeMemory.allocate(arena, bytes);
      Matrix matrix = layout.apply(memory);
      int tileBytes = matrix.tileRows() * Math.toIntExact(type.rowBytes(COLUMNS));
      for (int tile = 0; tile < matrix.tiles(); tile++) {
        int first = tile * tileBytes;
        int end = Math.min(first + tileBytes, rows.length);
        matrix.repack(Arrays.copyOf(Arrays.copyOfRange(rows, first, end), tileBytes), tile);
      }
      return Hash32.sha256(memory.toArray(ValueLayout.JAVA_BYTE)).toString();
    }
  }

  /** That of this machine, which has the bytes that its name promises. */
  private static String hash(TensorType type) {
    return hash(
        type, memory -> Matrix.in(type, ROWS, COLUMNS, memory), Matrix.bytes(type, ROWS, COLUMNS));
  }

  /** That of machines without machine code. */
  private static String hashInJava(TensorType type) {
    return switch (type) {
      case Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 ->
          hash(
              type,
              memory -> BlockMatrix.in(type, ROWS, COLUMNS, memory),
              BlockMatrix.bytes(type, ROWS, COLUMNS));
      case IQ4_NL, MXFP4, IQ4_XS, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K ->
          hash(
              type,
              memory -> PackedMatrix.in(type, ROWS, COLUMNS, memory),
              PackedMatrix.bytes(type, ROWS, COLUMNS));
      case F32, F16, BF16 -> hash(type);
    };
  }

  @ParameterizedTest
  @EnumSource
  void theBytesOfEachLayoutStay(TensorType type) {
    assertThat(List.of(hashInJava(type), hash(type)))
        .allMatch(KNOWN.getOrDefault(type, List.of())::contains);
  }

  /** Of the kernels in Java, and of those in machine code where these are others. */
  private static final Map<TensorType, List<String>> KNOWN =
      Map.ofEntries(
          Map.entry(TensorType.F32, List.of("78c5879285de")),
          Map.entry(TensorType.F16, List.of("ae9e090f8bff")),
          Map.entry(TensorType.BF16, List.of("179aed08a02d")),
          Map.entry(TensorType.Q4_0, List.of("3659cc3776ee", "bbfd8a9f7f89")),
          Map.entry(TensorType.Q4_1, List.of("ab69fea2494b", "892e83125c85")),
          Map.entry(TensorType.Q5_0, List.of("b1f6a12baae1", "4c31a83547ee")),
          Map.entry(TensorType.Q5_1, List.of("a08336a2f213", "faf12022f969")),
          Map.entry(TensorType.Q8_0, List.of("bfd5edbfcd7a", "64593d3a97e7")),
          Map.entry(TensorType.IQ4_NL, List.of("bbfd8a9f7f89")),
          Map.entry(TensorType.MXFP4, List.of("3d09ef3a92e3", "9b748926cd72")),
          Map.entry(TensorType.IQ4_XS, List.of("c4703da861f2", "8c94ad08825d")),
          Map.entry(TensorType.Q2_K, List.of("160a5c315f4a")),
          Map.entry(TensorType.Q3_K, List.of("c8ff9171773d", "f8d594fb81a6")),
          Map.entry(TensorType.Q4_K, List.of("676d920e9f6a")),
          Map.entry(TensorType.Q5_K, List.of("9d8b855b3d4d")),
          Map.entry(TensorType.Q6_K, List.of("f6d4b033c8e6")));
}
