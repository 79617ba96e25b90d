package org.folkmoot.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.api.Test;

/** Words without an end cost no more than their length. */
class SymbolRowTest {
  @Test
  void ranksAreAskedForAFewTimesPerCharacter() {
    int length = 1_000_000;
    byte[] text = "a".repeat(length).getBytes(StandardCharsets.UTF_8);
    AtomicInteger asked = new AtomicInteger();
    SymbolRow row =
        new SymbolRow((_, from, middle, to) -> {
          asked.incrementAndGet();
          return to - from <= 256 && middle - from == to - middle ? to - from : SymbolRow.NONE;
        });
    row.join(text, 0, length);
    assertThat(asked.get()).isLessThan(3 * length);
    assertThat(row.end(0)).isEqualTo(256);
  }

  @Test
  void symbolsAreFoundAgainAfterALongAndAShortWord() {
    SymbolRow row = new SymbolRow((_, from, _, to) -> to - from == 2 ? from : SymbolRow.NONE);
    byte[] text = new byte[100];
    for (int length : List.of(1, 2, 3, 31, 32, 33, 100, 5)) {
      row.join(text, 0, length);
      int count = 0;
      int at = 0;
      for (int symbol = 0; symbol >= 0; symbol = row.next(symbol)) {
        assertThat(row.start(symbol)).isEqualTo(at);
        at = row.end(symbol);
        count++;
      }
      assertThat(at).isEqualTo(length);
      assertThat(count).isEqualTo((length + 1) / 2);
    }
  }

  @Test
  void hostileTextsEnd() {
    SplittableRandom random = new SplittableRandom(5);
    List<Tokenizer> tokenizers =
        List.of(
            SmallVocabulary.bytePair(random, "gpt-2").tokenizer(),
            SmallVocabulary.bytePair(random, "tekken").tokenizer(),
            SmallVocabulary.sentencePiece(random, true, true).tokenizer());
    for (String unit : List.of("a", "ab", "Aª", " ", "\n", "'", "<|", "<s>", "中", "😀", "\ud800")) {
      String text = unit.repeat(300_000 / unit.length());
      for (Tokenizer tokenizer : tokenizers) {
        int[] ids = tokenizer.encode(text, Specials.PARSE);
        assertThat(tokenizer.decode(tokenizer.encode(text, Specials.AS_TEXT)))
            .isEqualTo(RandomText.wellFormed(text));
        assertThat(ids).isNotEmpty();
      }
    }
  }
}
