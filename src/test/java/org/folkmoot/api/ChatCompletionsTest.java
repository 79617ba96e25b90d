package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.FakeTokenizer.IM_END;
import static org.folkmoot.api.FakeTokenizer.word;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.events;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code POST /v1/chat/completions} as OpenAI's clients know it. */
class ChatCompletionsTest {
  private static final String PATH = "/v1/chat/completions";

  @Test
  void aWholeAnswer() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" moot"), IM_END))) {
      HttpResponse<String> response = server.post(PATH, chat());

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).contains("application/json");
      JsonNode body = json(response);
      assertThat(body.get("id").textValue()).startsWith("chatcmpl-");
      assertThat(body.get("object").textValue()).isEqualTo("chat.completion");
      assertThat(body.get("created").longValue()).isEqualTo(TestServer.NOW);
      assertThat(body.get("model").textValue()).isEqualTo(TestServer.MODEL);
      assertThat(body.get("system_fingerprint").textValue()).isEqualTo("sem1-0123456789ab");
      assertThat(body.get("choices")).hasSize(1);
      assertThat(body.get("choices").get(0))
          .isEqualTo(
              json(
                  """
                  {"index": 0,
                   "message": {"role": "assistant", "content": " the moot", "refusal": null},
                   "logprobs": null, "finish_reason": "stop"}\
                  """));
      int prompt = promptTokens();
      assertThat(body.get("usage"))
          .isEqualTo(
              json(
                  """
                  {"prompt_tokens": %d, "completion_tokens": 3, "total_tokens": %d,
                   "prompt_tokens_details": {"cached_tokens": 0}}\
                  """
                      .formatted(prompt, prompt + 3)));
      JsonNode folkmoot = body.get("folkmoot");
      assertThat(folkmoot.get("digest").textValue()).isEqualTo("sha256:" + FakeModel.DIGEST);
      assertThat(folkmoot.get("privacy").textValue()).isEqualTo("local");
      assertThat(folkmoot.get("sem").textValue()).isEqualTo("sem/1");
    }
  }

  private static int promptTokens() {
    FakeModel model = TestServer.model();
    return model.chatIds(
            List.of(new org.folkmoot.engine.template.ChatMessage("user", "Why is the sky blue?")))
        .length;
  }

  @Test
  void aStream() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" moot"), IM_END))) {
      HttpResponse<String> response =
          server.post(
              PATH, chat("\"stream\": true", "\"stream_options\": {\"include_usage\": true}"));

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type").orElseThrow())
          .startsWith("text/event-stream");
      assertThat(response.body()).endsWith("data: [DONE]\n\n");
      List<String> events = events(response.body());
      assertThat(events).hasSize(6).last().isEqualTo("[DONE]");
      List<JsonNode> chunks = events.subList(0, 5).stream().map(TestServer::json).toList();
      assertThat(chunks)
          .allSatisfy(chunk -> {
            assertThat(chunk.get("object").textValue()).isEqualTo("chat.completion.chunk");
            assertThat(chunk.get("id")).isEqualTo(chunks.getFirst().get("id"));
          });
      assertThat(chunks.stream().limit(4).map(chunk -> chunk.get("choices").get(0).get("delta")))
          .containsExactly(
              json("{\"role\": \"assistant\", \"content\": \"\"}"),
              json("{\"content\": \" the\"}"),
              json("{\"content\": \" moot\"}"),
              json("{}"));
      assertThat(
              chunks.stream()
                  .limit(4)
                  .map(chunk -> chunk.get("choices").get(0).get("finish_reason").asText()))
          .containsExactly("null", "null", "null", "stop");
      assertThat(chunks.stream().limit(4)).allMatch(chunk -> chunk.get("usage").isNull());
      JsonNode last = chunks.getLast();
      assertThat(last.get("choices")).isEmpty();
      assertThat(last.get("usage").get("completion_tokens").intValue()).isEqualTo(3);
      assertThat(last.get("folkmoot").get("privacy").textValue()).isEqualTo("local");
      assertThat(chunks.subList(0, 4)).noneMatch(chunk -> chunk.has("folkmoot"));
    }
  }

  @Test
  void withoutUsageTheLastChunkOfAStreamIsTheEndOfTheAnswer() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      List<String> events = events(server.post(PATH, chat("\"stream\": true")).body());
      JsonNode last = json(events.get(events.size() - 2));
      assertThat(last.get("choices").get(0).get("finish_reason").textValue()).isEqualTo("stop");
      assertThat(last.has("usage")).isFalse();
      assertThat(last.get("folkmoot").get("sem").textValue()).isEqualTo("sem/1");
    }
  }

  @Test
  void streamAndWholeSayTheSame() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String whole = content(json(server.post(PATH, chat("\"seed\": 5"))), 0);
      String streamed =
          streamed(server.post(PATH, chat("\"seed\": 5", "\"stream\": true")).body(), 0);
      assertThat(streamed).isEqualTo(whole).isNotEmpty();
    }
  }

  @Test
  void theSeedDecides() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String first = content(json(server.post(PATH, chat("\"seed\": 7"))), 0);
      assertThat(content(json(server.post(PATH, chat("\"seed\": 7"))), 0)).isEqualTo(first);
      assertThat(content(json(server.post(PATH, chat("\"seed\": 8"))), 0)).isNotEqualTo(first);
      assertThat(content(json(server.post(PATH, chat())), 0))
          .as("without a seed each answer has its own")
          .isNotEqualTo(content(json(server.post(PATH, chat())), 0));
      assertThat(content(json(server.post(PATH, chat("\"temperature\": 0"))), 0))
          .isEqualTo(content(json(server.post(PATH, chat("\"temperature\": 0"))), 0));
    }
  }

  @Test
  void severalChoicesHaveSeedsThatFollowFromTheFirst() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      JsonNode three = json(server.post(PATH, chat("\"n\": 3", "\"seed\": 7")));
      JsonNode one = json(server.post(PATH, chat("\"seed\": 7")));
      assertThat(three.get("choices")).hasSize(3);
      assertThat(content(three, 0)).isEqualTo(content(one, 0));
      assertThat(content(three, 1)).isNotEqualTo(content(three, 0));
      assertThat(content(three, 2)).isNotEqualTo(content(three, 1));
      assertThat(three.get("usage").get("prompt_tokens"))
          .as("the prompt counts once")
          .isEqualTo(one.get("usage").get("prompt_tokens"));

      String stream = server.post(PATH, chat("\"n\": 3", "\"seed\": 7", "\"stream\": true")).body();
      for (int choice = 0; choice < 3; choice++) {
        assertThat(streamed(stream, choice)).isEqualTo(content(three, choice));
      }
      List<String> events = events(stream);
      assertThat(json(events.get(events.size() - 2)).has("folkmoot")).isTrue();
    }
  }

  @Test
  void stopStringsEndAnAnswer() {
    FakeModel model =
        TestServer.model().script(word(" the"), word(" moot"), word(" gathers"), word(" at"));
    try (TestServer server = TestServer.of(model)) {
      JsonNode body = json(server.post(PATH, chat("\"stop\": \"oot gath\"")));
      assertThat(content(body, 0)).isEqualTo(" the m");
      assertThat(body.get("choices").get(0).get("finish_reason").textValue()).isEqualTo("stop");
      assertThat(
              streamed(
                  server.post(PATH, chat("\"stop\": [\"no\", \" at\"]", "\"stream\": true")).body(),
                  0))
          .isEqualTo(" the moot gathers");
    }
  }

  @Test
  void aModelThatWouldSpeakForTheUserIsStopped() {
    FakeModel model = TestServer.model().script(word(" the"), word(" moot"), word(" speaks"));
    try (TestServer server = TestServer.of(model.chatStops(" speaks"))) {
      assertThat(content(json(server.post(PATH, chat())), 0)).isEqualTo(" the moot");
      assertThat(content(json(server.post(PATH, chat("\"stop\": \" moot\""))), 0))
          .isEqualTo(" the");
    }
  }

  @Test
  void tokenLimits() {
    try (TestServer server = TestServer.of(TestServer.model().script(word(" the")))) {
      for (String limit : List.of("\"max_tokens\": 3", "\"max_completion_tokens\": 3")) {
        JsonNode body = json(server.post(PATH, chat(limit)));
        assertThat(content(body, 0)).isEqualTo(" the the the");
        assertThat(body.get("choices").get(0).get("finish_reason").textValue()).isEqualTo("length");
      }
      JsonNode unlimited = json(server.post(PATH, chat()));
      assertThat(unlimited.get("usage").get("total_tokens").intValue())
          .as("without a limit, up to the context's end")
          .isEqualTo(512);
    }
  }

  @Test
  void charactersOfSeveralTokensComeWhole() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(0xE2, 0x82, 0xAC, word(" thé"), 0xC3, IM_END))) {
      String stream = server.post(PATH, chat("\"stream\": true")).body();
      assertThat(streamed(stream, 0)).isEqualTo("€ thé\ufffd");
      assertThat(
              json(events(stream).get(1))
                  .get("choices")
                  .get(0)
                  .get("delta")
                  .get("content")
                  .textValue())
          .isEqualTo("€");
    }
  }

  @Test
  void logprobsComeWithTheTextTheyBelongTo() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(0xC3, 0xA9, word(" moot"), IM_END))) {
      JsonNode body = json(server.post(PATH, chat("\"logprobs\": true", "\"top_logprobs\": 5")));
      JsonNode tokens = body.get("choices").get(0).get("logprobs").get("content");
      assertThat(tokens).as("the end token is not part of the answer").hasSize(3);
      assertThat(tokens.get(0).get("token").textValue()).isEqualTo("bytes:\\xc3");
      assertThat(tokens.get(0).get("bytes")).isEqualTo(json("[195]"));
      assertThat(tokens.get(2).get("token").textValue()).isEqualTo(" moot");
      assertThat(tokens.get(2).get("bytes")).isEqualTo(json("[32, 109, 111, 111, 116]"));
      assertThat(tokens.get(2).get("logprob").floatValue())
          .isEqualTo(-0.25f - word(" moot") / 1000f);
      assertThat(tokens.get(2).get("top_logprobs")).hasSize(5);
      assertThat(tokens.get(2).get("top_logprobs").get(0).get("token").textValue())
          .isEqualTo(" moot");

      String stream = server.post(PATH, chat("\"logprobs\": true", "\"stream\": true")).body();
      JsonNode first = json(events(stream).get(1)).get("choices").get(0);
      assertThat(first.get("delta").get("content").textValue()).isEqualTo("é");
      assertThat(first.get("logprobs").get("content")).hasSize(2);
    }
  }

  @Test
  void logprobsOfAStopStringAreNotPartOfTheAnswer() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" oak"), word(".")))) {
      JsonNode body = json(server.post(PATH, chat("\"logprobs\": true", "\"stop\": \" oak.\"")));
      assertThat(content(body, 0)).isEqualTo(" the");
      assertThat(body.get("choices").get(0).get("logprobs").get("content")).hasSize(1);
    }
  }

  @Test
  void anImpossibleTokenHasOpenAisNumber() {
    try (TestServer server = TestServer.of(TestServer.model().script(word(" the"), IM_END))) {
      JsonNode body = json(server.post(PATH, chat("\"logprobs\": true", "\"top_logprobs\": 20")));
      JsonNode top =
          body.get("choices").get(0).get("logprobs").get("content").get(0).get("top_logprobs");
      assertThat(top.get(19).get("logprob").doubleValue()).isEqualTo(-9999.0);
    }
  }

  @Test
  void logitBiasReachesTheSampler() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String bias = "\"logit_bias\": {\"%d\": 100}".formatted(word(" oak"));
      JsonNode body = json(server.post(PATH, chat(bias, "\"max_tokens\": 2")));
      assertThat(content(body, 0)).isEqualTo(" oak oak");
    }
  }

  @Test
  void contentInPartsAndOtherNamesOfRolesMeanTheSame() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String plain =
          """
          {"model": "smollm2:135m", "seed": 1, "messages": [
            {"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi there"}]}\
          """;
      String parts =
          """
          {"model": "smollm2:135m", "seed": 1, "messages": [
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "name": "ada", "content": [
              {"type": "text", "text": "Hi "}, {"type": "text", "text": "there"}]}]}\
          """;
      assertThat(content(json(server.post(PATH, parts)), 0))
          .isEqualTo(content(json(server.post(PATH, plain)), 0));
    }
  }

  @Test
  void whatOpenAiIgnoresIsIgnored() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String expected = content(json(server.post(PATH, chat("\"seed\": 1"))), 0);
      String body =
          chat(
              "\"seed\": 1",
              "\"user\": \"ada\"",
              "\"metadata\": {\"a\": [1, {\"b\": null}]}",
              "\"never_heard_of\": true",
              "\"tools\": []",
              "\"tool_choice\": \"auto\"",
              "\"response_format\": {\"type\": \"text\"}",
              "\"presence_penalty\": 0",
              "\"frequency_penalty\": 0.0",
              "\"temperature\": null",
              "\"stop\": null",
              "\"top_k\": 40",
              "\"min_p\": 0.05",
              "\"repeat_penalty\": 1.1",
              "\"folkmoot\": {\"privacy\": \"local\", \"audit\": 0, \"chain\": []}");
      HttpResponse<String> response = server.post(PATH, body);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(content(json(response), 0)).isEqualTo(expected);
    }
  }

  @Test
  void aPromptThatFillsTheContextIsRefused() {
    try (TestServer server = TestServer.of(new FakeModel(TestServer.MODEL, 20))) {
      HttpResponse<String> response = server.post(PATH, chat());
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(json(response).get("error").get("code").textValue())
          .isEqualTo("context_length_exceeded");
    }
  }

  private static String content(JsonNode body, int choice) {
    return body.get("choices").get(choice).get("message").get("content").textValue();
  }

  /** The text of one choice of a stream. */
  private static String streamed(String stream, int choice) {
    List<String> texts = new ArrayList<>();
    for (String event : events(stream)) {
      if (!event.equals("[DONE]")) {
        for (JsonNode one : json(event).get("choices")) {
          if (one.get("index").intValue() == choice) {
            texts.add(one.get("delta").path("content").asText(""));
          }
        }
      }
    }
    return String.join("", texts);
  }
}
