package org.folkmoot.api;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.completion;
import static org.folkmoot.api.TestServer.events;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.engine.template.ChatMessage;
import org.folkmoot.proof.ReceiptCodec;
import org.folkmoot.proof.Terms;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an operator declares is done, and is said wherever it is. */
@Timeout(300)
class PolicyTest {
  private static final String CHAT = "/v1/chat/completions";
  private static final String RULES =
      """
      {"systemPrompt": "Speak of birds.", "refuse": ["Blue", {"pattern": "mo+t"}],
       "refusal": "Not here."}\
      """;

  private static Policy policy(String json) {
    return Policy.of(json.getBytes(UTF_8));
  }

  private static String asked(String question) {
    return """
    {"model": "%s", "messages": [{"role": "user", "content": "%s"}]}\
    """
        .formatted(TestServer.MODEL, question);
  }

  private static JsonNode touch(JsonNode response) {
    JsonNode touch = response.get("folkmoot").get("policy");
    assertThat(touch.get("sha256").textValue()).isEqualTo(policy(RULES).hash().hex());
    return touch;
  }

  @Test
  void itsSystemPromptComesFirstAndStandsInTheReceipt() {
    try (TestServer server = TestServer.of(policy(RULES), TestServer.model())) {
      HttpResponse<String> answer = server.post(CHAT, asked("Who?"));
      JsonNode touch = touch(json(answer));
      assertThat(touch.get("systemPrompt").booleanValue()).isTrue();
      assertThat(touch.get("refused").booleanValue()).isFalse();
      String receipt = json(answer).get("folkmoot").get("receipt").textValue();
      Terms terms = ReceiptCodec.decode(Base64.getUrlDecoder().decode(receipt)).terms();
      assertThat(terms.systemPrompt()).contains(Terms.hashOf("Speak of birds."));
      int told = json(answer).get("usage").get("prompt_tokens").intValue();
      List<ChatMessage> all =
          List.of(new ChatMessage("system", "Speak of birds."), new ChatMessage("user", "Who?"));
      assertThat(told).isEqualTo(TestServer.model().chatIds(all).length);
      // Raw text has no place for it, and the response says that it is not there.
      JsonNode raw = json(server.post("/v1/completions", completion("\"the\"")));
      assertThat(touch(raw).get("systemPrompt").booleanValue()).isFalse();
    }
  }

  /** Each time it is asked for it is another: an answer asks once, and keeps to it. */
  @Test
  void anAnswerKeepsThePolicyItBeganWith() {
    List<Policy> all =
        List.of(
            policy("{\"systemPrompt\": \"Speak of birds.\"}"),
            policy("{\"systemPrompt\": \"Speak of fish.\"}"));
    AtomicInteger asked = new AtomicInteger();
    try (TestServer server =
        new TestServer(
            TestServer.settings(ApiSettings.TurnLimits.ALONE),
            () -> Optional.of(all.get(asked.getAndIncrement() % 2)),
            TestServer.model())) {
      for (int i = 0; i < 4; i++) {
        JsonNode answer = json(server.post(CHAT, asked("Who?"))).get("folkmoot");
        String receipt = answer.get("receipt").textValue();
        Terms terms = ReceiptCodec.decode(Base64.getUrlDecoder().decode(receipt)).terms();
        Policy under = all.get(i % 2);
        assertThat(answer.get("policy").get("sha256").textValue()).isEqualTo(under.hash().hex());
        assertThat(terms.policies()).containsExactly(under.hash());
        assertThat(terms.systemPrompt()).contains(Terms.hashOf(under.systemPrompt().orElseThrow()));
      }
    }
    assertThat(asked.get()).isEqualTo(4);
  }

  @Test
  void theCallersSystemMessageStays() {
    List<ChatMessage> told =
        policy(RULES)
            .told(List.of(new ChatMessage("system", "Rhyme."), new ChatMessage("user", "Who?")));
    assertThat(told)
        .containsExactly(
            new ChatMessage("system", "Speak of birds.\n\nRhyme."),
            new ChatMessage("user", "Who?"));
  }

