package org.folkmoot.api;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import org.folkmoot.api.http.ClientConnection;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ErrorWriter;

/** One request and its response, without Helidon's breadth. */
final class Exchange {
  private static final String JSON = "application/json";
  private static final int COPY_BYTES = 16 << 10;

  private final ServerRequest request;
  private final ServerResponse response;
  private boolean bodyRead;
  private int status;

  Exchange(ServerRequest request, ServerResponse response) {
    this.request = request;
    this.response = response;
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
   * @throws ApiException 413 if it is longer than {@code most} bytes, 503 if {@code budget} has no
   *     room for it now
   */
  <T> T body(int most, BodyBudget budget, Function<byte[], T> parse) {
    OptionalLong length = request.headers().contentLength();
    if (length.orElse(0) > most) {
      if (length.getAsLong() <= ClientConnection.MAX_DISCARDED_BYTES) {
        ClientConnection.current().discarding();
        discard();
      }
      throw tooLong(most);
    }
    try (var _ = budget.take((int) length.orElse(most))) {
      byte[] body = read(most);
      ClientConnection.current().requestRead();
      return parse.apply(body);
    }
  }

  private byte[] read(int most) {
    if (bodyRead) {
      return new byte[0];
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    byte[] buffer = new byte[COPY_BYTES];
    try (InputStream in = request.content().inputStream()) {
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        body.write(buffer, 0, n);
        if (body.size() > most) {
          throw tooLong(most);
        }
      }
    } catch (IOException e) {
      throw new CloseConnectionException("the request ended early", e);
    }
    bodyRead = true;
    return body.toByteArray();
  }

  private void discard() {
    try (InputStream in = request.content().inputStream()) {
      in.transferTo(OutputStream.nullOutputStream());
    } catch (IOException e) {
      throw new CloseConnectionException("the request ended early", e);
    }
    bodyRead = true;
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
    if (!bodyRead) {
      // Helidon would read the rest of the body, and a chunk's header line has no bound there.
      response.header(HeaderValues.CONNECTION_CLOSE);
    }
    sendJson(error.status(), ErrorWriter.write(error));
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
