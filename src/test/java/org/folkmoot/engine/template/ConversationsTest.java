package org.folkmoot.engine.template;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.testing.SharedModels;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * The templates that families ship render conversations as Jinja2 does with them: {@code
 * conversations.json} holds the hashes of its outputs and what the templates say where they refuse.
 */
class ConversationsTest {
  private static final JsonNode FIXTURE = Fixtures.json("conversations.json");

  @TestFactory
  Stream<DynamicTest> shippedTemplates() throws IOException {
    Path folder = SharedModels.folder("chat-templates");
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList().stream()
          .filter(file -> file.toString().endsWith(".jinja"))
          .map(file ->
              dynamicTest(
                  file.getFileName().toString(),
                  () -> rendersAll(file.getFileName().toString(), Files.readString(file))));
    }
  }

  @Test
  void smolLm2() {
    rendersAll("smollm2", Fixtures.SMOLLM2);
  }

  private static void rendersAll(String name, String source) {
    JsonNode tokens = FIXTURE.path("tokens").path(name);
    assertThat(tokens).as("expectations for %s", name).hasSize(2);
    ChatTemplate template = ChatTemplate.compile(source);
    for (JsonNode conversation : FIXTURE.path("conversations")) {
      TemplateContext context =
          TemplateContext.of(tokens.path(0).textValue(), tokens.path(1).textValue())
              .withGenerationPrompt(conversation.path("addGenerationPrompt").booleanValue())
              .withTools(Fixtures.tools(conversation.path("tools")));
      assertThat(outcome(template, conversation, context))
          .as("%s: %s", name, conversation.path("name").textValue())
          .isEqualTo(conversation.path("expected").path(name).textValue());
    }
  }

  private static String outcome(
      ChatTemplate template, JsonNode conversation, TemplateContext context) {
    var messages = Fixtures.messages(conversation.path("messages"));
    try {
      String prompt = template.render(messages, context);
      assertThat(
              template.renderSegments(messages, context).stream()
                  .map(Segment::text)
                  .collect(Collectors.joining()))
          .isEqualTo(prompt);
      return sha256(prompt);
    } catch (FolkmootException refused) {
      assertThat(refused.code()).isEqualTo(FolkmootException.Code.BAD_REQUEST);
      String said = "the model's chat template says: ";
      return Fixtures.message(refused).startsWith(said)
          ? "says: " + Fixtures.message(refused).substring(said.length())
          : "fails";
    }
  }

  private static String sha256(String text) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void theFixtureCoversRefusalsAndTools() {
    assertThat(
            StreamSupport.stream(FIXTURE.path("conversations").spliterator(), false)
                .flatMap(c -> StreamSupport.stream(c.path("expected").spliterator(), false))
                .map(JsonNode::textValue))
        .hasSizeGreaterThan(100)
        .contains(
            "fails",
            "says: System role not supported",
            "says: This model only supports single tool-calls at once!");
  }
}
