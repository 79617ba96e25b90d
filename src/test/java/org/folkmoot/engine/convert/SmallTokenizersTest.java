package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A {@code tokenizer.json} whose way to cut words is written as Hugging Face's tokenizers writes it
 * gives the ids which that gives, once it is a GGUF file ({@code engine/tokenizer/vectors.json}).
 */
class SmallTokenizersTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "gpt-4o"})
  void byteLevel(String pre) throws IOException {
    JsonNode made = fixture().path("byteLevel");
    JsonNode way = made.path("ways").path(pre);
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    ObjectNode model = root.putObject("model").put("type", "BPE");
    List<String> tokens = List.of(made.path("tokens").textValue().split(" "));
    putVocabulary(model, tokens);
    model.set("merges", made.path("merges"));
    model.set("ignore_merges", way.path("ignore_merges"));
    root.set("pre_tokenizer", way.path("pre_tokenizer"));
    GgufMetadata metadata = imported(root, tokens.size());
    assertThat(metadata.string("tokenizer.ggml.pre")).hasValue(pre);
    check(metadata, way.path("ids"));
  }

  /** Scores go, merges come: all ways to make a piece, the best piece first. */
  @Test
  void sentencePiece() throws IOException {
    JsonNode made = fixture().path("sentencePiece");
    List<String> pieces = strings(made.path("pieces"));
    List<String> tokens =
        Stream.of(
                Stream.of("<unk>", "<s>", "</s>"),
                IntStream.range(0, 256).mapToObj("<0x%02X>"::formatted),
                pieces.stream())
            .flatMap(one -> one)
            .toList();
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    ObjectNode model = root.putObject("model").put("type", "BPE");
    model.put("byte_fallback", true).put("unk_token", "<unk>");
    putVocabulary(model, tokens);
    ArrayNode merges = model.putArray("merges");
    Set<String> known = new HashSet<>(pieces);
    for (String piece : pieces) { // in the order of their scores
      for (int cut = 1; cut < piece.length(); cut++) {
        if (known.contains(piece.substring(0, cut)) && known.contains(piece.substring(cut))) {
          merges.addArray().add(piece.substring(0, cut)).add(piece.substring(cut));
        }
      }
    }
    ArrayNode added = root.putArray("added_tokens");
    for (int id = 0; id < 3; id++) {
      added.addObject().put("id", id).put("content", tokens.get(id)).put("special", true);
    }
    root.putObject("normalizer").put("type", "Prepend");
    check(imported(root, tokens.size()), made.path("ids"));
  }

  private static void putVocabulary(ObjectNode model, List<String> tokens) {
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocabulary.put(tokens.get(id), id);
    }
  }

  private GgufMetadata imported(ObjectNode root, int size) throws IOException {
    GgufWriter writer = new GgufWriter();
    ObjectNode none = HfFolder.MAPPER.createObjectNode();
    new HfTokenizer(root, none, size).putInto(writer, none, none);
    Path out = folder.resolve("out.gguf");
    writer.write(out);
    try (GgufFile file = GgufFile.open(out)) {
      return file.metadata();
    }
  }

  private static void check(GgufMetadata metadata, JsonNode expected) throws IOException {
    Tokenizer tokenizer = Tokenizers.from(metadata);
    List<String> texts = strings(fixture().path("texts"));
    assertThat(expected.size()).isEqualTo(texts.size());
    for (int i = 0; i < texts.size(); i++) {
      int[] ids =
          StreamSupport.stream(expected.path(i).spliterator(), false)
              .mapToInt(JsonNode::intValue)
              .toArray();
      assertThat(tokenizer.encode(texts.get(i), Tokenizer.Specials.AS_TEXT))
          .as("'%s'", texts.get(i))
          .isEqualTo(ids);
    }
  }

  private static List<String> strings(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).map(JsonNode::textValue).toList();
  }

  private static JsonNode fixture() throws IOException {
    String name = "/org/folkmoot/engine/tokenizer/vectors.json";
    try (InputStream in = SmallTokenizersTest.class.getResourceAsStream(name)) {
      return HfFolder.MAPPER.readTree(in);
    }
  }
}
