package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.junit.jupiter.api.Test;

/** What people write does not reach a log, whatever goes wrong with it. */
class LogTest {
  private static final String SECRET = "Why is the sky blue?";

  private static final class Records extends Handler {
    final Queue<String> texts = new ConcurrentLinkedQueue<>();

    @Override
    public void publish(LogRecord record) {
      texts.add(new SimpleFormatter().format(record));
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @Test
  void noLogHoldsAPrompt() throws IOException {
    Logger root = Logger.getLogger("");
    Level before = root.getLevel();
    Records records = new Records();
    PrintStream err = System.err;
    ByteArrayOutputStream console = new ByteArrayOutputStream();
    records.setLevel(Level.ALL);
    root.addHandler(records);
    root.setLevel(Level.ALL);
    System.setErr(new PrintStream(console, true, StandardCharsets.UTF_8));
    try (var _ = new Quiet()) {
      Logger.getLogger("org.folkmoot.api").addHandler(records);
      provokeEverything();
    } finally {
      System.setErr(err);
      root.setLevel(before);
      root.removeHandler(records);
      Logger.getLogger("org.folkmoot.api").removeHandler(records);
    }
    assertThat(records.texts)
        .as("the fault itself is logged, with its place")
        .anyMatch(text -> text.contains("IllegalStateException") && text.contains("LogTest"));
    List<String> ours =
        records.texts.stream().filter(text -> !text.contains("jdk.internal.net.http")).toList();
    assertThat(ours).noneMatch(text -> text.contains("sky") || text.contains("blue"));
    assertThat(console.toString(StandardCharsets.UTF_8)).doesNotContain("sky");
  }

  private static void provokeEverything() throws IOException {
    FakeModel model = TestServer.model().failing(new IllegalStateException("on: " + SECRET));
    try (TestServer server = TestServer.of(model)) {
      server.post("/v1/chat/completions", chat());
      server.post("/v1/chat/completions", chat("\"stream\": true"));
      server.post("/v1/chat/completions", chat("\"temperature\": \"" + SECRET + "\""));
      server.post("/v1/chat/completions", chat() + SECRET);
      server.post("/v1/completions", "{\"prompt\": \"" + SECRET);
      server.get("/v1/models/" + SECRET.replaceAll("[ ?]", "%20"));
      for (String head :
          List.of("Transfer-Encoding: chunked\r\n\r\n", "Content-Length: 9999\r\n\r\n", "")) {
        try (RawClient client = new RawClient(server)) {
          client.send("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n" + head + SECRET);
        }
      }
    }
    try (TestServer server = TestServer.of(TestServer.model().gated());
        RawClient client = new RawClient(server)) {
      client.post("/v1/chat/completions", chat());
    }
  }
}
