package org.folkmoot.base;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Suggestions for slips of the finger. */
class NearNamesTest {
  private static final List<String> KNOWN =
      List.of("smollm2:135m", "smollm2:360m", "mistral:7b", "tinyllama:1.1b");

  @Test
  void slipsOfTheFingerAreNear() {
    assertThat(NearNames.of("smolm2:135m", KNOWN)).startsWith("smollm2:135m");
    assertThat(NearNames.of("mistrla:7b", KNOWN)).containsExactly("mistral:7b");
    assertThat(NearNames.of("MISTRAL:7B", KNOWN)).containsExactly("mistral:7b");
    assertThat(NearNames.of("tiny", KNOWN)).containsExactly("tinyllama:1.1b");
    assertThat(NearNames.of("gpt-99", KNOWN)).isEmpty();
    assertThat(NearNames.of("", KNOWN)).isEmpty();
    assertThat(NearNames.of("a".repeat(1_000_000), KNOWN)).isEmpty();
  }

  @Test
  void aSwapIsOneSlip() {
    assertThat(NearNames.distance("abcd", "acbd")).isEqualTo(1);
    assertThat(NearNames.distance("", "abc")).isEqualTo(3);
    assertThat(NearNames.distance("kitten", "sitting")).isEqualTo(3);
    assertThat(NearNames.distance("same", "same")).isZero();
  }

  @Test
  void hintsReadAsSentences() {
    assertThat(NearNames.hint("pul", List.of("pull"))).isEqualTo(": did you mean 'pull'?");
    assertThat(NearNames.hint("smollm2", List.of("smollm2:a", "smollm2:b")))
        .isEqualTo(": did you mean 'smollm2:a' or 'smollm2:b'?");
    assertThat(NearNames.hint("x", List.of("yyyy"))).isEmpty();
  }
}
