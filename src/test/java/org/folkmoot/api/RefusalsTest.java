package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.completion;
import static org.folkmoot.api.TestServer.json;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.FolkmootException.Code;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What is wrong with a request is said in OpenAI's shape, with the field's name. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RefusalsTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String COMPLETIONS = "/v1/completions";

  private final TestServer server = TestServer.of(TestServer.model());

  @AfterAll
  void stop() {
    server.close();
  }

  static Stream<Arguments> chatFields() {
    return Stream.of(
        arguments("\"temperature\": \"0.7\"", "temperature", "invalid_type"),
        arguments("\"temperature\": 2.5", "temperature", "invalid_value"),
        arguments("\"temperature\": -0.1", "temperature", "invalid_value"),
        arguments("\"temperature\": 1e999", "temperature", "invalid_value"),
        arguments("\"top_p\": 1.01", "top_p", "invalid_value"),
        arguments("\"top_p\": true", "top_p", "invalid_type"),
        arguments("\"top_k\": -1", "top_k", "invalid_value"),
        arguments("\"top_k\": 1.5", "top_k", "invalid_type"),
        arguments("\"min_p\": 2", "min_p", "invalid_value"),
        arguments("\"repeat_penalty\": 0", "repeat_penalty", "invalid_value"),
        arguments("\"presence_penalty\": 0.5", "presence_penalty", "unsupported_parameter"),
        arguments("\"frequency_penalty\": -1", "frequency_penalty", "unsupported_parameter"),
        arguments("\"frequency_penalty\": 3", "frequency_penalty", "invalid_value"),
        arguments("\"max_tokens\": 0", "max_tokens", "invalid_value"),
        arguments("\"max_tokens\": 99999999999", "max_tokens", "invalid_value"),
        arguments("\"max_tokens\": \"5\"", "max_tokens", "invalid_type"),
        arguments("\"max_tokens\": 5, \"max_completion_tokens\": 6", "max_tokens", "invalid_value"),
        arguments("\"n\": 0", "n", "invalid_value"),
        arguments("\"n\": 33", "n", "invalid_value"),
        arguments("\"seed\": 1.5", "seed", "invalid_type"),
        arguments("\"seed\": 9223372036854775808", "seed", "invalid_type"),
        arguments("\"seed\": \"1\"", "seed", "invalid_type"),
        arguments("\"stream\": \"yes\"", "stream", "invalid_type"),
        arguments("\"stream_options\": {}", "stream_options", "invalid_value"),
        arguments("\"stream\": true, \"stream_options\": []", "stream_options", "invalid_type"),
        arguments(
            "\"stream\": true, \"stream_options\": {\"include_usage\": 1}",
            "stream_options.include_usage",
            "invalid_type"),
        arguments("\"stop\": 5", "stop", "invalid_type"),
        arguments("\"stop\": [\"a\", null]", "stop[1]", "invalid_type"),
        arguments("\"stop\": \"\"", "stop", "invalid_value"),
        arguments("\"stop\": \"" + "x".repeat(1025) + "\"", "stop", "invalid_value"),
        arguments(
            "\"stop\": [" + String.join(",", Collections.nCopies(17, "\"x\"")) + "]",
            "stop",
            "invalid_value"),
        arguments("\"logprobs\": 5", "logprobs", "invalid_type"),
        arguments("\"top_logprobs\": 5", "top_logprobs", "invalid_value"),
        arguments("\"logprobs\": true, \"top_logprobs\": 21", "top_logprobs", "invalid_value"),
        arguments("\"logit_bias\": []", "logit_bias", "invalid_type"),
        arguments("\"logit_bias\": {\"x\": 1}", "logit_bias", "invalid_value"),
        arguments("\"logit_bias\": {\"-1\": 1}", "logit_bias", "invalid_value"),
        arguments("\"logit_bias\": {\"5\": 101}", "logit_bias.5", "invalid_value"),
        arguments("\"logit_bias\": {\"99999\": 1}", "logit_bias", "invalid_value"),
        arguments(
            "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]",
            "tools",
            "unsupported_parameter"),
        arguments("\"tool_choice\": \"required\"", "tool_choice", "unsupported_parameter"),
        arguments("\"functions\": [{\"name\": \"f\"}]", "functions", "unsupported_parameter"),
        arguments(
            "\"response_format\": {\"type\": \"json_object\"}",
            "response_format",
            "unsupported_parameter"),
        arguments(
            "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"x\"}}",
            "response_format",
            "unsupported_parameter"),
        arguments("\"modalities\": [\"audio\"]", "modalities", "unsupported_parameter"),
        arguments("\"folkmoot\": {\"privacy\": \"secret\"}", "folkmoot.privacy", "invalid_value"),
        arguments("\"folkmoot\": {\"audit\": 0.5}", "folkmoot.audit", "unsupported_parameter"),
        arguments("\"folkmoot\": {\"chain\": [\"x\"]}", "folkmoot.chain", "unsupported_parameter"),
        arguments("\"folkmoot\": {\"salt\": \"0123\"}", "folkmoot.salt", "invalid_value"),
        arguments("\"folkmoot\": {\"salt\": 7}", "folkmoot.salt", "invalid_type"),
        arguments("\"folkmoot\": {\"disclose\": 1}", "folkmoot.disclose", "invalid_type"),
        arguments(
            "\"n\": 2, \"folkmoot\": {\"salt\": \"" + "0a".repeat(32) + "\"}",
            "folkmoot.salt",
            "invalid_value"),
        arguments("\"folkmoot\": \"local\"", "folkmoot", "invalid_type"));
  }

  @ParameterizedTest
  @MethodSource("chatFields")
  void aFieldOfAChat(String field, String param, String code) {
    check(server.post(CHAT, chat(field)), 400, param, code);
  }

  static Stream<Arguments> messages() {
    String image = "{\"type\": \"image_url\", \"image_url\": {\"url\": \"x\"}}";
    return Stream.of(
        arguments("[]", "messages", "invalid_value"),
        arguments("{}", "messages", "invalid_type"),
        arguments("[5]", "messages[0]", "invalid_type"),
        arguments("[{\"content\": \"x\"}]", "messages[0].role", "invalid_value"),
        arguments("[{\"role\": \"user\"}]", "messages[0].content", "invalid_value"),
        arguments("[{\"role\": \"user\", \"content\": 5}]", "messages[0].content", "invalid_type"),
        arguments(
            "[{\"role\": \"king\", \"content\": \"x\"}]", "messages[0].role", "invalid_value"),
        arguments(
            "[{\"role\": \"tool\", \"content\": \"x\"}]",
            "messages[0].role",
            "unsupported_parameter"),
        arguments(
            "[{\"role\": \"assistant\", \"content\": \"x\", \"tool_calls\": [{}]}]",
            "messages[0].tool_calls",
            "unsupported_parameter"),
        arguments(
            "[{\"role\": \"user\", \"content\": [" + image + "]}]",
            "messages[0].content[0].type",
            "unsupported_parameter"),
        arguments(
            "[{\"role\": \"user\", \"content\": [{\"type\": \"text\"}]}]",
            "messages[0].content[0].text",
            "invalid_value"),
        arguments(
            "[{\"role\": \"user\", \"content\": \"\\ud800\"}]",
            "messages[0].content",
            "invalid_value"));
  }

  @ParameterizedTest
  @MethodSource("messages")
  void aConversation(String messages, String param, String code) {
    String body = "{\"model\": \"smollm2:135m\", \"messages\": " + messages + "}";
    check(server.post(CHAT, body), 400, param, code);
  }

  static Stream<Arguments> prompts() {
    List<Arguments> all = new ArrayList<>();
    all.add(arguments("5", "prompt", "invalid_type"));
    all.add(arguments("null", "prompt", "invalid_value"));
    all.add(arguments("[]", "prompt", "invalid_value"));
    all.add(arguments("[[]]", "prompt", "invalid_value"));
    all.add(arguments("[1, \"x\"]", "prompt[1]", "invalid_type"));
    all.add(arguments("[\"x\", 1]", "prompt[1]", "invalid_type"));
    all.add(arguments("[1, -1]", "prompt", "invalid_value"));
    all.add(arguments("[99999]", "prompt", "invalid_value"));
    all.add(arguments("[1, 1.5]", "prompt[1]", "invalid_type"));
    all.add(
        arguments(
            "[" + String.join(",", Collections.nCopies(33, "\"x\"")) + "]",
            "prompt",
            "invalid_value"));
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("prompts")
  void aPrompt(String prompt, String param, String code) {
    check(server.post(COMPLETIONS, completion(prompt)), 400, param, code);
  }

  static Stream<Arguments> completionFields() {
    return Stream.of(
        arguments("\"suffix\": \"x\"", "suffix", "unsupported_parameter"),
        arguments("\"best_of\": 3", "best_of", "unsupported_parameter"),
        arguments("\"logprobs\": true", "logprobs", "invalid_type"),
        arguments("\"logprobs\": 21", "logprobs", "invalid_value"),
        arguments("\"echo\": true, \"logprobs\": 1", "echo", "unsupported_parameter"));
  }

  @ParameterizedTest
  @MethodSource("completionFields")
  void aFieldOfACompletion(String field, String param, String code) {
    check(server.post(COMPLETIONS, completion("\"x\"", field)), 400, param, code);
  }

  static Stream<Arguments> noJson() {
    return Stream.of(
        arguments(""),
        arguments("{"),
        arguments("[]"),
        arguments("\"x\""),
        arguments("null"),
        arguments("{} {}"),
        arguments("{\"model\": \"a\", \"model\": \"b\"}"),
        arguments("{'model': 1}"),
        arguments("{\"model\": NaN}"),
        arguments("{\"x\": " + "[".repeat(65) + "]".repeat(65) + "}"),
        arguments("{\"x\": " + "[".repeat(100_000)),
        arguments("{\"x\": " + "9".repeat(65) + "}"),
        arguments("{\"" + "x".repeat(300) + "\": 1}"));
  }

  @ParameterizedTest
  @MethodSource("noJson")
  void whatIsNoJsonObject(String body) {
    check(server.post(CHAT, body), 400, null, "invalid_json");
  }

  @Test
  void aModelMustBeNamedAndKnown() {
    check(server.post(CHAT, "{\"messages\": []}"), 400, "model", "invalid_value");
    check(server.post(CHAT, "{\"model\": 5}"), 400, "model", "invalid_type");
    HttpResponse<String> unknown =
        server.post(
            CHAT,
            "{\"model\": \"smol\", \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}");
    check(unknown, 404, "model", "model_not_found");
    assertThat(unknown.body()).contains("did you mean smollm2:135m?");
  }

  @Test
  void pathsAndMethods() {
    check(server.get("/v1/nothing"), 404, null, "unknown_url");
    HttpResponse<String> wrongMethod = server.get(CHAT);
    check(wrongMethod, 405, null, "method_not_allowed");
    assertThat(wrongMethod.headers().firstValue("Allow")).contains("POST");
    check(server.post("/v1/models", "{}"), 405, null, "method_not_allowed");
  }

  @Test
  void aBusyModelIsTriedAgainLater() {
    FakeModel model = TestServer.model().maxSessions(0);
    try (TestServer busy = TestServer.of(model)) {
      for (String stream : List.of("false", "true")) {
        HttpResponse<String> response = busy.post(CHAT, chat("\"stream\": " + stream));
        check(response, 429, null, "rate_limit_exceeded");
        assertThat(response.headers().firstValue("Retry-After")).contains("2");
      }
    }
  }

  @Test
  void aModelThatIsFullOfOurOwnAnswersIsWaitedFor() {
    FakeModel model = TestServer.model().gated().maxSessions(1);
    try (TestServer busy = TestServer.of(model)) {
      var body = HttpRequest.BodyPublishers.ofString(chat("\"n\": 3"));
      var three =
          busy.client.sendAsync(
              busy.to(CHAT).POST(body).build(), HttpResponse.BodyHandlers.ofString());
      DisconnectTest.awaitMetric(busy, "folkmoot_generations_waiting 2");
      model.allow(10_000);
      assertThat(json(three.join()).get("choices")).hasSize(3);
    }
  }

  @Test
  void aFullQueueIsTriedAgainLater() {
    FakeModel model = TestServer.model().gated();
    try (TestServer full = TestServer.of(TestServer.settings(new TurnLimits(1, 1, 0, 0)), model)) {
      var first =
          full.client.sendAsync(
              full.to(CHAT).POST(HttpRequest.BodyPublishers.ofString(chat())).build(),
              HttpResponse.BodyHandlers.ofString());
      model.awaitWaiting(1);
      check(full.post(CHAT, chat()), 429, null, "rate_limit_exceeded");
      model.allow(1000);
      assertThat(first.join().statusCode()).isEqualTo(200);
    }
  }

  @Test
  void aFaultOfOursSaysNothingOfItself() {
    FakeModel model =
        TestServer.model().failing(new IllegalStateException("prompt: Why is the sky blue?"));
    try (var _ = new Quiet();
        TestServer broken = TestServer.of(model)) {
      HttpResponse<String> response = broken.post(CHAT, chat());
      check(response, 500, null, "internal_error");
      assertThat(response.body()).doesNotContain("sky", "IllegalState");

      String stream = broken.post(CHAT, chat("\"stream\": true")).body();
      List<String> events = TestServer.events(stream);
      assertThat(json(events.getLast()).get("error").get("code").textValue())
          .as("a stream that has begun ends with the error, and without [DONE]")
          .isEqualTo("internal_error");
      model.awaitOpen(0);
    }
  }

  /** What the swarm lacks is no fault of the node: programs try again, and people read why. */
  @Test
  void whatPeersCannotDoIsSaidAsThat() {
    String busy = "the peers of this swarm are busy: try again soon";
    HttpResponse<String> none = failing(Code.BUSY, busy);
    check(none, 429, null, "rate_limit_exceeded");
    assertThat(none.headers().firstValue("Retry-After")).isPresent();
    assertThat(none.body()).contains(busy);

    String gone = "no peers that can be reached hold all 30 layers";
    HttpResponse<String> away = failing(Code.UNREACHABLE, gone);
    check(away, 503, null, "peers_unreachable");
    assertThat(away.headers().firstValue("Retry-After")).isPresent();
    assertThat(away.body()).contains(gone);

    String differ = "the peers a and b computed the same layers differently";
    try (var _ = new Quiet()) {
      HttpResponse<String> wrong = failing(Code.ARITHMETIC, differ);
      check(wrong, 502, null, "wrong_result");
      assertThat(wrong.body()).contains(differ);
    }
  }

  private static HttpResponse<String> failing(Code code, String message) {
    FakeModel model = TestServer.model().failing(new FolkmootException(code, message));
    try (TestServer broken = TestServer.of(model)) {
      return broken.post(CHAT, chat());
    }
  }

  @Test
  void oneFailingChoiceEndsAll() {
    FakeModel model = TestServer.model().failing(new IllegalStateException("x"));
    try (var _ = new Quiet();
        TestServer broken = TestServer.of(model)) {
      check(broken.post(CHAT, chat("\"n\": 4")), 500, null, "internal_error");
      model.awaitOpen(0);
    }
  }

  private static void check(
      HttpResponse<String> response, int status, @Nullable String param, String code) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = json(response).get("error");
    assertThat(error.get("code").textValue()).as(response.body()).isEqualTo(code);
    assertThat(error.get("param").textValue()).as(response.body()).isEqualTo(param);
    assertThat(error.get("message").textValue()).isNotEmpty().doesNotContain("\n");
    assertThat(error.get("type").textValue())
        .isEqualTo(
            switch (status) {
              case 429 -> "rate_limit_error";
              case 500, 502, 503 -> "server_error";
              default -> "invalid_request_error";
            });
  }
}
