package org.folkmoot.ledger.anchor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.UNREACHABLE;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.folkmoot.base.FolkmootException;

/**
 * Asks an EVM node by JSON-RPC over HTTP, one question at a time, each with a deadline and a bound
 * on the answer.
 */
public final class EvmRpc implements AutoCloseable {
  /** Of an answer: the longest is a contract's code, twice 24,576 digits. */
  static final int MAX_ANSWER_BYTES = 1 << 20;

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(16)
                      .maxStringLength(MAX_ANSWER_BYTES)
                      .build())
              .build());

  private final URI address;
  private final Duration deadline;
  private final HttpClient http;
  private long asked;

  /**
   * A node; nothing is asked yet.
   *
   * @param url where it listens, http or https
   * @param deadline for each answer
   * @throws FolkmootException BAD_REQUEST if that is no such address
   */
  public EvmRpc(String url, Duration deadline) {
    this.address = parse(url);
    this.deadline = deadline;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(deadline)
            .build();
  }

  private static URI parse(String url) {
    try {
      URI parsed = URI.create(url);
      String scheme = String.valueOf(parsed.getScheme());
      if (parsed.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
        return parsed;
      }
    } catch (IllegalArgumentException malformed) {
      // As for any other text.
    }
    throw new FolkmootException(
        BAD_REQUEST, "not the address of a chain's node: write --rpc http://HOST:PORT");
  }

  /** For people: without a path, which may be a key to a hired node. */
  String name() {
    return address.getPort() < 0 ? address.getHost() : address.getHost() + ":" + address.getPort();
  }

  /**
   * Asks one question.
   *
   * @throws Refusal if the node answers with an error
   * @throws FolkmootException UNREACHABLE if no sound answer comes in time
   */
  JsonNode ask(String method, Object... parameters) throws Refusal {
    ObjectNode question = JSON.createObjectNode();
    question.put("jsonrpc", "2.0").put("id", ++asked).put("method", method);
    ArrayNode list = question.putArray("params");
    for (Object parameter : parameters) {
      list.addPOJO(parameter);
    }
    JsonNode answer = parse(method, post(question.toString()));
    if (answer.hasNonNull("error")) {
      throw new Refusal(answer.get("error"));
    }
    if (!answer.has("result")) {
      throw unreachable(method + " was answered by something that is no chain's node", null);
    }
    return answer.get("result");
  }

  /**
   * Sends it, once more where a connection that was kept has been closed meanwhile, as nodes and
   * what stands before them do. All that is asked can be asked twice: a transaction is the same
   * one.
   */
  private byte[] post(String body) {
    try {
      return postOnce(body);
    } catch (FolkmootException failed) {
      boolean closed =
          failed.getCause() instanceof IOException cause
              && !(cause instanceof HttpTimeoutException)
              && !(cause instanceof ConnectException);
      if (!closed) {
        throw failed;
      }
      return postOnce(body);
    }
  }

  private byte[] postOnce(String body) {
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(deadline)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body, UTF_8))
            .build();
    CompletableFuture<HttpResponse<byte[]>> coming =
        http.sendAsync(
            request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES));
    try {
      // The request's own timeout ends with the headers: a body that drips needs this one.
      HttpResponse<byte[]> response = coming.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
      // Some nodes send their errors with status 400 or 500, and a JSON-RPC body.
      boolean redirected = response.statusCode() / 100 == 3;
      if (redirected || response.body().length == 0) {
        throw unreachable("it answers with HTTP status " + response.statusCode(), null);
      }
      return response.body();
    } catch (TimeoutException slow) {
      throw unreachable("no answer within " + deadline.toSeconds() + " s", slow);
    } catch (ExecutionException failed) {
      Throwable cause = failed.getCause() == null ? failed : failed.getCause();
      throw unreachable(reason(cause), cause);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
      throw unreachable("interrupted", stopped);
    } finally {
      coming.cancel(true);
    }
  }

  private String reason(Throwable cause) {
    return switch (cause) {
      case HttpConnectTimeoutException _ -> "no connection within " + deadline.toSeconds() + " s";
      case HttpTimeoutException _ -> "no answer within " + deadline.toSeconds() + " s";
      case ConnectException _ -> "nothing listens there";
      default -> {
        String message = cause.getMessage();
        yield message == null ? cause.getClass().getSimpleName() : message;
      }
    };
  }

  private JsonNode parse(String method, byte[] body) {
    try {
      JsonNode answer = JSON.readTree(body);
      if (answer != null && answer.isObject()) {
        return answer;
      }
    } catch (JsonProcessingException malformed) {
      // As for any other answer that is none.
    } catch (IOException impossible) {
      throw new IllegalStateException("reading from memory", impossible);
    }
    throw unreachable(method + " was answered by something that is no chain's node", null);
  }

  private FolkmootException unreachable(
      String why, @org.jspecify.annotations.Nullable Throwable cause) {
    return new FolkmootException(
        UNREACHABLE,
        "the chain's node at %s: %s; check that it runs, or name another with --rpc"
            .formatted(name(), why),
        cause);
  }

  /** The node's own "no". */
  static final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    /** Characters of a stranger's message that reach ours. */
    private static final int MAX_MESSAGE = 200;

    private final String data;

    Refusal(JsonNode error) {
      super(message(error));
      JsonNode found = error.path("data");
      this.data = found.isTextual() ? found.asText() : found.path("data").asText("");
    }

    private static String message(JsonNode error) {
      String text = error.path("message").asText("no reason given").replaceAll("\\p{Cntrl}", " ");
      return text.length() > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) + "…" : text;
    }

    /** What a contract said when it refused: a selector and its arguments in hexadecimal. */
    String data() {
      return data;
    }
  }

  @Override
  public void close() {
    http.shutdownNow();
  }
}
