package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.api.FakeTokenizer.IM_END;
import static org.folkmoot.api.FakeTokenizer.word;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.json;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.folkmoot.api.ApiSettings.Stopping;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What can be asked about a node, and how it starts and stops. */
@Timeout(300)
class NodeTest {
  private static final String CHAT = "/v1/chat/completions";

  @Test
  void models() {
    try (TestServer server =
        TestServer.of(TestServer.model(), new FakeModel("hf:owner/repo/file.gguf", 10))) {
      assertThat(json(server.get("/v1/models")))
          .isEqualTo(
              json(
                  """
                  {"object": "list", "data": [
                    {"id": "smollm2:135m", "object": "model", "created": 1700000000,
                     "owned_by": "folk"},
                    {"id": "hf:owner/repo/file.gguf", "object": "model", "created": 1700000000,
                     "owned_by": "folk"}]}\
                  """));
      for (String path : List.of("smollm2:135m", "smollm2%3A135m", "hf:owner/repo/file.gguf")) {
        HttpResponse<String> one = server.get("/v1/models/" + path);
        assertThat(one.statusCode()).as(path).isEqualTo(200);
        assertThat(json(one).get("object").textValue()).isEqualTo("model");
      }
      HttpResponse<String> unknown = server.get("/v1/models/smol");
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(json(unknown).get("error").get("message").textValue()).contains("did you mean");
    }
  }

