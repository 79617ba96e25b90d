package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplate;
import org.folkmoot.engine.template.ChatTemplates;
import org.folkmoot.engine.template.TemplateContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A template that was told something says the same as a template of its own. */
class ToldTemplateTest {
  private static final TemplateContext CONTEXT = TemplateContext.of("<s>", "</s>");
  private static final List<ChatMessage> HELLO = List.of(new ChatMessage("user", "Hello"));

  /** As Qwen3's ends. */
  private static final String THINKS =
      """
      {%- for message in messages %}
          {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
      {%- endfor %}
      {{- '<|im_start|>assistant\\n' }}
      {%- if enable_thinking is defined and enable_thinking is false %}
          {{- '<think>\\n\\n</think>\\n\\n' }}
      {%- endif %}
      {%- if tone is defined %}{{- tone }}{%- endif %}\
      """;

  private static void same(Map<String, @Nullable Object> variables) {
    String told = ToldTemplate.of(THINKS, variables);
    assertThat(ChatTemplates.of(told).render(HELLO, CONTEXT))
        .isEqualTo(ChatTemplates.of(THINKS).render(HELLO, CONTEXT.withVariables(variables)));
  }

  @Test
  void switchesThinkingOff() {
    Map<String, @Nullable Object> off = Map.of("enable_thinking", false);
    same(off);
    assertThat(ChatTemplates.of(ToldTemplate.of(THINKS, off)).render(HELLO, CONTEXT))
        .endsWith("<think>\n\n</think>\n\n");
    same(Map.of("enable_thinking", true));
  }

  @Test
  void textsComeAsTheyAre() {
    same(Map.of("tone", "it's \\ \"kind\"\n{% endif %}", "enable_thinking", true));
  }

  /** As Mistral Small 3's begins; it asks for the day without asking whether it may. */
  private static final String DATED =
      """
      {%- set today = strftime_now("%Y-%m-%d") %}
      {{- 'Today is ' + today + '. ' + messages[0].content }}\
      """;

  @Test
  void theDayIsWrittenBeforeATemplateThatAsksForIt() {
    InstantSource clock = InstantSource.fixed(Instant.parse("2026-11-28T23:59:59Z"));
    Map<String, @Nullable Object> today = ToldTemplate.today(clock, Map.of("tone", "kind"));
    assertThat(today).containsEntry(ToldTemplate.DAY, "2026-11-28").containsEntry("tone", "kind");
    String told = ToldTemplate.of(DATED, today);
    assertThat(told).startsWith("{# strftime_now: 2026-11-28 #}{% set tone = 'kind' %}");
    // Rendering it again takes no clock.
    assertThat(ChatTemplates.of(told).render(HELLO, CONTEXT))
        .isEqualTo("Today is 2026-11-28. Hello");
    assertThat(ToldTemplate.of(THINKS, ToldTemplate.today(clock, Map.of()))).isEqualTo(THINKS);
    // Whoever asks may name another day.
    Map<String, @Nullable Object> named = Map.of(ToldTemplate.DAY, "2025-01-01");
    assertThat(ToldTemplate.today(clock, named)).isEqualTo(named);
    assertThatExceptionOfType(FolkmootException.class)
        .isThrownBy(() -> ToldTemplate.of(DATED, Map.of(ToldTemplate.DAY, "{% raw %}")))
        .withMessageContaining("2026-11-28");
  }

  @Test
  void nothingOfTheTemplateIsLostToTheDay() {
    Map<String, @Nullable Object> day = Map.of(ToldTemplate.DAY, "2025-01-01");
    String template = "\n\n{{ strftime_now is defined }} {{ strftime_now('%d.%m.%y %H:%M') }}";
    assertThat(ChatTemplates.of(ToldTemplate.of(template, day)).render(HELLO, CONTEXT))
        .isEqualTo("\n\nTrue 01.01.25 00:00");
    for (String noDay : List.of("2025-02-30", "2025-1-01", "")) {
      String comment = "{# strftime_now: " + noDay + " #}" + template;
      assertThat(ChatTemplate.day(comment)).isEmpty();
      assertThat(ChatTemplate.undated(comment)).isEqualTo(comment);
    }
  }

  @Test
  void nothingToldIsTheTemplateItself() {
    assertThat(ToldTemplate.of(THINKS, Map.of())).isEqualTo(THINKS);
    assertThat(ToldTemplate.of(THINKS, Map.of("no name %}", true))).isEqualTo(THINKS);
  }
}
