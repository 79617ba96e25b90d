package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.folkmoot.api.TestServer.chat;
import static org.folkmoot.api.TestServer.json;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.folkmoot.api.ApiSettings.Stopping;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.api.http.ConnectionLimits;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What strangers send is refused in bounded time and memory, and hurts nobody else. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(300)
class HostileHttpTest {
  private static final String PATH = "/v1/chat/completions";
  private static final int MAX_BODY = 64 << 10;
  private static final String HOST = "Host: localhost\r\n";

  private final TestServer server = TestServer.of(small(), TestServer.model());

  private static ApiSettings small() {
    ConnectionLimits usual = ConnectionLimits.DEFAULT;
    return new ApiSettings(
        new ListenAddress("127.0.0.1", 0),
        Optional.empty(),
        Set.of(),
        new ConnectionLimits(
            64, usual.headerBytes(), MAX_BODY, usual.idle(), usual.request(), usual.write()),
        TurnLimits.ALONE,
        new Stopping(Duration.ZERO, Stopping.USUAL.farewell(), Stopping.USUAL.close()));
  }

  @AfterAll
  void stop() {
    assertThat(server.get("/healthz").statusCode()).as("it still serves").isEqualTo(200);
    server.close();
  }

  static Stream<Arguments> noHttp() {
    return Stream.of(
        arguments("GET / HTTP/1.0\r\n\r\n", 505),
        arguments("GET / HTTP/3\r\n" + HOST + "\r\n", 400),
        arguments("nonsense\r\n\r\n", 400),
        arguments("GET  HTTP/1.1\r\n" + HOST + "\r\n", 400),
        arguments("GET /\u0001 HTTP/1.1\r\n" + HOST + "\r\n", 400),
        arguments("GET /a b HTTP/1.1\r\n" + HOST + "\r\n", 400),
        arguments("GET / HTTP/1.1\n\n", 400),
        arguments("GET /" + "a".repeat(5000) + " HTTP/1.1\r\n" + HOST + "\r\n", 414),
        arguments("GET /healthz HTTP/1.1\r\n\r\n", 400),
        arguments("GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        arguments("GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        arguments("GET /healthz HTTP/1.1\r\n" + HOST + "no colon\r\n\r\n", 400),
        arguments("GET /healthz HTTP/1.1\r\n" + HOST + "X: \u0000\r\n\r\n", 400),
        arguments(
            "GET /healthz HTTP/1.1\r\n" + HOST + "X: " + "y".repeat(20_000) + "\r\n\r\n", 400),
        arguments("GET /healthz HTTP/1.1\r\n" + HOST + "X: y\r\n".repeat(5000) + "\r\n", 400),
        arguments("POST " + PATH + " HTTP/1.1\r\n" + HOST + "Content-Length: x\r\n\r\n", 400),
        arguments("POST " + PATH + " HTTP/1.1\r\n" + HOST + "Content-Length: -1\r\n\r\n", 400),
        arguments(
            "POST "
                + PATH
                + " HTTP/1.1\r\n"
                + HOST
                + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n",
            400),
        arguments(
            "POST "
                + PATH
                + " HTTP/1.1\r\n"
                + HOST
                + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400),
        arguments("POST " + PATH + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip\r\n\r\n", 400),
        arguments(
            "POST " + PATH + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            400),
        arguments(
            "POST "
                + PATH
                + " HTTP/1.1\r\n"
                + HOST
                + "Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\nxx",
            400));
  }

  @ParameterizedTest
  @MethodSource("noHttp")
  void whatIsNoHttpIsRefusedInOpenAisShape(String request, int status) throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send(request);
      RawClient.Response response = client.readResponse();
      assertThat(response.status()).as(response.head()).isEqualTo(status);
      assertThat(json(response.body()).get("error").get("code").textValue())
          .isEqualTo("http_error");
      assertThat(response.head()).containsIgnoringCase("connection: close");
      assertThat(client.ends()).isTrue();
    }
  }

  @Test
  void invalidUtf8IsRefused() throws IOException {
    List<byte[]> bodies = new ArrayList<>();
    for (int[] bad :
        new int[][] {
          {0xFF}, {0xC0, 0x80}, {0xED, 0xA0, 0x80}, {0xE2, 0x82}, {0xF5, 0x80, 0x80, 0x80}
        }) {
      byte[] body = chat().getBytes(StandardCharsets.UTF_8);
      int at = new String(body, StandardCharsets.ISO_8859_1).indexOf("sky");
      for (int i = 0; i < bad.length; i++) {
        body[at + i] = (byte) bad[i];
      }
      bodies.add(body);
    }
    for (byte[] body : bodies) {
      try (RawClient client = new RawClient(server)) {
        client.send(client.head(PATH, body.length));
        client.send(body);
        RawClient.Response response = client.readResponse();
        assertThat(response.status()).isEqualTo(400);
        assertThat(response.body()).contains("UTF-8");
      }
    }
  }

