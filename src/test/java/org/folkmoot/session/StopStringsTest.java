package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  private static String all(List<String> stops, String... pieces) {
    StopStrings watch = new StopStrings(stops);
    StringBuilder out = new StringBuilder();
    for (String piece : pieces) {
      out.append(watch.add(piece));
    }
    return out.append(watch.finish()) + (watch.found() ? "|" : "");
  }

  @Test
  void endsBeforeAStop() {
    assertThat(all(List.of("END"), "one END two")).isEqualTo("one |");
    assertThat(all(List.of("END"), "one E", "N", "D two")).isEqualTo("one |");
    assertThat(all(List.of("END"), "ENENEND")).isEqualTo("ENEN|");
    assertThat(all(List.of("END"))).isEmpty();
    assertThat(all(List.of(), "as it is")).isEqualTo("as it is");
  }

  @Test
  void holdsBackNoMoreThanCouldBecomeAStop() {
    StopStrings watch = new StopStrings(List.of("abcd", "bcx"));
    assertThat(watch.add("zzab")).isEqualTo("zz");
    assertThat(watch.add("c")).isEmpty();
    assertThat(watch.add("c")).isEqualTo("abcc");
    assertThat(watch.add("aab")).isEqualTo("a");
    assertThat(watch.finish()).isEqualTo("ab");
    assertThat(watch.found()).isFalse();
  }

  @Test
  void theFirstToBeCompleteCounts() {
    // "b" is complete before "abc", wherever it begins.
    assertThat(all(List.of("abc", "b"), "abc")).isEqualTo("a|");
    assertThat(all(List.of("abc", "b"), "ab", "c")).isEqualTo("a|");
    assertThat(all(List.of("bc", "abc", "c"), "zabc")).as("the longest of equals").isEqualTo("z|");
  }

  @Test
  void givesNothingAfterAStop() {
    StopStrings watch = new StopStrings(List.of("."));
    assertThat(watch.add("a.b")).isEqualTo("a");
    assertThat(watch.add("c")).isEmpty();
    assertThat(watch.finish()).isEmpty();
  }

  private static String oracle(List<String> stops, String text) {
    for (int end = 1; end <= text.length(); end++) {
      String read = text.substring(0, end);
      int longest = stops.stream().filter(read::endsWith).mapToInt(String::length).max().orElse(0);
      if (longest > 0) {
        return text.substring(0, end - longest) + "|";
      }
    }
    return text;
  }

  @Test
  void doesNotDependOnHowTextIsCut() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 5000; round++) {
      List<String> stops =
          Stream.generate(() -> text(random, 1 + random.nextInt(6)))
              .limit(random.nextInt(4))
              .toList();
      String text = text(random, random.nextInt(40));
      List<String> pieces = new ArrayList<>();
      for (int at = 0; at < text.length(); ) {
        int next = Math.min(text.length(), at + random.nextInt(5));
        pieces.add(text.substring(at, next));
        at = next;
      }
      assertThat(all(stops, pieces.toArray(String[]::new)))
          .as("%s in %s", stops, pieces)
          .isEqualTo(oracle(stops, text));
    }
  }

  /** Two letters, so that beginnings of stops come often and overlap themselves. */
  private static String text(SplittableRandom random, int length) {
    StringBuilder text = new StringBuilder();
    random.ints(length, 0, 2).forEach(letter -> text.append((char) ('a' + letter)));
    return text.toString();
  }
}
