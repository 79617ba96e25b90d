package org.folkmoot.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.folkmoot.engine.gguf.GgufFile;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.engine.template.ChatTemplate;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.testing.TinyFamily;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a template that speaks in channels is told of earlier turns. */
class ChannelsTest {
  private static final String SAID =
      "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello!";

  private static final String TURNS =
      "{% for m in messages %}[{{ m.role }}: {{ m.content }}]{% endfor %}";

  @TempDir Path folder;

  @Test
  void theAnswerAlone() {
    List<ChatMessage> messages =
        List.of(new ChatMessage("user", SAID), new ChatMessage("assistant", SAID));
    try (GgufFile file = GgufFile.open(TinyFamily.GPT_OSS.write(folder, TensorType.Q8_0))) {
      Prompts prompts = Prompts.of(file);
      ChatTemplate harmony = ChatTemplate.compile(TURNS + "{# <|channel|> #}");
      assertThat(prompts.with(harmony).renderChat(messages))
          .as("what a person typed stays")
          .isEqualTo("[user: " + SAID + "][assistant: Hello!]");
      assertThat(prompts.with(ChatTemplate.compile(TURNS)).renderChat(messages))
          .isEqualTo("[user: " + SAID + "][assistant: " + SAID + "]");
    }
  }
}
