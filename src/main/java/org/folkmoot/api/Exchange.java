package org.folkmoot.api;

import io.helidon.common.buffers.DataReader;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ObjIntConsumer;
import org.folkmoot.api.http.ClientConnection;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ErrorWriter;

/** One request and its response, without Helidon's breadth. */
final class Exchange {
  private static final String JSON = "application/json";
  private static final int COPY_BYTES = 16 << 10;

  private final ServerRequest request;
  private final ServerResponse response;
  private final BodyBudget budget;
  private boolean bodyRead;
  private int status;

  Exchange(ServerRequest request, ServerResponse response, BodyBudget budget) {
    this.request = request;
    this.response = response;
    this.budget = budget;
    bodyRead = !request.content().hasEntity();
  }

  String method() {
    return request.prologue().method().text();
  }

  /** The decoded path. */
  String path() {
    return request.prologue().uriPath().path();
  }

  Optional<String> header(HeaderName name) {
    return request.headers().first(name);
  }

  /** The client's IP address. */
  String address() {
    return request.remotePeer().address() instanceof InetSocketAddress ip
        ? ip.getAddress().getHostAddress()
        : "unknown";
  }

  /** The status that was sent; 0 before. */
  int status() {
    return status;
  }

  /**
   * What {@code parse} makes of the body. After it the request is read, and the client may take its
   * time.
   *
   * @throws ApiException 413 if it is longer than the budget allows for one body, 503 if there is
   *     no room for it now
   */
  <T> T body(Function<byte[], T> parse) {
    int most = budget.largestBody();
    OptionalLong length = request.headers().contentLength();
    if (length.orElse(0) > most) {
      throw tooLong(most);
    }
    try (var _ = budget.take((int) length.orElse(most))) {
      ByteArrayOutputStream body = new ByteArrayOutputStream();
      read((bytes, n) -> body.write(bytes, 0, n), most);
      ClientConnection.current().requestRead();
      return parse.apply(body.toByteArray());
    }
  }

  /** Reads the body to its end, or fails beyond {@code most} bytes. */
  private void read(ObjIntConsumer<byte[]> sink, int most) {
    if (bodyRead) {
      return;
    }
    byte[] buffer = new byte[COPY_BYTES];
    // Not closed: closing asks for more of a body that may never come.
    InputStream in = request.content().inputStream();
    int size = 0;
    for (int n = readSome(in, buffer); n >= 0; n = readSome(in, buffer)) {
      size += n;
      if (size > most) {
        throw tooLong(most);
      }
      sink.accept(buffer, n);
    }
    bodyRead = true;
  }

  /** Reads as Helidon does, with its many exceptions told apart. */
  private static int readSome(InputStream in, byte[] buffer) {
    try {
      return in.read(buffer);
    } catch (CloseConnectionException e) {
      throw e;
    } catch (IOException | DataReader.InsufficientDataAvailableException e) {
      throw new CloseConnectionException("the request ended early", e);
    } catch (RequestException e) {
      throw brokenFraming(e.status().code());
    } catch (RuntimeException e) {
      throw brokenFraming(400); // Among them a NumberFormatException for the length of a chunk.
    }
  }

  private static ApiException brokenFraming(int status) {
    return ApiException.refused(status, "http_error", "the body is not framed as HTTP frames it");
  }

  /**
   * Lets an unwanted body pass by. Closing a socket with unread bytes resets it, and a reset can
   * overtake the refusal on its way to the client.
   */
  private void discard() {
    OptionalLong length = request.headers().contentLength();
    boolean unsent = request.headers().containsToken(HeaderValues.EXPECT_100);
    if (bodyRead || unsent || length.isEmpty()) {
      return; // The header line of a chunk has no bound in Helidon, so chunks are not read here.
    }
    if (length.getAsLong() <= ClientConnection.MAX_DISCARDED_BYTES) {
      ClientConnection.current().discarding();
      read((bytes, n) -> {}, ClientConnection.MAX_DISCARDED_BYTES);
    }
  }

  private static ApiException tooLong(int most) {
    return ApiException.refused(
        413, "body_too_large", "the body is longer than " + most + " bytes: send less");
  }

  void set(HeaderName name, String value) {
    response.header(name, value);
  }

  void sendJson(int status, byte[] json) {
    send(status, JSON, json);
  }

  void send(int status, String contentType, byte[] body) {
    this.status = status;
    response.status(Status.create(status));
    response.header(HeaderNames.CONTENT_TYPE, contentType);
    response.header(HeaderValues.create(HeaderNames.create("X-Content-Type-Options"), "nosniff"));
    response.send(body);
  }

  /** A response without a body. */
  void sendEmpty(int status) {
    this.status = status;
    response.status(Status.create(status));
    response.send();
  }

  void sendError(ApiException error) {
    error.retrySeconds().ifPresent(s -> set(HeaderNames.RETRY_AFTER, Integer.toString(s)));
    if (error.status() == 401) {
      set(HeaderNames.WWW_AUTHENTICATE, "Bearer");
    }
    discard();
    if (!bodyRead) {
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    sendJson(error.status(), ErrorWriter.write(error));
  }

  /** Says that the handler is through with it, whatever came of it. */
  void end() {
    ClientConnection connection = ClientConnection.current();
    connection.requestRead();
    // Helidon says so in its response, and then goes on to read what it takes for a request.
    if (!bodyRead || request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
      connection.closeAfterAnswer();
    }
  }

  /** Opens a stream of server-sent events. */
  EventStream openEvents() {
    status = 200;
    response.status(Status.OK_200);
    response.header(HeaderNames.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    return new EventStream(response.outputStream());
  }
}
