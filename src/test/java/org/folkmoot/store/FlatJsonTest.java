package org.folkmoot.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The small JSON of manifests, held against Jackson. */
class FlatJsonTest {
  private static final ObjectMapper JACKSON = new ObjectMapper();

  @Test
  void whatIsWrittenIsJsonAndComesBack() throws IOException {
    Random random = new Random(1);
    for (int round = 0; round < 500; round++) {
      Map<String, Object> fields = new LinkedHashMap<>();
      for (int i = random.nextInt(8); i > 0; i--) {
        fields.put(text(random), random.nextBoolean() ? (Object) random.nextLong() : text(random));
      }
      byte[] json = FlatJson.write(fields);
      Map<String, String> back = FlatJson.read(json);
      JsonNode jackson = JACKSON.readTree(json);
      assertThat(back).hasSameSizeAs(fields);
      fields.forEach((key, value) -> {
        assertThat(back).containsEntry(key, value.toString());
        assertThat(jackson.get(key).asText()).isEqualTo(value.toString());
      });
    }
  }

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      text.append((char) (random.nextInt(4) == 0 ? random.nextInt(0x10000) : random.nextInt(128)));
    }
    return text.toString();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "{",
        "}",
        "[]",
        "null",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":1}x",
        "{\"a\":1.5}",
        "{\"a\":-}",
        "{\"a\":true}",
        "{\"a\":{}}",
        "{\"a\":\"\\x\"}",
        "{a:1}",
        "{\"a\":\"\\u12g4\"}",
        "{\"a\":\"\n\"}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":12345678901234567890}"
      })
  void anythingElseIsRefused(String json) {
    assertThatThrownBy(() -> FlatJson.read(json.getBytes(StandardCharsets.UTF_8)))
        .isInstanceOf(IOException.class);
  }

  @Test
  void damageIsAnErrorOrReadAsJacksonReadsIt() {
    byte[] whole =
        FlatJson.write(Map.of("name", "smollm2:135m", "size", 98362432L, "x", "\"\\\n\u00e9"));
    Random random = new Random(2);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = whole.clone();
      for (int hits = random.nextInt(3); hits >= 0; hits--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      check(bytes, round);
    }
  }

  private static void check(byte[] bytes, int round) {
    Map<String, String> read;
    try {
      read = FlatJson.read(bytes);
    } catch (IOException refused) {
      return;
    }
    try {
      JsonNode jackson = JACKSON.readTree(new String(bytes, StandardCharsets.UTF_8));
      read.forEach((key, value) ->
          assertThat(jackson.get(key).asText()).as("round %d", round).isEqualTo(value));
    } catch (JsonProcessingException stricter) {
      // Jackson refuses leading zeros, which harm nobody here.
      assertThat(stricter).hasMessageContaining("zero");
    }
  }
}
