package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Small vocabularies encode as Hugging Face's tokenizers and sentencepiece do with them ({@code
 * vectors.json}, made by {@code make-vectors.py}). Those of real models are held by {@link
 * TokenizerVectorsTest}, where they are at hand.
 */
class SmallVectorsTest {
  private static final JsonNode FIXTURE = fixture();

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o"})
  void byteLevel(String pre) {
    JsonNode made = FIXTURE.path("byteLevel");
    String[] tokens = made.path("tokens").textValue().split(" ");
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("tokenizer.ggml.model", "gpt2");
    values.put("tokenizer.ggml.pre", pre);
    values.put("tokenizer.ggml.add_bos_token", false);
    values.put("tokenizer.ggml.tokens", tokens);
    values.put("tokenizer.ggml.token_type", types(tokens.length, 0));
    values.put("tokenizer.ggml.merges", strings(made.path("merges")).toArray(String[]::new));
    check(Tokenizers.from(new GgufMetadata(values)), made.path("ways").path(pre).path("ids"));
  }

  @Test
  void sentencePiece() {
    JsonNode made = FIXTURE.path("sentencePiece");
    String[] tokens =
        Stream.of(
                Stream.of("<unk>", "<s>", "</s>"),
                IntStream.range(0, 256).mapToObj("<0x%02X>"::formatted),
                strings(made.path("pieces")))
            .flatMap(one -> one)
            .toArray(String[]::new);
    int first = tokens.length - made.path("pieces").size();
    float[] scores = new float[tokens.length];
    for (int id = first; id < tokens.length; id++) {
      scores[id] = made.path("scores").path(id - first).floatValue();
    }
    Map<String, Object> values = new LinkedHashMap<>();
    values.put("tokenizer.ggml.model", "llama");
    values.put("tokenizer.ggml.tokens", tokens);
    values.put("tokenizer.ggml.token_type", types(tokens.length, first));
    values.put("tokenizer.ggml.scores", scores);
    check(Tokenizers.from(new GgufMetadata(values)), made.path("ids"));
  }

  /** As GGUF numbers them: all normal, or before the first normal one three of SentencePiece's. */
  private static long[] types(int count, int firstNormal) {
    long[] types = new long[count];
    for (int id = 0; id < count; id++) {
      boolean normal = id >= firstNormal;
      types[id] = normal ? 1 : id == 0 ? 2 : id < 3 ? 3 : 6;
    }
    return types;
  }

  private static void check(Tokenizer tokenizer, JsonNode expected) {
    assertThat(expected.size()).isEqualTo(FIXTURE.path("texts").size()).isGreaterThan(30);
    for (int i = 0; i < expected.size(); i++) {
      String text = FIXTURE.path("texts").path(i).textValue();
      int[] ids =
          StreamSupport.stream(expected.path(i).spliterator(), false)
              .mapToInt(JsonNode::intValue)
              .toArray();
      assertThat(tokenizer.encode(text, Specials.AS_TEXT)).as("'%s'", text).isEqualTo(ids);
      assertThat(tokenizer.decode(ids)).isEqualTo(text);
    }
  }

  /** The ways to cut words differ in these texts, each from each: no two can be confused. */
  @Test
  void theTextsTellTheWaysApart() {
    JsonNode ways = FIXTURE.path("byteLevel").path("ways");
    assertThat(ways.properties().stream().map(way -> way.getValue().path("ids").toString()))
        .hasSize(6)
        .doesNotHaveDuplicates();
  }

  private static Stream<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::textValue);
  }

  private static JsonNode fixture() {
    try (InputStream in = SmallVectorsTest.class.getResourceAsStream("vectors.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }
}
