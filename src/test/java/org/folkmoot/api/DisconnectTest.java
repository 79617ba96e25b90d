package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.FakeTokenizer.word;
import static org.folkmoot.api.TestServer.chat;

import java.io.IOException;
import java.time.Duration;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A client that goes away frees its generation at once, whatever it was waiting for. */
@Timeout(300)
class DisconnectTest {
  private static final String PATH = "/v1/chat/completions";

  enum Leaving {
    CLOSE,
    RESET,
    HALF_CLOSE;

    void leave(RawClient client) throws IOException {
      switch (this) {
        case CLOSE -> client.leave();
        case RESET -> client.reset();
        case HALF_CLOSE -> client.halfClose();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whileItWaitsForTheFirstToken(Leaving leaving) throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server)) {
      client.post(PATH, chat("\"stream\": true"));
      model.awaitWaiting(1);
      leaving.leave(client);
      model.awaitOpen(0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void betweenTwoTokensOfAStream(Leaving leaving) throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server)) {
      client.post(PATH, chat("\"stream\": true"));
      model.allow(1);
      client.readUntil("\"}");
      model.awaitWaiting(1);
      leaving.leave(client);
      model.awaitOpen(0);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void whileItWaitsForAWholeAnswer(int choices) throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server)) {
      client.post(PATH, chat("\"n\": " + choices));
      model.awaitWaiting(choices);
      client.leave();
      model.awaitOpen(0);
      awaitMetric(server, "folkmoot_clients_gone_total 1");
    }
  }

  @Test
  void whileItWaitsForItsTurn() throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server =
            TestServer.of(TestServer.settings(new TurnLimits(1, 1, 10, 10)), model);
        RawClient first = new RawClient(server);
        RawClient second = new RawClient(server);
        RawClient third = new RawClient(server)) {
      first.post(PATH, chat());
      model.awaitWaiting(1);
      second.post(PATH, chat());
      awaitMetric(server, "folkmoot_generations_waiting 1");
      third.post(PATH, chat());
      awaitMetric(server, "folkmoot_generations_waiting 2");
      second.leave();
      awaitMetric(server, "folkmoot_generations_waiting 1");
      model.allow(10_000);
      assertThat(first.readResponse().status()).isEqualTo(200);
      assertThat(third.readResponse().status()).isEqualTo(200);
      model.awaitOpen(0);
    }
  }

  @Test
  void whenItDoesNotReadTheStream() throws IOException {
    FakeModel model = new FakeModel(TestServer.MODEL, 1 << 20).script(word(" the"));
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server, 4096)) {
      client.post(PATH, chat("\"stream\": true"));
      model.awaitStarted(1);
      while (model.open() > 0) {
        server.nanos.addAndGet(Duration.ofSeconds(31).toNanos());
        server.server.cutOverdueConnections();
      }
    }
  }

  @Test
  void whoStaysIsServedHoweverLongItTakes() throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server)) {
      client.post(PATH, chat());
      model.awaitWaiting(1);
      server.nanos.addAndGet(Duration.ofDays(1).toNanos());
      server.server.cutOverdueConnections();
      model.allow(10_000);
      assertThat(client.readResponse().status()).isEqualTo(200);
      client.post(PATH, chat());
      assertThat(client.readResponse().status()).as("on the same connection").isEqualTo(200);
    }
  }

  @Test
  void aPipelinedRequestIsNoGoodbye() throws IOException {
    FakeModel model = TestServer.model().gated();
    try (TestServer server = TestServer.of(model);
        RawClient client = new RawClient(server)) {
      client.post(PATH, chat("\"max_tokens\": 2"));
      model.awaitWaiting(1);
      client.post(PATH, chat("\"max_tokens\": 3"));
      client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
      model.allow(5);
      assertThat(client.readResponse().body()).contains("\"completion_tokens\":2");
      assertThat(client.readResponse().body()).contains("\"completion_tokens\":3");
      assertThat(client.readResponse().body()).isEqualTo("ready\n");
    }
  }

  /** Asks for the metrics until they say so; each request is a round trip, none is a sleep. */
  static void awaitMetric(TestServer server, String line) {
    for (int i = 0; i < 100_000; i++) {
      if (server.get("/metrics").body().lines().anyMatch(line::equals)) {
        return;
      }
    }
    throw new AssertionError(line + " never came");
  }
}
