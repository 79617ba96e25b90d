package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.FakeTokenizer.IM_END;
import static org.folkmoot.api.FakeTokenizer.word;
import static org.folkmoot.api.TestServer.completion;
import static org.folkmoot.api.TestServer.events;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.folkmoot.engine.tokenizer.Tokenizer.Specials;
import org.junit.jupiter.api.Test;

/** {@code POST /v1/completions} as OpenAI's clients know it. */
class CompletionsTest {
  private static final String PATH = "/v1/completions";

  @Test
  void aWholeAnswer() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" moot"), IM_END))) {
      JsonNode body = json(server.post(PATH, completion("\"At dawn\"")));
      assertThat(body.get("id").textValue()).startsWith("cmpl-");
      assertThat(body.get("object").textValue()).isEqualTo("text_completion");
      assertThat(body.get("choices"))
          .isEqualTo(
              json(
                  """
                  [{"index": 0, "text": " the moot", "logprobs": null, "finish_reason": "stop"}]\
                  """));
      assertThat(body.get("usage"))
          .as("two letters, a word, and the token that begins a sequence")
          .isEqualTo(
              json(
                  """
                  {"prompt_tokens": 4, "completion_tokens": 3, "total_tokens": 7,
                   "prompt_tokens_details": {"cached_tokens": 0}}\
                  """));
      assertThat(body.get("folkmoot").get("digest").textValue())
          .isEqualTo("sha256:" + FakeModel.DIGEST);
    }
  }

  @Test
  void aStream() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" moot"), IM_END))) {
      String stream = server.post(PATH, completion("\"At dawn\"", "\"stream\": true")).body();
      List<String> events = events(stream);
      assertThat(events).hasSize(4).last().isEqualTo("[DONE]");
      assertThat(events.subList(0, 3).stream().map(e -> json(e).get("choices").get(0)))
          .containsExactly(
              json(
                  "{\"index\": 0, \"text\": \" the\", \"logprobs\": null, \"finish_reason\": null}"),
              json(
                  "{\"index\": 0, \"text\": \" moot\", \"logprobs\": null, \"finish_reason\": null}"),
              json(
                  "{\"index\": 0, \"text\": \"\", \"logprobs\": null, \"finish_reason\": \"stop\"}"));
      assertThat(json(events.get(2)).has("folkmoot")).isTrue();
    }
  }

  @Test
  void aPromptAsTextAndAsIdsIsTheSamePrompt() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      FakeTokenizer tokenizer = new FakeTokenizer();
      int[] ids = tokenizer.encodePrompt("At dawn<|im_end|>", Specials.PARSE);
      String list = Arrays.stream(ids).mapToObj(String::valueOf).collect(Collectors.joining(","));
      JsonNode fromText =
          json(server.post(PATH, completion("\"At dawn<|im_end|>\"", "\"seed\": 3")));
      JsonNode fromIds = json(server.post(PATH, completion("[" + list + "]", "\"seed\": 3")));
      assertThat(fromIds.get("choices")).isEqualTo(fromText.get("choices"));
      assertThat(fromIds.get("usage")).isEqualTo(fromText.get("usage"));
    }
  }

  @Test
  void severalPromptsWithSeveralChoicesEach() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      JsonNode body =
          json(server.post(PATH, completion("[\"one\", [256, 65]]", "\"n\": 2", "\"seed\": 3")));
      assertThat(body.get("choices")).hasSize(4);
      JsonNode second = json(server.post(PATH, completion("[256, 65]", "\"n\": 2", "\"seed\": 3")));
      for (int choice = 0; choice < 2; choice++) {
        assertThat(body.get("choices").get(2 + choice).get("index").intValue())
            .isEqualTo(2 + choice);
        assertThat(body.get("choices").get(2 + choice).get("text"))
            .as("a prompt's answers do not depend on its neighbours")
            .isEqualTo(second.get("choices").get(choice).get("text"));
      }
      assertThat(body.get("usage").get("prompt_tokens").intValue()).isEqualTo(4 + 2);
    }
  }

  @Test
  void sixteenTokensByDefault() {
    try (TestServer server = TestServer.of(TestServer.model().script(word(" the")))) {
      JsonNode body = json(server.post(PATH, completion("\"x\"")));
      assertThat(body.get("usage").get("completion_tokens").intValue()).isEqualTo(16);
      assertThat(body.get("choices").get(0).get("finish_reason").textValue()).isEqualTo("length");
    }
  }

  @Test
  void echoBeginsWithThePrompt() {
    try (TestServer server = TestServer.of(TestServer.model().script(word(" oak"), IM_END))) {
      for (String prompt : List.of("\"under an\"", "[117,110,100,101,114,32,97,110]")) {
        JsonNode body = json(server.post(PATH, completion(prompt, "\"echo\": true")));
        assertThat(body.get("choices").get(0).get("text").textValue()).isEqualTo("under an oak");
      }
    }
  }

  @Test
  void logprobsInTheLegacyShape() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), 0xC3, 0xA9, word("."), IM_END))) {
      JsonNode body = json(server.post(PATH, completion("\"x\"", "\"logprobs\": 2")));
      JsonNode logprobs = body.get("choices").get(0).get("logprobs");
      assertThat(logprobs.get("tokens"))
          .isEqualTo(json("[\" the\", \"bytes:\\\\xc3\", \"bytes:\\\\xa9\", \".\"]"));
      assertThat(logprobs.get("token_logprobs")).hasSize(4);
      assertThat(logprobs.get("top_logprobs")).hasSize(4);
      assertThat(logprobs.get("top_logprobs").get(0).fieldNames())
          .toIterable()
          .containsExactly(" the", " moot");
      assertThat(logprobs.get("text_offset"))
          .as("where each token's text begins: é is one character of two tokens")
          .isEqualTo(json("[0, 4, 5, 5]"));
    }
  }

  @Test
  void logprobsOfAStreamGoOnCountingOffsets() {
    try (TestServer server =
        TestServer.of(TestServer.model().script(word(" the"), word(" moot"), IM_END))) {
      String stream =
          server.post(PATH, completion("\"x\"", "\"logprobs\": 0", "\"stream\": true")).body();
      List<JsonNode> offsets =
          events(stream).stream()
              .limit(2)
              .map(e -> json(e).get("choices").get(0).get("logprobs").get("text_offset"))
              .toList();
      assertThat(offsets).containsExactly(json("[0]"), json("[4]"));
    }
  }
}
