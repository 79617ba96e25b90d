package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is thought and what is said, however the text comes in pieces. */
class ReasoningTest {
  private static final int CUTS = 200;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "user: hi | <think>~Hm. 1 < 2~</think>~~Yes. | Hm. 1 < 2~ | Yes.",
        "user: hi | ~<think></think>No. | \"\" | No.",
        "user: hi | Plain <think>not</think>. | \"\" | Plain <think>not</think>.",
        "user: hi | <thinking> aloud | \"\" | <thinking> aloud",
        "user: hi | <think>never ends </thin | never ends </thin | \"\"",
        "bot: <think>~ | Well.</think>~~So. | Well. | So.",
        "bot: <think>~~</think>~~ | Short. | \"\" | Short.",
        "user: hi | <thi | \"\" | <thi",
      })
  void tellsThemApart(String prompt, String answer, String thought, String text) {
    tellsApart(() -> Reasoning.after(lines(prompt)), 1, lines(answer), lines(thought), lines(text));
  }

  /** However the answer is cut. */
  private static void tellsApart(
      Supplier<Reasoning> fresh, long seed, String whole, String thought, String text) {
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < CUTS; i++) {
      Reasoning reasoning = fresh.get();
      StringBuilder thoughts = new StringBuilder();
      StringBuilder said = new StringBuilder();
      for (int at = 0; at < whole.length(); ) {
        int end = i == 0 ? whole.length() : Math.min(whole.length(), at + random.nextInt(1, 6));
        take(reasoning.add(whole.substring(at, end)), thoughts, said);
        at = end;
      }
      take(reasoning.finish(), thoughts, said);
      assertThat(thoughts.toString()).isEqualTo(thought);
      assertThat(said.toString()).isEqualTo(text);
    }
  }

  /** Messages on channels, of which an answer has several. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "@analysis#Hm. 1 < 2@end^assistant@final#Yes.~1 <X 2 | Hm. 1 < 2 | Yes.~1 <X 2",
        "@final#No. | \"\" | No.",
        "@analysis#One.@end^assistant@analysis#Two.@end^assistant@final#Three. | One.Two. | Three.",
        "@analysis#never ends <en | never ends <en | \"\"",
        "@analysis#Hm.@end^assist | Hm. | \"\"",
        "Plain < text. | \"\" | Plain < text.",
        "^assistant@final#So. | \"\" | So.",
        "@analysis#Ask.@end^assistant@commentary to=functions.sky json#{}  | Ask. | {}",
      })
  void tellsChannelsApart(String answer, String thought, String text) {
    String whole = channels(answer);
    tellsApart(Reasoning::channels, 2, whole, channels(thought), channels(text));
    assertThat(Channels.answerOf(whole)).isEqualTo(channels(text));
  }

  /** Marks as they are spelled; an X stands for a bar. */
  private static String channels(String text) {
    return lines(text)
        .replace("@end", "<|end|>")
        .replace("@", "<|channel|>")
        .replace("#", "<|message|>")
        .replace("^", "<|start|>")
        .replace('X', '|');
  }

  /**
   * What families' prompts end with: R1's opens the thought itself, others leave it to the model.
   */
  @ParameterizedTest
  @CsvSource({
    "deepseek-r1-distill, one question, true",
    "deepseek-r1-distill, a system and several turns, true",
    "qwen3, one question, false",
    "qwen3, 'no thoughts, please', false",
    "mixtral, one question, false",
  })
  void seesWhetherThePromptOpensAThought(String family, String conversation, boolean opens)
      throws IOException {
    String prompt = rendered(family, conversation);
    assertThat(Reasoning.after(prompt).isThinking()).isEqualTo(opens);
    Reasoning.Part part = Reasoning.after(prompt).add("Hm.\n</think>\n\nYes.");
    assertThat(part)
        .isEqualTo(
            opens
                ? new Reasoning.Part("Hm.\n", "Yes.")
                : new Reasoning.Part("", "Hm.\n</think>\n\nYes."));
  }

  /** A prompt as Jinja2 made it of the family's template. */
  private static String rendered(String family, String conversation) throws IOException {
    try (InputStream in =
        ReasoningTest.class.getResourceAsStream("/org/folkmoot/engine/template/families.json")) {
      for (JsonNode one : new ObjectMapper().readTree(in).path("conversations")) {
        if (one.path("name").asText().equals(conversation)) {
          return one.path("expected").path(family).textValue();
        }
      }
    }
    throw new AssertionError("no conversation " + conversation);
  }

  private static void take(Reasoning.Part part, StringBuilder thoughts, StringBuilder said) {
    thoughts.append(part.thought());
    said.append(part.text());
  }

  private static String lines(String text) {
    return text.replace('~', '\n');
  }
}
