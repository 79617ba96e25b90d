package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.events;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.kernel.TensorType;
import org.folkmoot.session.LocalModel;
import org.folkmoot.testing.LocalModels;
import org.folkmoot.testing.TinyModel;
import org.folkmoot.testing.TinyModels;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server over a model that really computes, small and random. */
@Timeout(300)
class RealModelTest {
  private static final String PATH = "/v1/chat/completions";

  /** Room for two contexts of 256 and not for three. */
  private static final long KV_BYTES = 2L * 256 * 2 * 2 * 2 * 16 * 4;

  private final LocalModel model;
  private final TestServer server;

  RealModelTest(@TempDir Path folder) {
    Path file = TinyModels.write(folder, TinyModel.of(TensorType.Q8_0));
    model = LocalModels.open(file, TestServer.MODEL, KV_BYTES);
    server = TestServer.of(TestServer.settings(ApiSettings.TurnLimits.ALONE), model);
  }

  @AfterEach
  void close() {
    server.close();
    model.close();
  }

  @Test
  void manyAtOnceGetTheAnswersThatEachGetsAlone() {
    List<String> alone = new ArrayList<>();
    for (int seed = 0; seed < 8; seed++) {
      alone.add(text(server.post(PATH, body(seed))));
    }
    List<CompletableFuture<HttpResponse<String>>> together = new ArrayList<>();
    for (int seed = 0; seed < 8; seed++) {
      together.add(
          server.client.sendAsync(
              server.to(PATH).POST(HttpRequest.BodyPublishers.ofString(body(seed))).build(),
              HttpResponse.BodyHandlers.ofString()));
    }
    assertThat(together.stream().map(answer -> text(answer.join()))).isEqualTo(alone);
    assertThat(model.scheduler().openSequences()).isZero();
  }

  private static String body(int seed) {
    return chat("\"seed\": " + seed, "\"temperature\": 1.5");
  }

  private static String text(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response).get("choices").get(0).get("message").toString();
  }

  @Test
  void saysHowMuchOfThePromptWasThere() {
    String prompt =
        "\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]".formatted("a".repeat(150));
    String body = "{\"model\": \"%s\", \"max_tokens\": 2, \"seed\": 1, %s%s}";
    String once = body.formatted(TestServer.MODEL, prompt, "");
    assertThat(cached(json(server.post(PATH, once)))).isZero();
    int shared = cached(json(server.post(PATH, once)));
    assertThat(shared).isPositive().isLessThan(promptOf(json(server.post(PATH, once))));
    String streamed =
        body.formatted(
            TestServer.MODEL,
            prompt,
            ", \"n\": 2, \"stream\": true, \"stream_options\": {\"include_usage\": true}");
    List<String> events = events(server.post(PATH, streamed).body());
    assertThat(cached(json(events.get(events.size() - 2)))).isEqualTo(shared);
  }

  private static int cached(JsonNode answer) {
    return answer.get("usage").get("prompt_tokens_details").get("cached_tokens").intValue();
  }

  private static int promptOf(JsonNode answer) {
    return answer.get("usage").get("prompt_tokens").intValue();
  }

  @Test
  void logprobsAreThoseOfTheChosenTokens() {
    JsonNode tokens =
        json(server.post(
                PATH,
                chat(
                    "\"temperature\": 0",
                    "\"logprobs\": true",
                    "\"top_logprobs\": 5",
                    "\"max_tokens\": 12")))
            .get("choices")
            .get(0)
            .get("logprobs")
            .get("content");
    assertThat(tokens).isNotEmpty();
    for (JsonNode token : tokens) {
      JsonNode likeliest = token.get("top_logprobs").get(0);
      assertThat(likeliest.get("token")).as("greedy").isEqualTo(token.get("token"));
      assertThat(likeliest.get("logprob")).isEqualTo(token.get("logprob"));
      double sum = 0;
      for (JsonNode other : token.get("top_logprobs")) {
        sum += Math.exp(other.get("logprob").doubleValue());
      }
      assertThat(sum).isBetween(0.0, 1.0001);
    }
  }

  @Test
  void aClientThatLeavesFreesItsMemory() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.post(PATH, chat("\"stream\": true", "\"n\": 2"));
      assertThat(events(client.readUntil("\n\n").replaceAll("(?s)^.*?(?=data: )", "")))
          .isNotEmpty();
    }
    while (model.scheduler().openSequences() > 0 || model.scheduler().usedKvBytes() > 0) {
      Thread.onSpinWait();
    }
  }
}
