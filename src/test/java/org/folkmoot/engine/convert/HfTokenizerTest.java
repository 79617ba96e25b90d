package org.folkmoot.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.gguf.GgufWriter;
import org.folkmoot.engine.tokenizer.Tokenizer;
import org.folkmoot.engine.tokenizer.Tokenizers;
import org.folkmoot.testing.SharedModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** tokenizer.json files, made of real vocabularies, against the ids that are known for these. */
class HfTokenizerTest {
  private static final String LLAMA3 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String QWEN = LLAMA3.replace("{1,3}", "");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "ggml-vocab-gpt-2.gguf, ggml-vocab-gpt-2, gpt-2",
    "vocab-llama3.gguf, ggml-vocab-llama-bpe, llama-bpe",
    "vocab-qwen3.gguf, ggml-vocab-qwen2, qwen2"
  })
  void byteLevel(String file, String vectors, String pre) throws IOException {
    GgufMetadata metadata = metadata(SharedModels.folder("vocab").resolve(file));
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    String[] tokens = vocabulary(root, metadata);
    ArrayNode merges =
        root.withObject("/model").put("ignore_merges", pre.equals("llama-bpe")).putArray("merges");
    for (String merge : metadata.strings("tokenizer.ggml.merges").orElseThrow()) {
      merges.add(merge);
    }
    ObjectNode way = root.putObject("pre_tokenizer");
    if (pre.equals("gpt-2")) {
      way.put("type", "ByteLevel").put("use_regex", true);
    } else {
      ArrayNode steps = way.put("type", "Sequence").putArray("pretokenizers");
      steps
          .addObject()
          .put("type", "Split")
          .putObject("pattern")
          .put("Regex", pre.equals("qwen2") ? QWEN : LLAMA3);
      steps.addObject().put("type", "ByteLevel").put("use_regex", false);
    }
    check(root, tokens.length, vectors, pre);
  }

  @Test
  void sentencePiece() throws IOException {
    Path file = SharedModels.folder("vocab").resolve("ggml-vocab-llama-spm.gguf");
    GgufMetadata metadata = metadata(file);
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    String[] tokens = vocabulary(root, metadata);
    float[] scores = metadata.floats("tokenizer.ggml.scores").orElseThrow();
    root.withObject("/model").put("byte_fallback", true).put("unk_token", "<unk>");
    // As Hugging Face's converter does: all ways to make a piece, the best piece first.
    Set<String> pieces = new HashSet<>(Arrays.asList(tokens));
    ArrayNode merges = root.withObject("/model").putArray("merges");
    Integer[] order = new Integer[tokens.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, (a, b) -> Float.compare(scores[b], scores[a]));
    for (int id : order) {
      for (int cut = 1; cut < tokens[id].length(); cut++) {
        String left = tokens[id].substring(0, cut);
        String right = tokens[id].substring(cut);
        if (pieces.contains(left) && pieces.contains(right)) {
          merges.addArray().add(left).add(right);
        }
      }
    }
    root.putObject("normalizer").put("type", "Prepend");
    check(root, tokens.length, "ggml-vocab-llama-spm", "");
  }

  private static String[] vocabulary(ObjectNode root, GgufMetadata metadata) {
    String[] tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
    int[] types = metadata.integers("tokenizer.ggml.token_type").orElseThrow();
    ObjectNode vocab = root.putObject("model").put("type", "BPE").putObject("vocab");
    ArrayNode added = root.putArray("added_tokens");
    for (int id = 0; id < tokens.length; id++) {
      if (types[id] == 1 || types[id] == 6 || types[id] == 2) {
        vocab.put(tokens[id], id);
      }
      if (types[id] == 3 || types[id] == 4) {
        added.addObject().put("id", id).put("content", tokens[id]).put("special", types[id] == 3);
      }
    }
    return tokens;
  }

  private void check(ObjectNode root, int size, String vectors, String pre) throws IOException {
    GgufWriter writer = new GgufWriter();
    ObjectNode none = HfFolder.MAPPER.createObjectNode();
    new HfTokenizer(root, none, size).putInto(writer, none, none);
    Path out = folder.resolve("out.gguf");
    writer.write(out);
    GgufMetadata metadata = metadata(out);
    assertThat(metadata.string("tokenizer.ggml.pre").orElse("")).isEqualTo(pre);
    Tokenizer tokenizer = Tokenizers.from(metadata);
    Path shared = SharedModels.folder("vocab");
    String[] texts =
        Files.readString(shared.resolve(vectors + ".gguf.inp"))
            .split("\n__ggml_vocab_test__\n", -1);
    List<String> expected = Files.readAllLines(shared.resolve(vectors + ".gguf.out"));
    for (int i = 0; i < expected.size(); i++) {
      int[] ids =
          Stream.of(expected.get(i).trim().split(" +"))
              .filter(id -> !id.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      assertThat(tokenizer.encode(texts[i], Tokenizer.Specials.AS_TEXT))
          .as("vector %d", i)
          .isEqualTo(ids);
    }
  }

  private static GgufMetadata metadata(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      return file.metadata();
    }
  }

  /**
   * A small tokenizer with pieces and added tokens: content, and whether it calls itself special.
   */
  private static ObjectNode small(boolean byteLevel, Object... added) {
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    ObjectNode vocab = root.putObject("model").put("type", "BPE").putObject("vocab");
    root.withObject("/model").put("byte_fallback", !byteLevel).put("unk_token", "<unk>");
    vocab.put("<unk>", 0).put("a", 1).put("▁▁", 2);
    root.withObject("/model").putArray("merges").add("a a");
    if (byteLevel) {
      root.putObject("pre_tokenizer").put("type", "ByteLevel").put("use_regex", true);
    }
    ArrayNode list = root.putArray("added_tokens");
    for (int i = 0; i < added.length; i += 2) {
      int id = vocab.path((String) added[i]).asInt(3 + i / 2);
      list.addObject()
          .put("id", id)
          .put("content", (String) added[i])
          .put("special", (boolean) added[i + 1]);
    }
    return root;
  }

  private GgufMetadata written(ObjectNode root, int size) throws IOException {
    GgufWriter writer = new GgufWriter();
    ObjectNode none = HfFolder.MAPPER.createObjectNode();
    new HfTokenizer(root, none, size).putInto(writer, none, none);
    Path out = folder.resolve("small.gguf");
    writer.write(out);
    return metadata(out);
  }

  /** Whoever types such a mark must not forge a turn with it. */
  @Test
  void marksOfTurnsAreControlTokensWhateverTheFolderSays() throws IOException {
    String[] marks = {
      "<｜User｜>", "<|im_start|>", "<unused7>", "<pad>", "<mask>", "<2mass>", "[@BOS@]", "<｜a▁b｜>"
    };
    for (boolean byteLevel : new boolean[] {true, false}) {
      Object[] added = Stream.of(marks).flatMap(mark -> Stream.of(mark, false)).toArray();
      GgufMetadata metadata = written(small(byteLevel, added), 20);
      int[] types = metadata.integers("tokenizer.ggml.token_type").orElseThrow();
      assertThat(Arrays.copyOfRange(types, 3, 3 + marks.length)).containsOnly(3);
    }
    Object[] words = {"<think>", false, "<|a", false, "x<unused1>", false};
    int[] types =
        written(small(true, words), 20).integers("tokenizer.ggml.token_type").orElseThrow();
    assertThat(Arrays.copyOfRange(types, 3, 6)).containsOnly(4);
  }

  /** Gemma's runs of spaces are spelled as they stand in a text. */
  @Test
  void addedSpacesAreSpaces() throws IOException {
    GgufMetadata metadata = written(small(false, "▁▁", false, "▁▁▁", false), 20);
    String[] tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
    assertThat(tokens[2]).isEqualTo("  ");
    assertThat(tokens[4]).isEqualTo("   ");
    Tokenizer tokenizer = Tokenizers.from(metadata);
    assertThat(tokenizer.decode(new int[] {1, 4, 1})).isEqualTo("a   a");
    assertThat(tokenizer.encode("  ", Tokenizer.Specials.AS_TEXT)).containsExactly(2);
  }

  /** Gemma 3's small models have a token for pictures, and no row for it. */
  @Test
  void addedTokensBeyondTheVocabularyAreLeftOut() throws IOException {
    ObjectNode root = small(true, "<image>", true);
    assertThat(written(root, 3).strings("tokenizer.ggml.tokens").orElseThrow())
        .containsExactly("<unk>", "a", "▁▁");
    assertThat(written(root, 4).strings("tokenizer.ggml.tokens").orElseThrow()).hasSize(4);
  }

  @Test
  void anUnknownWayToCutWordsIsNamed() {
    ObjectNode root = HfFolder.MAPPER.createObjectNode();
    root.putObject("model").put("type", "BPE").putObject("vocab").put("a", 0);
    root.withObject("/model").putArray("merges").add("a a");
    ArrayNode steps =
        root.putObject("pre_tokenizer").put("type", "Sequence").putArray("pretokenizers");
    steps.addObject().put("type", "Split").putObject("pattern").put("Regex", "[xyz]+");
    steps.addObject().put("type", "ByteLevel").put("use_regex", false);
    ObjectNode none = HfFolder.MAPPER.createObjectNode();
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> new HfTokenizer(root, none, 1).putInto(new GgufWriter(), none, none))
        .withMessageContaining("[xyz]+")
        .satisfies(e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.UNSUPPORTED));
  }
}