  @Test
  void aBodyThatIsTooLongIsRefusedAndItsSenderHearsIt() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.post(PATH, " ".repeat(2_000_000) + chat());
      RawClient.Response response = client.readResponse();
      assertThat(response.status()).isEqualTo(413);
      assertThat(json(response.body()).get("error").get("code").textValue())
          .isEqualTo("body_too_large");
      client.post(PATH, chat());
      assertThat(client.readResponse().status()).as("the connection lives on").isEqualTo(200);
    }
  }

  @Test
  void aBodyThatIsAbsurdIsRefusedUnread() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send(client.head(PATH, 1L << 40));
      assertThat(client.readResponse().status()).isEqualTo(413);
      assertThat(client.ends()).isTrue();
    }
  }

  @Test
  void whoAsksBeforeSendingABodyIsAnswered() throws IOException {
    String body = chat();
    try (RawClient client = new RawClient(server)) {
      String head = client.head(PATH, body.length());
      client.send(head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"));
      assertThat(client.readResponse().status()).isEqualTo(100);
      client.send(body);
      assertThat(client.readResponse().status()).isEqualTo(200);
    }
    try (RawClient client = new RawClient(server)) {
      String head = client.head("/nothing", body.length());
      client.send(head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"));
      assertThat(client.readResponse().status()).isEqualTo(404);
      assertThat(client.ends()).as("what would come next is unclear").isTrue();
    }
  }

  @Test
  void chunksAddUpToABody() throws IOException {
    String body = chat();
    String head = "POST " + PATH + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n";
    try (RawClient client = new RawClient(server)) {
      StringBuilder chunked = new StringBuilder(head);
      for (int at = 0; at < body.length(); at++) {
        chunked.append("1\r\n").append(body.charAt(at)).append("\r\n");
      }
      client.send(chunked.append("0\r\n\r\n").toString());
      assertThat(client.readResponse().status()).isEqualTo(200);
    }
    try (RawClient client = new RawClient(server)) {
      client.send(
          head + "FFFF\r\n" + " ".repeat(0xFFFF) + "\r\nFF\r\n" + " ".repeat(0xFF) + "\r\n");
      assertThat(client.readResponse().status()).isEqualTo(413);
    }
    try (RawClient client = new RawClient(server)) {
      client.send(head + "7FFFFFFF\r\n");
      assertThat(client.readResponse().status()).isEqualTo(413);
    }
  }

  @Test
  void aChunkHeaderWithoutEndIsCut() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send("POST " + PATH + " HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n");
      try {
        for (int i = 0; i < 100; i++) {
          client.send("0".repeat(MAX_BODY));
        }
      } catch (IOException cut) {
        return;
      }
      assertThat(client.ends()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "G",
        "GET /healthz HTTP/1.1\r\nHost: loc",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{",
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5"
      })
  void aRequestThatNeverEndsIsCut(String beginning) throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send(beginning);
      client.awaitCut(Duration.ofSeconds(61).toNanos());
    }
  }

  @Test
  void bytesNowAndThenDoNotKeepARequestAlive() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send("GET /healthz HTTP/1.1\r\nX: ");
      IOException cut = null;
      for (int i = 0; i < 1_000_000 && cut == null; i++) {
        server.nanos.addAndGet(Duration.ofMillis(10).toNanos());
        server.server.cutOverdueConnections();
        try {
          client.send("y");
        } catch (IOException e) {
          cut = e;
        }
      }
      assertThat(cut).as("a byte each hundredth of a second, for hours").isNotNull();
    }
  }

  @Test
  void aConnectionThatIdlesIsCut() throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.post(PATH, chat());
      assertThat(client.readResponse().status()).isEqualTo(200);
      client.awaitCut(Duration.ofSeconds(61).toNanos());
    }
  }

  @Test
  void manyConnectionsWaitForTheirTurnAndAreServed() throws IOException {
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        clients.add(new RawClient(server));
      }
      for (RawClient client : clients) {
        client.send("GET /healthz HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
      }
      for (RawClient client : clients) {
        assertThat(client.readResponse().status()).isEqualTo(200);
      }
    } finally {
      for (RawClient client : clients) {
        client.close();
      }
    }
  }

  @Test
  void randomBytesGetAnAnswerOrAnEnd() throws IOException {
    Random random = new Random(7);
    byte[] good =
        ("POST "
                + PATH
                + " HTTP/1.1\r\n"
                + HOST
                + "Content-Length: "
                + chat().length()
                + "\r\n\r\n"
                + chat())
            .getBytes(StandardCharsets.ISO_8859_1);
    for (int round = 0; round < 200; round++) {
      byte[] bytes = good.clone();
      for (int i = 0; i < 1 + random.nextInt(4); i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try (RawClient client = new RawClient(server)) {
        client.send(bytes);
        client.halfClose();
        assertThat(client.ends()).as("round %d", round).isTrue();
      }
    }
  }
}
