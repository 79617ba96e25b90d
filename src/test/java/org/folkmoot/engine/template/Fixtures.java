package org.folkmoot.engine.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.folkmoot.base.FolkmootException;
import org.jspecify.annotations.Nullable;

/** What the tests of templates share. */
final class Fixtures {
  /** SmolLM2's template: ChatML with a system prompt of its own. */
  static final String SMOLLM2 =
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
          + "{{ '<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging"
          + " Face<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\n' +"
          + " message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
          + "{{ '<|im_start|>assistant\n' }}{% endif %}";

  /** The time at which the expected outputs were made. */
  static final LocalDateTime NOW = LocalDateTime.of(2026, 3, 5, 14, 7, 9);

  private static final ObjectMapper JSON = new ObjectMapper();

  private Fixtures() {}

  /** A resource beside this class. */
  static JsonNode json(String resource) {
    try (InputStream in = Fixtures.class.getResourceAsStream(resource)) {
      return JSON.readTree(Objects.requireNonNull(in, resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Map<String, @Nullable Object> map(JsonNode node) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    node.properties()
        .forEach(
            field -> map.put(field.getKey(), JSON.convertValue(field.getValue(), Object.class)));
    return map;
  }

  /** What a fault says. */
  static String message(FolkmootException fault) {
    return Objects.requireNonNull(fault.getMessage());
  }

  /** The messages of a fixture; what is neither role nor content is a further field. */
  static List<ChatMessage> messages(JsonNode node) {
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode message : node) {
      Map<String, @Nullable Object> fields = map(message);
      fields.remove("role");
      fields.remove("content");
      messages.add(
          new ChatMessage(
              message.path("role").textValue(), message.path("content").textValue(), fields));
    }
    return messages;
  }

  static List<Map<String, @Nullable Object>> tools(JsonNode node) {
    List<Map<String, @Nullable Object>> tools = new ArrayList<>();
    node.forEach(tool -> tools.add(map(tool)));
    return tools;
  }

  /** The output of a template for these variables, all of them foreign, at {@link #NOW}. */
  static Text run(String template, Map<String, @Nullable Object> variables) {
    Budget budget = new Budget();
    Values values = new Values(budget);
    Map<String, Value> converted = new LinkedHashMap<>();
    variables.forEach((name, value) -> converted.put(name, values.of(value)));
    return ChatTemplate.compile(template).run(converted, NOW, budget);
  }
}
