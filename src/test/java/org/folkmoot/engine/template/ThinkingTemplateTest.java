package org.folkmoot.engine.template;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.testing.SharedModels;
import org.junit.jupiter.api.Test;

/** Qwen3's own template: thoughts of earlier answers are not shown to the model again. */
class ThinkingTemplateTest {
  private static final List<ChatMessage> CHAT =
      List.of(
          new ChatMessage("user", "Hi"),
          new ChatMessage("assistant", "<think>\nA greeting.\n</think>\n\nHello!"),
          new ChatMessage("user", "And?"));

  @Test
  void earlierThoughtsAreLeftOut() {
    assertThat(render(CHAT, TemplateContext.of("", "")))
        .isEqualTo(
            """
            <|im_start|>user
            Hi<|im_end|>
            <|im_start|>assistant
            Hello!<|im_end|>
            <|im_start|>user
            And?<|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void thoughtsInAFieldOfTheirOwnAreLeftOutToo() {
    List<ChatMessage> chat =
        List.of(
            CHAT.getFirst(),
            new ChatMessage("assistant", "Hello!", Map.of("reasoning_content", "A greeting.")),
            CHAT.getLast());
    TemplateContext context = TemplateContext.of("", "");
    assertThat(render(chat, context)).isEqualTo(render(CHAT, context));
  }

  @Test
  void thinkingCanBeSwitchedOff() {
    TemplateContext context =
        TemplateContext.of("", "").withVariables(Map.of("enable_thinking", false));
    assertThat(render(CHAT.subList(0, 1), context))
        .endsWith("<|im_start|>assistant\n<think>\n\n</think>\n\n");
  }

  private static String render(List<ChatMessage> messages, TemplateContext context) {
    try (GgufFile file =
        GgufFile.openHead(SharedModels.folder("vocab").resolve("vocab-qwen3.gguf"))) {
      String template = file.metadata().string(ChatTemplates.METADATA_KEY).orElseThrow();
      return ChatTemplates.of(template).render(messages, context);
    }
  }
}
