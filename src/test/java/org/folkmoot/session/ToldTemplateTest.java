package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.ChatMessage;
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

  @Test
  void nothingToldIsTheTemplateItself() {
    assertThat(ToldTemplate.of(THINKS, Map.of())).isEqualTo(THINKS);
    assertThat(ToldTemplate.of(THINKS, Map.of("no name %}", true))).isEqualTo(THINKS);
  }
}
