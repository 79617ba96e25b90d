package org.folkmoot.engine.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ChatTemplateTest {
  private static final TemplateContext CONTEXT = TemplateContext.of("<s>", "</s>");
  private static final List<ChatMessage> HELLO = List.of(new ChatMessage("user", "Hello"));

  @Test
  void smolLm2AddsItsSystemPrompt() {
    assertThat(ChatTemplate.compile(Fixtures.SMOLLM2).render(HELLO, CONTEXT))
        .isEqualTo(
            """
            <|im_start|>system
            You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
            <|im_start|>user
            Hello<|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void smolLm2TakesASystemPrompt() {
    List<ChatMessage> messages =
        List.of(
            new ChatMessage("system", "Be brief."),
            new ChatMessage("user", "Hello"),
            new ChatMessage("assistant", "Hi"));
    assertThat(
            ChatTemplate.compile(Fixtures.SMOLLM2)
                .render(messages, CONTEXT.withGenerationPrompt(false)))
        .isEqualTo(
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
            Hello<|im_end|>
            <|im_start|>assistant
            Hi<|im_end|>
            """);
  }

  @Test
  void theContextIsSeen() {
    ChatTemplate template =
        ChatTemplate.compile(
            "{{ bos_token }}{{ eos_token }} {{ tools }} {{ documents }} {{ add_generation_prompt }}"
                + " {{ thinking }}{{ 'x' if absent is not defined }}");
    assertThat(template.render(HELLO, CONTEXT)).isEqualTo("<s></s> None None True x");
    TemplateContext full =
        CONTEXT
            .withGenerationPrompt(false)
            .withTools(List.of(Map.of("name", "f")))
            .withVariables(Map.of("thinking", 1.5, "documents", List.of("d")));
    assertThat(template.render(HELLO, full)).isEqualTo("<s></s> [{'name': 'f'}] ['d'] False 1.5x");
  }

  @Test
  void aVariableCannotPoseAsTheConversation() {
    ChatTemplate template = ChatTemplate.compile("{{ messages[0].content }}{{ bos_token }}");
    TemplateContext posing =
        CONTEXT.withVariables(Map.of("messages", List.of(), "bos_token", "<forged>"));
    assertThat(template.render(HELLO, posing)).isEqualTo("Hello<s>");
  }

  @Test
  void theDateIsInjected() {
    ChatTemplate template =
        ChatTemplate.compile(
            "{{ strftime_now('%d %b %Y') if strftime_now is defined else '26 Jul 2024' }}");
    assertThat(template.render(HELLO, CONTEXT)).isEqualTo("26 Jul 2024");
    assertThat(template.render(HELLO, CONTEXT.withNow(Fixtures.NOW))).isEqualTo("05 Mar 2026");
    fails(
        () ->
            ChatTemplate.compile("{{ strftime_now('%Q') }}")
                .render(HELLO, CONTEXT.withNow(Fixtures.NOW)),
        Code.UNSUPPORTED,
        "strftime_now");
  }

  @Test
  void furtherFieldsOfMessagesKeepTheirOrderAndNulls() {
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("tool_calls", null);
    fields.put("name", "bob");
    fields.put("numbers", Arrays.asList(1, 2L, 2.5, true, null));
    assertThat(
            ChatTemplate.compile("{{ messages[0] | tojson }}")
                .render(List.of(new ChatMessage("user", "é", fields)), CONTEXT))
        .isEqualTo(
            "{\"role\": \"user\", \"content\": \"é\", \"tool_calls\": null, \"name\": \"bob\","
                + " \"numbers\": [1, 2, 2.5, true, null]}");
    assertThatThrownBy(() -> new ChatMessage("user", "x", Map.of("content", "y")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void aTemplateRefusesInItsOwnWords() {
    fails(
        () ->
            ChatTemplate.compile("{{ raise_exception('Roles must\n alternate!') }}")
                .render(HELLO, CONTEXT),
        Code.BAD_REQUEST,
        "the model's chat template says: Roles must alternate!");
  }

  @Test
  void faultsAreOneShortLineWithoutControlCharacters() {
    for (String template :
        List.of(
            "{{ raise_exception('a\\n\\x1b[31mb' ~ 'c' * 9999) }}",
            "{{ {}['a\\n\\x1b[31mb' ~ 'c' * 9999].x }}",
            "{{ " + "c".repeat(9999) + ".x }}")) {
      assertThatThrownBy(() -> ChatTemplate.compile(template).render(HELLO, CONTEXT))
          .isInstanceOf(FolkmootException.class)
          .message()
          .hasSizeLessThan(500)
          .matches("\\P{Cntrl}*");
    }
  }

  @Test
  void noMessageOfAFaultCarriesTheConversation() {
    List<ChatMessage> secret =
        List.of(new ChatMessage("secret-role", "secret-content", Map.of("secret-key", 1)));
    for (String template :
        List.of(
            "{{ raise_exception('Unknown: ' + messages[0].role + '/' ~ messages[0]) }}",
            "{{ raise_exception(messages[0]) }}",
            "{{ {}[messages[0].content].x }}",
            "{{ ''[messages[0].content].x }}",
            "{{ messages[0].content + 1 }}",
            "{{ messages[0].content.index('x') }}",
            "{{ messages | map(attribute=messages[0].content) | first + 1 }}",
            "{{ [1] | map(messages[0].content) | list }}",
            "{{ [1] | select(messages[0].content) | list }}",
            "{{ '%d' % messages[0].content }}",
            "{{ messages[0].content % 1 }}",
            "{{ messages[0].content.format() + 1 }}",
            "{{ range(messages[0].content) }}",
            "{{ dict(messages[0].content) }}",
            "{{ messages[0].content | tojson(indent=messages[0].content) + 1 }}",
            "{% macro m() %}{% endmacro %}{{ m(**messages[0]) + 1 }}",
            "{{ 'x'.replace(**messages[0]) }}",
            "{{ namespace(messages[0])['y'].z }}")) {
      assertThatThrownBy(() -> ChatTemplate.compile(template).render(secret, CONTEXT))
          .as(template)
          .isInstanceOf(FolkmootException.class)
          .message()
          .doesNotContain("secret");
    }
  }

  @Test
  void compileNamesTheLineAndTheConstruct() {
    fails(
        () -> ChatTemplate.compile("a\n\n{{ x | shuffle }}"),
        Code.UNSUPPORTED,
        "line 3: the filter 'shuffle'");
    fails(
        () -> ChatTemplate.compile("{# c\n #}\n{% include 'x' %}"),
        Code.UNSUPPORTED,
        "line 3: the statement {% include %}");
    fails(
        () -> ChatTemplate.compile("{% if a %}\n{{ a is fancy }}"),
        Code.UNSUPPORTED,
        "line 2: the test 'fancy'");
    fails(
        () -> ChatTemplate.compile("\n{{ a +\n }}"),
        Code.BAD_FILE,
        "line 3: expected an expression");
    fails(
        () -> ChatTemplate.compile("x\n{{ 'abc"),
        Code.BAD_FILE,
        "line 2: the string is not closed");
    fails(() -> ChatTemplate.compile("{% for x in y %}\n\n"), Code.BAD_FILE, "{% endfor %}");
    fails(() -> ChatTemplate.compile("x".repeat(300_000)), Code.BAD_FILE, "300000 characters");
  }

  @Test
  void renderNamesTheLine() {
    fails(
        () ->
            ChatTemplate.compile("a\n{% if true %}\n{{ none + 'x' }}{% endif %}")
                .render(HELLO, CONTEXT),
        Code.BAD_REQUEST,
        "line 3: cannot apply + to NoneType and str");
    fails(
        () -> ChatTemplate.compile("{{\n\n  messages[0].nope.deeper }}").render(HELLO, CONTEXT),
        Code.BAD_REQUEST,
        "line 3: the dict has no element 'nope'");
  }

  @Test
  void fallbacksForModelsWithoutATemplate() {
    List<ChatMessage> messages =
        List.of(
            new ChatMessage("system", "Be brief."),
            new ChatMessage("user", "Hi"),
            new ChatMessage("assistant", "Hello"),
            new ChatMessage("user", "Bye"));
    assertThat(ChatTemplates.of(null).render(messages, CONTEXT))
        .isEqualTo("Be brief.\n\nUser: Hi\n\nAssistant: Hello\n\nUser: Bye\n\nAssistant:");
    assertThat(ChatTemplates.of("  ").render(HELLO, CONTEXT.withGenerationPrompt(false)))
        .isEqualTo("User: Hello\n\n");
    assertThat(ChatTemplates.named("chatml").render(HELLO, CONTEXT))
        .isEqualTo("<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
    assertThat(ChatTemplates.of("{{ bos_token }}!").render(HELLO, CONTEXT)).isEqualTo("<s>!");
    assertThat(ChatTemplates.NAMES)
        .allSatisfy(name -> assertThat(ChatTemplates.named(name)).isNotNull());
    fails(() -> ChatTemplates.named("nope"), Code.NOT_FOUND, "chatml, plain");
  }

  @Test
  void namespacesAndDictionariesFromArguments() {
    Map<String, @Nullable Object> none = Collections.emptyMap();
    assertThat(
            Fixtures.run(
                    "{{ dict(a=1, b='x') }}{{ dict({'a': 1}, b=2) }}"
                        + "{{ namespace({'a': 1}, b=2).b }}",
                    none)
                .string())
        .isEqualTo("{'a': 1, 'b': 'x'}{'a': 1, 'b': 2}2");
  }

  @Test
  void aTemplateRunsInManyThreadsAtOnce() {
    ChatTemplate template = ChatTemplate.compile(Fixtures.SMOLLM2);
    Map<String, Long> outputs = new HashMap<>();
    IntStream.range(0, 200)
        .parallel()
        .mapToObj(_ -> template.render(HELLO, CONTEXT))
        .toList()
        .forEach(output -> outputs.merge(output, 1L, Long::sum));
    assertThat(outputs).hasSize(1);
  }

  private static void fails(ThrowingCallable call, Code code, String part) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            FolkmootException.class,
            fault -> {
              assertThat(fault.code()).isEqualTo(code);
              assertThat(fault.getMessage()).contains(part);
            });
  }
}
