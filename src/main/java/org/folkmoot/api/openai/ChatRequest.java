package org.folkmoot.api.openai;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.folkmoot.api.openai.JsonObject.JsonValue;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.session.GenerationRequest;
import org.jspecify.annotations.Nullable;

/**
 * A request to {@code POST /v1/chat/completions}.
 *
 * @param options what it shares with text completions
 * @param messages the conversation, at least one message
 * @param topLogprobs as in {@link GenerationRequest}: -1 for none
 * @param variables for the chat template, such as {@code enable_thinking}
 */
public record ChatRequest(
    AnswerOptions options,
    List<ChatMessage> messages,
    int topLogprobs,
    Map<String, @Nullable Object> variables) {
  /** More messages than any context holds: each costs a few tokens of template at least. */
  private static final int MAX_MESSAGES = 16_384;

  /** Templates know a handful. */
  private static final int MAX_VARIABLES = 16;

  private static final int MAX_NAME = 64;

  /** What asks for a kind of answer that this version does not give. */
  private static final List<String> UNSUPPORTED =
      List.of("tools", "functions", "audio", "prediction", "web_search_options");

  /** Copies the list. */
  public ChatRequest {
    messages = List.copyOf(messages);
    variables = Collections.unmodifiableMap(new HashMap<>(variables));
  }

  /**
   * Reads a body.
   *
   * @throws ApiException 400 that names the field at fault
   */
  public static ChatRequest parse(byte[] json) {
    JsonObject body = JsonObject.parse(json);
    for (String name : UNSUPPORTED) {
      if (body.value(name).filter(value -> !value.asksForNothing()).isPresent()) {
        throw ApiException.unsupported(name, name + " is not supported yet: leave it out");
      }
    }
    refuseForcedTools(body);
    refuseOtherFormats(body);
    return new ChatRequest(
        AnswerOptions.read(body, maxTokens(body)),
        messages(body),
        topLogprobs(body),
        variables(body));
  }

  /** What the template is told beside the messages: truth values and texts. */
  private static Map<String, @Nullable Object> variables(JsonObject body) {
    JsonObject given = body.object("chat_template_kwargs").orElse(null);
    Map<String, @Nullable Object> variables = new HashMap<>();
    if (given != null) {
      for (Iterator<String> names = given.names(); names.hasNext(); ) {
        String name = names.next();
        if (variables.size() == MAX_VARIABLES || name.length() > MAX_NAME) {
          throw ApiException.invalid(
              "chat_template_kwargs",
              "chat_template_kwargs may hold at most " + MAX_VARIABLES + " short names");
        }
        JsonValue value = given.value(name).orElse(null);
        if (value != null) {
          variables.put(name, value.isText() ? value.text() : given.flag(name));
        }
      }
    }
    return variables;
  }

  private static void refuseForcedTools(JsonObject body) {
    for (String name : List.of("tool_choice", "function_call")) {
      boolean none =
          body.value(name)
              .map(v -> v.isText() && (v.text().equals("none") || v.text().equals("auto")))
              .orElse(true);
      if (!none) {
        throw ApiException.unsupported(name, name + " is not supported yet: leave it out");
      }
    }
  }

  private static void refuseOtherFormats(JsonObject body) {
    String format = body.object("response_format").flatMap(f -> f.text("type")).orElse("text");
    if (!format.equals("text")) {
      throw ApiException.unsupported(
          "response_format", "response_format can only be of type \"text\" for now");
    }
    JsonValue modalities = body.value("modalities").orElse(null);
    if (modalities != null) {
      JsonObject.require(modalities.isList(), modalities.path(), "an array");
      for (int i = 0; i < modalities.size(); i++) {
        if (!modalities.at(i).text().equals("text")) {
          throw ApiException.unsupported("modalities", "modalities can only be [\"text\"]");
        }
      }
    }
  }

  private static OptionalInt maxTokens(JsonObject body) {
    OptionalInt former = AnswerOptions.maxTokens(body, "max_tokens");
    OptionalInt present = AnswerOptions.maxTokens(body, "max_completion_tokens");
    if (former.isPresent() && present.isPresent() && !former.equals(present)) {
      throw ApiException.invalid(
          "max_tokens", "max_tokens and max_completion_tokens differ: give one of them");
    }
    return present.isPresent() ? present : former;
  }

  private static int topLogprobs(JsonObject body) {
    boolean wanted = body.flag("logprobs");
    var top = body.integer("top_logprobs", 0, GenerationRequest.MAX_TOP_LOGPROBS);
    if (top.isPresent() && !wanted) {
      throw ApiException.invalid("top_logprobs", "top_logprobs needs logprobs to be true");
    }
    return wanted ? (int) top.orElse(0) : -1;
  }

  private static List<ChatMessage> messages(JsonObject body) {
    JsonValue list =
        body.value("messages")
            .orElseThrow(() -> ApiException.invalid("messages", "messages is missing"));
    JsonObject.require(list.isList(), list.path(), "an array");
    if (list.size() < 1 || list.size() > MAX_MESSAGES) {
      throw ApiException.invalid("messages", "messages must hold 1 to " + MAX_MESSAGES);
    }
    List<ChatMessage> messages = new ArrayList<>(list.size());
    for (int i = 0; i < list.size(); i++) {
      messages.add(message(list.at(i).object()));
    }
    return messages;
  }

  private static ChatMessage message(JsonObject message) {
    String role =
        message
            .text("role")
            .orElseThrow(
                () -> ApiException.invalid(message.pathOf("role"), "a message needs a role"));
    for (String name : List.of("tool_calls", "function_call", "audio")) {
      if (message.value(name).filter(value -> !value.asksForNothing()).isPresent()) {
        throw ApiException.unsupported(message.pathOf(name), name + " is not supported yet");
      }
    }
    String path = message.pathOf("content");
    String content =
        message
            .value("content")
            .map(ChatRequest::content)
            .orElseThrow(() -> ApiException.invalid(path, "a message needs content"));
    return switch (role) {
      case "system", "user" -> new ChatMessage(role, content);
      // What the model thought: its template decides whether it sees that again.
      case "assistant" -> new ChatMessage(role, content, thought(message));
      // OpenAI's newer name for what every template calls the system.
      case "developer" -> new ChatMessage("system", content);
      case "tool", "function" ->
          throw ApiException.unsupported(
              message.pathOf("role"), "messages from tools are not supported yet");
      default ->
          throw ApiException.invalid(
              message.pathOf("role"), "role must be system, developer, user or assistant");
    };
  }

  private static Map<String, @Nullable Object> thought(JsonObject message) {
    Map<String, @Nullable Object> fields = new HashMap<>();
    message.text("reasoning_content").ifPresent(said -> fields.put("reasoning_content", said));
    return fields;
  }

  /** Content is a string, or parts of which only texts are understood. */
  private static String content(JsonValue content) {
    if (!content.isList()) {
      return content.text();
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      JsonObject part = content.at(i).object();
      Optional<String> type = part.text("type");
      if (!type.equals(Optional.of("text"))) {
        throw ApiException.unsupported(
            part.pathOf("type"), "only content parts of type \"text\" are supported");
      }
      text.append(
          part.text("text")
              .orElseThrow(
                  () -> ApiException.invalid(part.pathOf("text"), "a text part needs text")));
    }
    return text.toString();
  }
}