  @Test
  void aRefusalIsVisibleAndNothingIsComputed() {
    FakeModel model = TestServer.model();
    try (TestServer server = TestServer.of(policy(RULES), model)) {
      for (String body : List.of(chat(), asked("A MOOOT?"), chat("\"logprobs\": true"))) {
        JsonNode refused = json(server.post(CHAT, body));
        JsonNode choice = refused.get("choices").get(0);
        assertThat(choice.get("finish_reason").textValue()).isEqualTo("content_filter");
        assertThat(choice.get("message").get("content").textValue()).isEqualTo("Not here.");
        assertThat(touch(refused).get("refused").booleanValue()).isTrue();
        assertThat(refused.get("folkmoot").get("receipt").isNull()).isTrue();
        assertThat(refused.get("folkmoot").get("receiptMissing").textValue()).contains("policy");
        assertThat(refused.get("usage").get("completion_tokens").intValue()).isZero();
      }
      List<String> events = events(server.post(CHAT, chat("\"stream\": true")).body());
      assertThat(events.getLast()).isEqualTo("[DONE]");
      JsonNode last = json(events.get(events.size() - 2));
      assertThat(last.get("choices").get(0).get("finish_reason").textValue())
          .isEqualTo("content_filter");
      assertThat(touch(last).get("refused").booleanValue()).isTrue();
      JsonNode text = json(server.post("/v1/completions", completion("\"so blue\"", "\"n\": 2")));
      assertThat(text.get("choices")).hasSize(2);
      assertThat(text.get("choices").get(1).get("text").textValue()).isEqualTo("Not here.");
      assertThat(model.open()).isZero();
    }
  }

  @Test
  void whoeverAsksCanReadIt() {
    try (TestServer server = TestServer.of(policy(RULES), TestServer.model())) {
      HttpResponse<String> shown = server.get("/v1/policy");
      assertThat(shown.statusCode()).isEqualTo(200);
      assertThat(Hash32.sha256(shown.body().getBytes(UTF_8))).isEqualTo(policy(RULES).hash());
    }
    try (TestServer server = TestServer.of(TestServer.model())) {
      assertThat(server.get("/v1/policy").statusCode()).isEqualTo(404);
      assertThat(json(server.post(CHAT, chat())).get("folkmoot").has("policy")).isFalse();
    }
  }

  @Test
  void aPatternThatNeverEndsIsEnded() {
    Policy slow = policy("{\"refuse\": [{\"pattern\": \"(a+)+\\\\1c\"}], \"refusal\": \"no\"}");
    assertThatThrownBy(() -> slow.refuses(List.of("a".repeat(60) + "b")))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.code()).isEqualTo("policy_undecided"));
    Policy deep = policy("{\"refuse\": [{\"pattern\": \"(x|y)*z\"}], \"refusal\": \"no\"}");
    assertThatThrownBy(() -> deep.refuses(List.of("xy".repeat(200_000))))
        .isInstanceOf(ApiException.class);
    assertThat(slow.refuses(List.of("b"))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"systemPrompt\": 7}",
        "{\"systemPrompt\": \" \"}",
        "{\"systemPrompt\": \"x\", \"sytem\": \"y\"}",
        "{\"systemPrompt\": \"x\", \"systemPrompt\": \"y\"}",
        "{\"systemPrompt\": \"x\"} and more",
        "{\"refuse\": [\"x\"]}",
        "{\"refuse\": \"x\", \"refusal\": \"no\"}",
        "{\"refuse\": [7], \"refusal\": \"no\"}",
        "{\"refuse\": [\"\"], \"refusal\": \"no\"}",
        "{\"refuse\": [{\"pattern\": \"(\"}], \"refusal\": \"no\"}",
        "{\"refuse\": [{\"pattern\": \"x\", \"unless\": \"y\"}], \"refusal\": \"no\"}"
      })
  void whatIsNoPolicyIsRefused(String json) {
    assertThatThrownBy(() -> policy(json))
        .isInstanceOf(FolkmootException.class)
        .hasMessageStartingWith("this is no policy: ");
  }

  @Test
  void itsSizeIsBounded() {
    String rule = "\"" + "x".repeat(1024) + "\"";
    String many = "{\"refusal\": \"no\", \"refuse\": [" + (rule + ",").repeat(80) + rule + "]}";
    assertThatThrownBy(() -> policy(many)).hasMessageContaining("64 KiB");
    assertThatThrownBy(
            () -> policy("{\"refusal\": \"no\", \"refuse\": [" + "\"x\",".repeat(256) + "\"x\"]}"))
        .hasMessageContaining("256 rules");
    assertThatThrownBy(() -> Policy.read(Path.of("none.json")))
        .hasMessageContaining("there is no file");
  }
}
