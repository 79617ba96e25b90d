package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The fast encoders give the ids that the slow and obvious ones give. */
class EncoderOracleTest {
  static List<String> names() {
    return Patterns.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void bytePair(String pre) {
    SplittableRandom random = new SplittableRandom(7);
    for (int made = 0; made < 3; made++) {
      SmallVocabulary vocabulary = SmallVocabulary.bytePair(random, pre);
      NaiveEncoder naive =
          new NaiveBytePair(
              vocabulary.textTokens(),
              vocabulary.merges,
              Patterns.of(pre),
              Patterns.wholeWordsFirst(pre));
      compare(vocabulary, naive, random, 100);
    }
  }

  @ParameterizedTest
  @CsvSource({"true, true", "true, false", "false, true", "false, false"})
  void sentencePiece(boolean withBytes, boolean spansWords) {
    SplittableRandom random = new SplittableRandom(8);
    for (int made = 0; made < 4; made++) {
      SmallVocabulary vocabulary =
          SmallVocabulary.sentencePiece(random, withBytes, spansWords)
              .put("add_space_prefix", made % 2 == 0);
      NaiveEncoder naive =
          new NaiveSentencePiece(
              vocabulary.tokens, vocabulary.types, vocabulary.scores, made % 2 == 0);
      compare(vocabulary, naive, random, 100);
    }
  }

  private static void compare(
      SmallVocabulary vocabulary, NaiveEncoder naive, SplittableRandom random, int rounds) {
    Tokenizer tokenizer = vocabulary.tokenizer();
    List<Integer> all = ofTypes(vocabulary, List.of(2, 3, 4));
    List<Integer> userDefined = ofTypes(vocabulary, List.of(4));
    for (int round = 0; round < rounds; round++) {
      String text = text(vocabulary, random);
      String clean = RandomText.wellFormed(text);
      assertThat(tokenizer.encode(text, Specials.PARSE))
          .as("parsed, round %d", round)
          .isEqualTo(naive.encode(clean, vocabulary.tokens, all));
      assertThat(tokenizer.encode(text, Specials.AS_TEXT))
          .as("as text, round %d", round)
          .isEqualTo(naive.encode(clean, vocabulary.tokens, userDefined));
    }
  }

  private static List<Integer> ofTypes(SmallVocabulary vocabulary, List<Integer> types) {
    return IntStream.range(0, vocabulary.tokens.size())
        .filter(id -> types.contains(vocabulary.types.get(id)))
        .boxed()
        .toList();
  }

  /** Random text, and much that the vocabulary merges, some of it in words without an end. */
  private static String text(SmallVocabulary vocabulary, SplittableRandom random) {
    StringBuilder text = new StringBuilder(RandomText.of(random, random.nextInt(4)));
    String alphabet = "  aAbBcdes012'é中";
    for (int i = random.nextInt(200); i > 0; i--) {
      if (random.nextInt(30) == 0) {
        text.append(vocabulary.tokens.get(random.nextInt(vocabulary.tokens.size())));
      } else if (random.nextInt(30) == 0) {
        text.append(vocabulary.tokens.getLast());
      } else {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
    }
    return text.append(RandomText.of(random, random.nextInt(4))).toString();
  }
}
