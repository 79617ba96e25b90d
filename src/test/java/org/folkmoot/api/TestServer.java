package org.folkmoot.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.folkmoot.api.ApiSettings.Stopping;
import org.folkmoot.api.ApiSettings.TurnLimits;
import org.folkmoot.api.http.ConnectionLimits;
import org.folkmoot.base.Hash32;
import org.folkmoot.peer.SeededRandom;
import org.folkmoot.session.LanguageModel;
import org.folkmoot.session.Notary;
import org.folkmoot.testing.Eventually;

/** A server on a free port, whose clock stands still until a test moves it. */
final class TestServer implements AutoCloseable {
  static final String MODEL = "smollm2:135m";
  static final long NOW = 1_750_000_000;

  private static final ObjectMapper JSON = new ObjectMapper();

  final AtomicLong nanos = new AtomicLong();
  final FakeProvider provider;
  final ApiServer server;
  final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private final AtomicLong random = new AtomicLong(42);

  private TestServer(ApiSettings settings, Optional<Policy> policy, LanguageModel... models) {
    this(settings, () -> policy, models);
  }

  /** A server whose policy may be another each time. */
  TestServer(ApiSettings settings, Supplier<Optional<Policy>> policy, LanguageModel... models) {
    provider = new FakeProvider(models);
    ApiEnvironment environment =
        new ApiEnvironment(
            () -> Instant.ofEpochSecond(NOW),
            nanos::get,
            random::getAndIncrement,
            notary(),
            policy);
    server = ApiServer.start(settings, provider, environment);
  }

  /** Draws another salt each time, the same ones in each test. */
  private static Notary notary() {
    RandomGenerator salts = new SplittableRandom(7);
    return new Notary(
        SeededRandom.identity(1),
        () -> Instant.ofEpochSecond(NOW),
        () -> {
          byte[] bytes = new byte[Hash32.BYTES];
          salts.nextBytes(bytes);
          return Hash32.of(bytes);
        },
        List.of());
  }

  static TestServer of(LanguageModel... models) {
    return new TestServer(settings(TurnLimits.ALONE), Optional.empty(), models);
  }

  static TestServer of(ApiSettings settings, LanguageModel... models) {
    return new TestServer(settings, Optional.empty(), models);
  }

  static TestServer of(Policy policy, LanguageModel... models) {
    return new TestServer(settings(TurnLimits.ALONE), Optional.of(policy), models);
  }

  static ApiEnvironment environment() {
    AtomicLong random = new AtomicLong(42);
    return new ApiEnvironment(
        () -> Instant.ofEpochSecond(NOW),
        System::nanoTime,
        random::getAndIncrement,
        notary(),
        Optional.empty());
  }

  static FakeModel model() {
    return new FakeModel(MODEL, 512);
  }

  static ApiSettings settings(TurnLimits turns) {
    return settings(
        turns, new Stopping(Duration.ZERO, Stopping.USUAL.farewell(), Stopping.USUAL.close()));
  }

  static ApiSettings settings(TurnLimits turns, Stopping stopping) {
    return new ApiSettings(
        new ListenAddress("127.0.0.1", 0),
        Optional.empty(),
        Set.of(),
        ConnectionLimits.DEFAULT,
        turns,
        stopping);
  }

  int port() {
    return server.address().port();
  }

  URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port() + path);
  }

  HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(uri(path));
  }

  HttpResponse<String> get(String path) {
    return send(to(path).build());
  }

  HttpResponse<String> post(String path, String body) {
    return send(
        to(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  HttpResponse<String> send(HttpRequest request) {
    try {
      return client.send(request, HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static JsonNode json(HttpResponse<String> response) {
    return json(response.body());
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The data of each event of a stream; fails if it is not made of such events. */
  static List<String> events(String stream) {
    return stream
        .lines()
        .filter(line -> !line.isEmpty())
        .map(line -> {
          if (!line.startsWith("data: ")) {
            throw new AssertionError("no event: " + line);
          }
          return line.substring("data: ".length());
        })
        .toList();
  }

  /** A body with a model, a conversation and further fields, for example {@code "n": 2}. */
  static String chat(String... fields) {
    return """
    {"model": "%s", "messages": [{"role": "user", "content": "Why is the sky blue?"}]%s}\
    """
        .formatted(MODEL, more(fields));
  }

  static String completion(String prompt, String... fields) {
    return "{\"model\": \"" + MODEL + "\", \"prompt\": " + prompt + more(fields) + "}";
  }

  private static String more(String... fields) {
    return fields.length == 0 ? "" : ", " + String.join(", ", fields);
  }

  @Override
  public void close() {
    client.shutdownNow(); // after a failure, requests may wait for what does not come
    server.close();
    // An answer that was sent gives its model back a moment later.
    if (!Eventually.holds(() -> provider.leases() == 0)) {
      throw new AssertionError(provider.leases() + " models are still in use");
    }
  }
}