  @Test
  void healthFollowsTheSelfTest() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      assertThat(server.get("/healthz").statusCode()).isEqualTo(200);
      server.provider.ready(false);
      assertThat(server.get("/healthz").statusCode()).isEqualTo(503);
    }
  }

  @Test
  void metricsCountWhatHappened() {
    FakeModel model = TestServer.model().gated().script(word(" the"), IM_END);
    try (TestServer server = TestServer.of(model)) {
      CompletableFuture<HttpResponse<String>> answer = start(server);
      model.awaitWaiting(1);
      assertThat(lines(server)).contains("folkmoot_generations_active 1");
      server.nanos.addAndGet(Duration.ofMillis(200).toNanos());
      model.allow(1);
      model.awaitWaiting(1);
      server.nanos.addAndGet(Duration.ofMillis(3800).toNanos());
      model.allow(1);
      int prompt = json(answer.join()).get("usage").get("prompt_tokens").intValue();
      server.get("/nothing");
      // A request counts when it is over, which is a moment after its response.
      String requests = "folkmoot_http_requests_total";
      DisconnectTest.awaitMetric(
          server, requests + "{route=\"/v1/chat/completions\",status=\"200\"} 1");
      DisconnectTest.awaitMetric(server, requests + "{route=\"unknown\",status=\"404\"} 1");
      assertThat(lines(server))
          .contains(
              "folkmoot_prompt_tokens_total " + prompt,
              "folkmoot_generated_tokens_total 2",
              "folkmoot_generations_active 0",
              "folkmoot_generations_waiting 0",
              "folkmoot_time_to_first_token_seconds_bucket{le=\"0.1\"} 0",
              "folkmoot_time_to_first_token_seconds_bucket{le=\"0.25\"} 1",
              "folkmoot_time_to_first_token_seconds_sum 0.200000000",
              "folkmoot_generation_duration_seconds_bucket{le=\"2.5\"} 0",
              "folkmoot_generation_duration_seconds_bucket{le=\"5.0\"} 1",
              "folkmoot_generation_duration_seconds_bucket{le=\"+Inf\"} 1",
              "folkmoot_generation_duration_seconds_count 1");
    }
  }

  @Test
  void metricsAreWellFormed() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      HttpResponse<String> response = server.get("/metrics");
      assertThat(response.headers().firstValue("Content-Type"))
          .contains("text/plain; version=0.0.4; charset=utf-8");
      assertThat(response.body().lines())
          .allMatch(line ->
              line.matches("# (HELP|TYPE) folkmoot_\\w+ .+")
                  || line.matches("folkmoot_\\w+(\\{\\w+=\"[^\"]*\"(,\\w+=\"[^\"]*\")*})? \\S+"));
    }
  }

  private static List<String> lines(TestServer server) {
    return server.get("/metrics").body().lines().toList();
  }

  @Test
  void theOpenApiDocumentNamesEveryRoute() {
    try (TestServer server = TestServer.of(TestServer.model())) {
      JsonNode document = json(server.get("/openapi.json"));
      assertThat(document.get("openapi").textValue()).startsWith("3.");
      List<String> documented = new ArrayList<>();
      document
          .get("paths")
          .properties()
          .forEach(path ->
              path.getValue()
                  .fieldNames()
                  .forEachRemaining(method ->
                      documented.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
      List<String> served = new ArrayList<>();
      for (Route route : Route.values()) {
        served.add(route.method() + " " + route.path());
      }
      assertThat(new TreeSet<>(documented)).isEqualTo(new TreeSet<>(served));
      document
          .findValues("$ref")
          .forEach(ref ->
              assertThat(document.at(ref.textValue().substring(1)).isMissingNode())
                  .as(ref.textValue())
                  .isFalse());
    }
  }

  @Test
  void aBusyPortIsOneClearLine() {
    try (TestServer first = TestServer.of(TestServer.model())) {
      ApiSettings same =
          ApiSettings.of(new ListenAddress("127.0.0.1", first.port()), Optional.empty());
      assertThatThrownBy(() -> TestServer.of(same))
          .isInstanceOfSatisfying(
              FolkmootException.class,
              e -> assertThat(e.code()).isEqualTo(FolkmootException.Code.BUSY))
          .hasMessageContaining("127.0.0.1:" + first.port() + " is in use");
    }
    ApiSettings elsewhere = ApiSettings.of(new ListenAddress("127.0.0.1", 0), Optional.empty());
    assertThat(elsewhere.address().isLoopback()).isTrue();
    assertThatThrownBy(
            () -> ApiSettings.of(new ListenAddress("no-such-host.invalid", 0), Optional.empty()))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("unknown");
  }

  @Test
  void stoppingLetsRunningAnswersEnd() {
    FakeModel model = TestServer.model().gated();
    ApiSettings patient =
        TestServer.settings(
            TurnLimits.ALONE,
            new Stopping(Duration.ofMinutes(5), Duration.ofMinutes(5), Duration.ofMinutes(5)));
    try (TestServer server = TestServer.of(patient, model)) {
      CompletableFuture<HttpResponse<String>> answer = start(server);
      model.awaitWaiting(1);
      Thread stopping = Thread.ofVirtual().start(server.server::stop);
      awaitUnhealthy(server);
      assertThat(server.post(CHAT, chat()).statusCode()).as("no new answers").isEqualTo(503);
      model.allow(1000);
      assertThat(answer.join().statusCode()).isEqualTo(200);
      join(stopping);
      assertThat(model.open()).isZero();
    }
  }

  private static void awaitUnhealthy(TestServer server) {
    while (server.get("/healthz").statusCode() == 200) {
      Thread.onSpinWait();
    }
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void stoppingEndsWhatDoesNotEndByItself() throws IOException {
    FakeModel model = TestServer.model().gated();
    ApiSettings patient =
        TestServer.settings(
            TurnLimits.ALONE,
            new Stopping(Duration.ZERO, Duration.ofMinutes(2), Duration.ofMinutes(2)));
    try (TestServer server = TestServer.of(patient, model);
        RawClient whole = new RawClient(server);
        RawClient stream = new RawClient(server);
        RawClient idle = new RawClient(server)) {
      whole.post(CHAT, chat());
      stream.post(CHAT, chat("\"stream\": true"));
      stream.readUntil("\n\n");
      idle.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(idle.readResponse().status()).isEqualTo(200);
      model.awaitWaiting(2);
      server.server.stop();
      RawClient.Response refused = whole.readResponse();
      assertThat(refused.status()).isEqualTo(503);
      assertThat(refused.body()).contains("\"code\":\"stopping\"");
      assertThat(stream.readUntil("0\r\n\r\n")).contains("\"code\":\"stopping\"");
      assertThat(stream.ends()).isTrue();
      assertThat(idle.ends()).isTrue();
      assertThat(model.open()).isZero();
      server.server.stop();
    }
  }

  @Test
  void stoppingDoesNotWaitForWhoDoesNotRead() throws IOException {
    FakeModel model = new FakeModel(TestServer.MODEL, 1 << 20).script(word(" the"));
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server, 4096)) {
      client.post(CHAT, chat("\"stream\": true"));
      model.awaitStarted(1);
      server.server.stop();
      model.awaitOpen(0);
      assertThat(client.ends()).isTrue();
    }
  }

  private static CompletableFuture<HttpResponse<String>> start(TestServer server) {
    return server.client.sendAsync(
        server.to(CHAT).POST(HttpRequest.BodyPublishers.ofString(chat())).build(),
        HttpResponse.BodyHandlers.ofString());
  }
}
