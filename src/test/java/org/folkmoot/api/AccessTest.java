package org.folkmoot.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.folkmoot.api.TestServer.json;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.base.FolkmootException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who may call. */
class AccessTest {
  @Test
  void onLoopbackOnlyNamesOfLoopbackAreServed() throws IOException {
    try (TestServer server = TestServer.of(TestServer.model())) {
      int port = server.port();
      for (String host :
          List.of("localhost", "LOCALHOST:" + port, "127.0.0.1:" + port, "[::1]:" + port)) {
        assertThat(status(server, "Host: " + host)).as(host).isEqualTo(200);
      }
      for (String host : List.of("evil.example", "127.0.0.1.evil.example:" + port, "10.0.0.1")) {
        assertThat(status(server, "Host: " + host)).as(host).isEqualTo(403);
      }
    }
  }

  @Test
  void pagesOfOtherOriginsAreRefused() throws IOException {
    try (TestServer server = TestServer.of(TestServer.model())) {
      String own = "127.0.0.1:" + server.port();
      assertThat(status(server, "Host: " + own, "Origin: http://" + own)).isEqualTo(200);
      for (String origin : List.of("https://evil.example", "null", "http://localhost:1")) {
        assertThat(status(server, "Host: " + own, "Origin: " + origin)).as(origin).isEqualTo(403);
      }
    }
  }

  private static int status(TestServer server, String... headers) throws IOException {
    try (RawClient client = new RawClient(server)) {
      client.send("GET /v1/models HTTP/1.1\r\n" + String.join("\r\n", headers) + "\r\n\r\n");
      return client.readResponse().status();
    }
  }

  @Test
  void anAllowedOriginGetsItsHeaders() {
    ApiSettings settings =
        TestServer.settings(TurnLimits.ALONE).withOrigins(Set.of("https://chat.example"));
    try (TestServer server = TestServer.of(settings, TestServer.model())) {
      HttpResponse<String> answer =
          server.send(server.to("/v1/models").header("Origin", "https://chat.example").build());
      assertThat(answer.statusCode()).isEqualTo(200);
      assertThat(answer.headers().firstValue("Access-Control-Allow-Origin"))
          .contains("https://chat.example");
      assertThat(answer.headers().firstValue("Vary")).contains("Origin");

      HttpResponse<String> preflight =
          server.send(
              server
                  .to("/v1/chat/completions")
                  .header("Origin", "https://chat.example")
                  .header("Access-Control-Request-Method", "POST")
                  .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                  .build());
      assertThat(preflight.statusCode()).isEqualTo(204);
      assertThat(preflight.headers().firstValue("Access-Control-Allow-Headers").orElseThrow())
          .contains("Authorization");

      HttpResponse<String> other =
          server.send(server.to("/v1/models").header("Origin", "https://evil.example").build());
      assertThat(other.statusCode()).isEqualTo(403);
    }
  }

  @Test
  void keysOpen(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("keys");
    Files.writeString(
        file, "# people\n\n" + hash("key-of-ada") + "  ada\n" + hash("k2") + " bob\n");
    ApiSettings settings =
        ApiSettings.of(new ListenAddress("127.0.0.1", 0), Optional.of(ApiKeys.read(file)));
    try (TestServer server = TestServer.of(settings, TestServer.model())) {
      HttpResponse<String> without = server.get("/v1/models");
      assertThat(without.statusCode()).isEqualTo(401);
      assertThat(without.headers().firstValue("WWW-Authenticate")).contains("Bearer");
      assertThat(json(without).get("error").get("code").textValue()).isEqualTo("invalid_api_key");
      assertThat(withKey(server, "Bearer wrong")).isEqualTo(401);
      assertThat(withKey(server, "Basic key-of-ada")).isEqualTo(401);
      assertThat(withKey(server, "Bearer ")).isEqualTo(401);
      assertThat(withKey(server, "Bearer key-of-ada")).isEqualTo(200);
      assertThat(withKey(server, "bearer  k2")).isEqualTo(200);
      assertThat(server.get("/healthz").statusCode()).as("health is for everyone").isEqualTo(200);
      assertThat(server.get("/metrics").statusCode()).isEqualTo(401);
    }
  }

  @Test
  void aRefusalIsHeardThoughTheBodyIsLong(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("keys");
    Files.writeString(file, hash("k") + " ada\n");
    ApiSettings settings =
        ApiSettings.of(new ListenAddress("127.0.0.1", 0), Optional.of(ApiKeys.read(file)));
    try (TestServer server = TestServer.of(settings, TestServer.model())) {
      String body = TestServer.chat() + " ".repeat(3_000_000);
      assertThat(server.post("/v1/chat/completions", body).statusCode()).isEqualTo(401);
      assertThat(server.post("/nothing", body).statusCode()).isEqualTo(401);
    }
  }

  private static int withKey(TestServer server, String authorization) {
    return server
        .send(server.to("/v1/models").header("Authorization", authorization).build())
        .statusCode();
  }

  @Test
  void aBadKeysFileIsOneLineWithoutItsContent(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("keys");
    Files.writeString(file, hash("x") + " ok\nsecret-in-plain\n");
    assertThatThrownBy(() -> ApiKeys.read(file))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("line 2")
        .hasMessageNotContaining("secret");
    Files.writeString(file, "# nothing\n");
    assertThatThrownBy(() -> ApiKeys.read(file)).hasMessageContaining("holds no key");
    assertThatThrownBy(() -> ApiKeys.read(folder.resolve("missing")))
        .isInstanceOf(FolkmootException.class)
        .hasMessageContaining("cannot be read");
    Files.write(file, new byte[] {(byte) 0xC3, '\n'});
    assertThatThrownBy(() -> ApiKeys.read(file)).isInstanceOf(FolkmootException.class);
    Files.write(file, new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> ApiKeys.read(file)).hasMessageContaining("larger");
  }

  @Test
  void theNetworkNeedsKeys() {
    for (String host : List.of("0.0.0.0", "::")) {
      assertThatThrownBy(() -> ApiSettings.of(new ListenAddress(host, 0), Optional.empty()))
          .isInstanceOf(FolkmootException.class)
          .hasMessageContaining("keys");
    }
  }

  @Test
  void addresses() {
    assertThat(ListenAddress.parse("127.0.0.1:7411")).isEqualTo(ListenAddress.DEFAULT);
    assertThat(ListenAddress.parse(":0")).isEqualTo(new ListenAddress("127.0.0.1", 0));
    assertThat(ListenAddress.parse("[::1]:80").host()).isEqualTo("::1");
    assertThat(ListenAddress.parse("[::1]:80")).hasToString("[::1]:80");
    assertThat(ListenAddress.parse("[::1]:80").isLoopback()).isTrue();
    for (String wrong : List.of("", "x", "x:", "x:y", "x:65536", "::1:80", "x:-1", "7411")) {
      assertThatThrownBy(() -> ListenAddress.parse(wrong)).isInstanceOf(FolkmootException.class);
    }
  }

  private static String hash(String key) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(sha.digest(key.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
