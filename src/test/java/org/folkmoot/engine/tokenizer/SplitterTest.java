package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The scans cut text as the regular expressions do that they stand for. */
class SplitterTest {
  static List<String> names() {
    return Patterns.names();
  }

  @ParameterizedTest
  @MethodSource("names")
  void cutsAsTheExpressionsDo(String name) {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 1_000; round++) {
      String text = RandomText.wellFormed(RandomText.of(random, random.nextInt(1, 12)));
      List<String> words = List.of(text);
      for (Pattern stage : Patterns.of(name)) {
        words = words.stream().flatMap(word -> NaiveBytePair.split(word, stage).stream()).toList();
      }
      assertThat(split(name, text)).as("round %d", round).isEqualTo(words);
    }
  }

  /** Every character by itself, before and after a letter, and with a space before. */
  @ParameterizedTest
  @MethodSource("names")
  void everyCharacterIsOfTheRightClass(String name) {
    StringBuilder all = new StringBuilder();
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      if (Character.getType(c) != Character.SURROGATE) {
        all.append('a').appendCodePoint(c).append("b ").appendCodePoint(c).append("3\n");
        c += c < 0x30000 ? 0 : 0xFFF; // planes without characters need no full count
      }
    }
    List<String> words = List.of(all.toString());
    for (Pattern stage : Patterns.of(name)) {
      words = words.stream().flatMap(word -> NaiveBytePair.split(word, stage).stream()).toList();
    }
    assertThat(String.join("│", split(name, all.toString()))).isEqualTo(String.join("│", words));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "gpt-2;I'm 2024,  ok?;I|'m| 2024|,| | ok|?",
        "smollm;I'm 2024,  ok?;I|'m| |2|0|2|4|,| | ok|?",
        "llama-bpe;I'M 12345!ok;I|'M| |123|45|!ok",
        "qwen2;I'M 123!ok;I|'M| |1|2|3|!ok",
        "tekken;HTTPServer's iPhone;HTTPServer|'s| i|Phone",
        "gpt-4o;HTTPServer's iPhone;HTTPServer's| i|Phone",
        "default;a$5,12345;a|$|5|,|123|45",
      })
  void examples(String name, String text, String words) {
    assertThat(String.join("|", split(name, text))).isEqualTo(words);
  }

  @Test
  void aRunIsScannedAFewTimesAtMost() {
    for (String name : Patterns.names()) {
      for (String run : List.of("a", "A", "ª", "1", " ", "\n", "'", "!", "\u0301", "中", "😀")) {
        assertThat(String.join("", split(name, run.repeat(300_000)))).hasSizeGreaterThan(1);
      }
    }
  }

  private static List<String> split(String name, String text) {
    List<String> words = new ArrayList<>();
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    split(PreTokenizer.named(name).orElseThrow(), 0, utf8, 0, utf8.length, words);
    return words;
  }

  private static void split(
      PreTokenizer rules, int stage, byte[] utf8, int from, int to, List<String> words) {
    if (stage == rules.stages().size()) {
      words.add(new String(utf8, from, to - from, StandardCharsets.UTF_8));
      return;
    }
    for (int at = from; at < to; ) {
      int end = rules.stages().get(stage).end(utf8, at, to);
      assertThat(end).isBetween(at + 1, to);
      split(rules, stage + 1, utf8, at, end, words);
      at = end;
    }
  }
}
