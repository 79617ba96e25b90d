package org.folkmoot.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.jline.utils.WCWidth;
import org.junit.jupiter.api.Test;

class WordWrapTest {
  /** Code, and words and indentations that some line of the test cannot hold. */
  private static final Pattern OVERLONG = Pattern.compile("```|[^\\s日本👍]{19}|(^|\n)\\s{5}");

  private static String wrap(int columns, String... pieces) {
    WordWrap wrap = new WordWrap(() -> columns);
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      out.append(wrap.add(piece));
    }
    return out.append(wrap.finish()).toString();
  }

  @Test
  void breaksBetweenWords() {
    assertThat(wrap(20, "The quick brown fox jumps over the lazy dog."))
        .isEqualTo("The quick brown fox\njumps over the lazy\ndog.");
    assertThat(wrap(80, "short")).isEqualTo("short");
    assertThat(wrap(20, "a\n\nb")).isEqualTo("a\n\nb");
  }

  @Test
  void showsAWordWhenItIsWhole() {
    WordWrap wrap = new WordWrap(() -> 20);
    assertThat(wrap.add("Hel")).isEmpty();
    assertThat(wrap.add("lo")).isEmpty();
    assertThat(wrap.add(" wor")).isEqualTo("Hello");
    assertThat(wrap.add("ld\n")).isEqualTo(" world\n");
    assertThat(wrap.finish()).isEmpty();
  }

  @Test
  void leavesLongerWordsToTheTerminal() {
    String address = "https://example.org/" + "x".repeat(60);
    assertThat(wrap(20, "see " + address + " there")).isEqualTo("see\n" + address + " there");
  }

  @Test
  void leavesCodeAsItIs() {
    String code = "```java\nint answerToEverything = 40 + 2; // and more\n```\n";
    assertThat(wrap(20, code)).isEqualTo(code);
    assertThat(wrap(20, code + "and after it words again"))
        .isEqualTo(code + "and after it words\nagain");
    assertThat(wrap(20, "``not code`` but some words")).contains("\n");
  }

  @Test
  void breaksScriptsWithoutSpacesAnywhere() {
    String text = "古池や蛙飛び込む水の音";
    assertThat(wrap(12, text).replace("\n", "")).isEqualTo(text);
    assertThat(wrap(12, text).lines()).allMatch(line -> line.length() <= 6);
    WordWrap wrap = new WordWrap(() -> 12);
    assertThat(wrap.add("古")).as("shown at once").isEqualTo("古");
  }

  private static int cells(String line) {
    return line.codePoints().map(WCWidth::wcwidth).sum();
  }

  @Test
  void keepsEveryWordAndFitsEveryLine() {
    SplittableRandom random = new SplittableRandom(1);
    String[] words = {"a", "word", "longer-word", "é", "日本", "👍", "\n", " ", "\u0301x", "``"};
    for (int round = 0; round < 2000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(40); i > 0; i--) {
        text.append(words[random.nextInt(words.length)]).append(random.nextBoolean() ? " " : "");
      }
      int columns = 20 + random.nextInt(30);
      String whole = wrap(columns, text.toString());
      String[] pieces = text.toString().split("(?<=[a ])");
      assertThat(wrap(columns, pieces)).as("however it is cut").isEqualTo(whole);
      assertThat(whole.replaceAll("\\s", "")).isEqualTo(text.toString().replaceAll("\\s", ""));
      if (!OVERLONG.matcher(text).find()) {
        assertThat(whole.lines())
            .as("%d columns: %s", columns, whole)
            .allMatch(line -> cells(line) < columns);
      }
    }
  }
}
