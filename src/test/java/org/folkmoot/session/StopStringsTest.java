package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class StopStringsTest {
  @Test
  void textBeforeTheFirstStopIsLetThrough() {
    StopStrings stops = new StopStrings(List.of("END", "\n\n"));
    assertThat(stops.add("one E")).isEqualTo("one ");
    assertThat(stops.add("Nd two\n")).isEqualTo("ENd two");
    assertThat(stops.add("three\n\nfour")).isEqualTo("\nthree");
    assertThat(stops.found()).isTrue();
    assertThat(stops.add("more")).isEmpty();
    assertThat(stops.finish()).isEmpty();
  }

  @Test
  void whatWasHeldBackComesAtTheEnd() {
    StopStrings stops = new StopStrings(List.of("stop"));
    assertThat(stops.add("a sto")).isEqualTo("a ");
    assertThat(stops.finish()).isEqualTo("sto");
    assertThat(stops.found()).isFalse();
  }

  @Test
  void anyCutGivesWhatTheWholeTextGives() {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 2000; round++) {
      String text = letters(random, 40);
      List<String> wanted = List.of(letters(random, 3), letters(random, 4));
      StopStrings stops = new StopStrings(wanted);
      StringBuilder out = new StringBuilder();
      for (int at = 0; at < text.length(); ) {
        int end = Math.min(text.length(), at + 1 + random.nextInt(5));
        out.append(stops.add(text.substring(at, end)));
        at = end;
      }
      out.append(stops.finish());
      assertThat(out.toString()).as("%s in %s", wanted, text).isEqualTo(expected(text, wanted));
    }
  }

  /** The text before the stop string that is complete first; of two, the one that begins first. */
  private static String expected(String text, List<String> stops) {
    for (int end = 1; end <= text.length(); end++) {
      int first = Integer.MAX_VALUE;
      for (String stop : stops) {
        if (text.substring(0, end).endsWith(stop)) {
          first = Math.min(first, end - stop.length());
        }
      }
      if (first < Integer.MAX_VALUE) {
        return text.substring(0, first);
      }
    }
    return text;
  }

  private static String letters(SplittableRandom random, int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('a' + random.nextInt(2)));
    }
    return text.toString();
  }
}
