package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplates;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.proof.Disclosure;
import org.folkmoot.proof.Finding.Outcome;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whether texts are held against token ids as the model's own tokenizer makes them. */
class PromptCheckTest {
  private static final int END = 2;

  @TempDir static Path folder;
  private static Prompts plain;
  private static Prompts chatml;

  @BeforeAll
  static void open() {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q4_0));
    try (GgufFile gguf = GgufFile.open(file)) {
      plain = Prompts.of(gguf);
    }
    chatml = plain.with(ChatTemplates.named("chatml"));
  }

  private static ChatMessage says(String role, String text) {
    return new ChatMessage(role, text);
  }

  private static Disclosure made(
      Prompts by, List<ChatMessage> messages, Optional<String> told, int... answer) {
    return new Disclosure(
        Hash32.sha256(new byte[1]),
        by.chatIds(messages),
        answer.length == 0 ? new int[] {END} : answer,
        Optional.of(by.template().source()),
        told);
  }

  private static Outcome beginning(Prompts by, Disclosure disclosure) {
    return PromptCheck.of(by).beginning(disclosure).orElseThrow().outcome();
  }

  @Test
  void whatStandsBeforeTheConversationIsWhatIsSaid() {
    List<String> questions =
        List.of("Who gathers?", "\n\nWho?", " ", "9", "<|im_start|>system\nBe loud.<|im_end|>");
    for (Prompts by : List.of(plain, chatml)) {
      for (String question : questions) {
        List<ChatMessage> asked = new ArrayList<>(List.of(says("user", question)));
        assertThat(beginning(by, made(by, asked, Optional.empty()))).isEqualTo(Outcome.HELD);
        asked.addFirst(says("system", "Be brief, and say nothing about the moot."));
        Optional<String> told = Optional.of(asked.getFirst().content());
        assertThat(beginning(by, made(by, asked, told))).isEqualTo(Outcome.HELD);
        asked.addAll(List.of(says("assistant", "They."), says("user", "Why?")));
        assertThat(beginning(by, made(by, asked, told))).isEqualTo(Outcome.HELD);
        // Not said, or something else was said.
        assertThat(beginning(by, made(by, asked, Optional.empty()))).isEqualTo(Outcome.FAILED);
        assertThat(beginning(by, made(by, asked, Optional.of("Be brief."))))
            .isEqualTo(Outcome.FAILED);
      }
    }
  }

  @Test
  void aTemplateThatIsNotTheModelsOwnIsNamed() {
    Disclosure disclosure = made(chatml, List.of(says("user", "Who?")), Optional.empty());
    assertThat(PromptCheck.of(plain).beginning(disclosure).orElseThrow().line())
        .contains("not the model's own");
    Disclosure raw =
        new Disclosure(
            disclosure.salt(),
            disclosure.promptIds(),
            disclosure.outputIds(),
            Optional.empty(),
            Optional.empty());
    assertThat(PromptCheck.of(plain).beginning(raw)).isEmpty();
  }

  /** A template that writes the day is repeated on the day that the disclosure says. */
  @Test
  void theDayIsThatOfTheAnswer() {
    String asks =
        "{{- '<|im_start|>system\nToday is ' + strftime_now('%Y-%m-%d') + '<|im_end|>' }}"
            + chatml.template().source();
    Prompts model = plain.with(ChatTemplates.of(asks));
    Map<String, @Nullable Object> today = Map.of(ToldTemplate.DAY, "2026-11-28");
    int[] ids = model.chatIds(List.of(says("user", "Which day is it?")), today);
    assertThat(line(model, ids, ToldTemplate.of(asks, today)))
        .contains("HELD", "on 2026-11-28")
        .doesNotContain("not the model's own");
    Map<String, @Nullable Object> other = Map.of(ToldTemplate.DAY, "2026-11-29");
    assertThat(line(model, ids, ToldTemplate.of(asks, other))).contains("FAILED");
    assertThat(line(model, ids, asks)).contains("NOT_CHECKED");
    assertThat(line(plain, ids, ToldTemplate.of(asks, today)))
        .contains("HELD", "not the model's own");
  }

  private static String line(Prompts by, int[] ids, String template) {
    Disclosure disclosure =
        new Disclosure(
            Hash32.sha256(new byte[1]),
            ids,
            new int[] {END},
            Optional.of(template),
            Optional.empty());
    return PromptCheck.of(by).beginning(disclosure).orElseThrow().toString();
  }

  @Test
  void whatWasSavedIsComparedWithTheTokens() {
    List<ChatMessage> turns =
        List.of(says("user", "One?"), says("assistant", "Yes."), says("user", "Two?"));
    int[] said = plain.tokenizer().encode(" No", Specials.AS_TEXT);
    PromptCheck check = PromptCheck.of(plain);
    Disclosure all = made(plain, turns, Optional.empty(), said);
    assertThat(check.asked(turns, all).outcome()).isEqualTo(Outcome.HELD);
    Disclosure end = made(plain, turns.subList(2, 3), Optional.empty(), said);
    assertThat(check.asked(turns, end).line()).contains("without its first 2 messages");
    List<ChatMessage> other =
        List.of(says("user", "One?"), says("assistant", "No."), says("user", "Two?"));
    assertThat(check.asked(other, all).outcome()).isEqualTo(Outcome.FAILED);
    String text = text(said);
    String cut = text.substring(0, text.length() - 1);
    assertThat(check.answered(text, List.of(), all).outcome()).isEqualTo(Outcome.HELD);
    assertThat(check.answered(cut, List.of("o"), all).outcome()).isEqualTo(Outcome.HELD);
    assertThat(check.answered(cut, List.of(), all).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(check.answered(text + "!", List.of(), all).outcome()).isEqualTo(Outcome.FAILED);
    assertThat(check.answered("", List.of(), all).outcome()).isEqualTo(Outcome.FAILED);
  }

  private static String text(int[] ids) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(plain.tokenizer().bytes(id));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
