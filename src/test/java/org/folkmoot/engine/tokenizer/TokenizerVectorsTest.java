package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.gguf.GgufMetadata;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.testing.Golden;
import org.folkmoot.testing.GoldenFiles;
import org.folkmoot.testing.SharedModels;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Real vocabularies encode as other implementations do. */
class TokenizerVectorsTest {
  private static final String VOCABULARIES =
      """
      ggml-vocab-gpt-2.gguf, ggml-vocab-gpt-2
      ggml-vocab-llama-spm.gguf, ggml-vocab-llama-spm
      ggml-vocab-phi-3.gguf, ggml-vocab-phi-3
      vocab-llama3.gguf, ggml-vocab-llama-bpe
      vocab-qwen3.gguf, ggml-vocab-qwen2
      """;

  @ParameterizedTest
  @CsvSource(textBlock = VOCABULARIES)
  void vectors(String file, String vectors) throws IOException {
    Path folder = SharedModels.folder("vocab");
    Tokenizer tokenizer = tokenizer(folder.resolve(file));
    String[] texts =
        Files.readString(folder.resolve(vectors + ".gguf.inp"))
            .split("\n__ggml_vocab_test__\n", -1);
    List<String> expected = Files.readAllLines(folder.resolve(vectors + ".gguf.out"));
    assertThat(expected).hasSizeGreaterThan(40);
    for (int i = 0; i < expected.size(); i++) {
      int[] ids =
          Stream.of(expected.get(i).trim().split(" +"))
              .filter(id -> !id.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      assertThat(tokenizer.encode(texts[i], Specials.AS_TEXT)).as("vector %d", i).isEqualTo(ids);
      assertThat(tokenizer.decode(ids)).isEqualTo(texts[i]);
    }
  }

  @Test
  void goldensOfSmallModels() {
    for (Golden golden : GoldenFiles.small()) {
      check(golden);
    }
  }

  @Test
  void goldensOfSmolLm2() {
    for (Golden golden : GoldenFiles.smolLm2()) {
      check(golden);
    }
  }

  private static void check(Golden golden) {
    Tokenizer tokenizer = tokenizer(golden.model());
    assertThat(tokenizer.encodePrompt(golden.prompt(), Specials.PARSE))
        .as(golden.name())
        .isEqualTo(golden.promptIds());
    StreamDecoder decoder = StreamDecoder.ofContinuation(tokenizer);
    StringBuilder text = new StringBuilder();
    for (int id : golden.generatedIds()) {
      if (tokenizer.isEnd(id)) {
        break;
      }
      text.append(decoder.add(id));
    }
    assertThat(text.append(decoder.finish()).toString().strip()).isEqualTo(golden.text().strip());
  }

  @ParameterizedTest
  @CsvSource(textBlock = VOCABULARIES)
  void randomTextComesBack(String file, String vectors) {
    Tokenizer tokenizer = tokenizer(SharedModels.folder("vocab").resolve(file));
    SplittableRandom random = new SplittableRandom(11);
    for (int round = 0; round < 500; round++) {
      // SentencePiece cannot tell U+2581 from a space.
      String text = RandomText.of(random, random.nextInt(1, 12)).replace("▁", "");
      int[] ids = tokenizer.encode(text, Specials.AS_TEXT);
      assertThat(tokenizer.decode(ids)).isEqualTo(RandomText.wellFormed(text));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "ggml-vocab-gpt-2.gguf, gpt-2",
    "vocab-llama3.gguf, llama-bpe",
    "vocab-qwen3.gguf, qwen2"
  })
  void realMergesAsTheOracle(String file, String pre) {
    GgufMetadata metadata = metadata(SharedModels.folder("vocab").resolve(file));
    Tokenizer tokenizer = Tokenizers.from(metadata);
    String[] tokens = metadata.strings("tokenizer.ggml.tokens").orElseThrow();
    NaiveBytePair naive =
        new NaiveBytePair(
            List.of(tokens),
            List.of(metadata.strings("tokenizer.ggml.merges").orElseThrow()),
            Patterns.of(pre),
            Patterns.wholeWordsFirst(pre));
    int[] types = metadata.integers("tokenizer.ggml.token_type").orElseThrow();
    List<Integer> specials =
        IntStream.range(0, types.length)
            .filter(id -> types[id] > 1 && types[id] < 5)
            .boxed()
            .toList();
    SplittableRandom random = new SplittableRandom(12);
    for (int round = 0; round < 100; round++) {
      String text = RandomText.of(random, random.nextInt(1, 12));
      assertThat(tokenizer.encode(text, Specials.PARSE))
          .as("round %d", round)
          .isEqualTo(naive.encode(RandomText.wellFormed(text), Arrays.asList(tokens), specials));
    }
  }

  private static Tokenizer tokenizer(Path file) {
    return Tokenizers.from(metadata(file));
  }

  private static GgufMetadata metadata(Path path) {
    try (GgufFile file = GgufFile.open(path)) {
      return file.metadata();
    }
  }
}
