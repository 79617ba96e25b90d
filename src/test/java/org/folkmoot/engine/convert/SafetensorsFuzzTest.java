package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.junit.jupiter.api.Test;

/** Hostile safetensors files: refused with a code, never anything else. */
class SafetensorsFuzzTest {
  private static final int ROUNDS = 20_000;

  private static Map<String, SafetensorsFile.Tensor> parse(byte[] bytes) {
    return SafetensorsFile.parse(MemorySegment.ofArray(bytes), "x.safetensors");
  }

  private static byte[] header(String json, int data) {
    return HfFolder.file(json.getBytes(StandardCharsets.UTF_8), new byte[data]);
  }

  private static void refuses(Code code, String message, byte[] bytes) {
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> parse(bytes))
        .withMessageStartingWith("x.safetensors: ")
        .withMessageContaining(message)
        .satisfies(refused -> assertThat(refused.code()).isEqualTo(code));
  }

  private static String entry(String dtype, String shape, long from, long to) {
    return "{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
        .formatted(dtype, shape, from, to);
  }

  @Test
  void readsWhatIsWellMade() {
    byte[] bytes =
        header(
            "{\"__metadata__\":{\"a\":\"b\"},\"x\":%s,\"y\":%s}  "
                .formatted(entry("BF16", "[2,3]", 0, 12), entry("F32", "[]", 12, 16)),
            16);
    assertThat(parse(bytes)).containsOnlyKeys("x", "y");
    assertThat(parse(bytes))
        .extractingByKey("x")
        .extracting(SafetensorsFile.Tensor::shape)
        .isEqualTo(List.of(2L, 3L));
  }

  @Test
  void refusesWhatIsNot() {
    refuses(Code.BAD_FILE, "too short", new byte[9]);
    refuses(Code.BAD_FILE, "header claims", HfFolder.file(new byte[0], new byte[20]));
    byte[] absurd = new byte[100];
    Arrays.fill(absurd, (byte) 255);
    refuses(Code.BAD_FILE, "header claims", absurd);
    refuses(Code.BAD_FILE, "no JSON object", header("[1]", 4));
    refuses(Code.BAD_FILE, "not valid JSON", header("{\"x\":", 4));
    String twice = entry("F32", "[1]", 0, 4);
    refuses(Code.BAD_FILE, "JSON", header("{\"x\":" + twice + ",\"x\":" + twice + "}", 4));
    refuses(
        Code.UNSUPPORTED, "'F8_E4M3'", header("{\"x\":" + entry("F8_E4M3", "[4]", 0, 4) + "}", 4));
    refuses(Code.BAD_FILE, "shape needs 8", header("{\"x\":" + entry("F32", "[2]", 0, 4) + "}", 4));
    refuses(Code.BAD_FILE, "beyond", header("{\"x\":" + entry("F32", "[2]", 0, 8) + "}", 4));
    refuses(Code.BAD_FILE, "beyond", header("{\"x\":" + entry("F32", "[1]", -4, 0) + "}", 4));
    refuses(
        Code.BAD_FILE,
        "impossible shape",
        header("{\"x\":" + entry("F32", "[4294967296,4294967296]", 0, 4) + "}", 4));
    refuses(
        Code.BAD_FILE, "impossible shape", header("{\"x\":" + entry("F32", "[0]", 0, 0) + "}", 4));
    refuses(
        Code.BAD_FILE, "proper shape", header("{\"x\":" + entry("F32", "[1.5]", 0, 4) + "}", 4));
    String one = entry("F32", "[1]", 0, 4);
    refuses(
        Code.BAD_FILE,
        "overlap",
        header("{\"x\":" + one + ",\"y\":" + entry("F16", "[2]", 2, 6) + "}", 6));
    refuses(
        Code.BAD_FILE,
        "hole",
        header("{\"x\":" + one + ",\"y\":" + entry("F16", "[1]", 6, 8) + "}", 8));
    refuses(Code.BAD_FILE, "2 bytes after", header("{\"x\":" + one + "}", 6));
    refuses(Code.BAD_FILE, "JSON", header("[".repeat(2000), 4));
  }

  @Test
  void damagedFilesAreRefusedOrRead() throws IOException {
    Map<String, HfFolder.Weights> tensors = new LinkedHashMap<>();
    tensors.put("a", new HfFolder.Weights(List.of(2L, 3L), new float[6]));
    tensors.put("b.c", new HfFolder.Weights(List.of(4L), new float[4]));
    byte[] good = HfFolder.safetensors(tensors);
    SplittableRandom random = new SplittableRandom(21);
    int read = 0;
    for (int round = 0; round < ROUNDS; round++) {
      byte[] bytes = good.clone();
      for (int changes = random.nextInt(1, 4); changes > 0; changes--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
      }
      try {
        parse(bytes);
        read++;
      } catch (FolkmootException refused) {
        assertThat(refused.code()).isIn(Code.BAD_FILE, Code.UNSUPPORTED);
      }
    }
    assertThat(read).isPositive();
  }
}
