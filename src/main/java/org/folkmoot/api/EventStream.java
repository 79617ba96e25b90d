package org.folkmoot.api;

import io.helidon.webserver.CloseConnectionException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * Server-sent events as OpenAI's clients expect them: {@code data: {…}} and an empty line, each
 * sent at once, and {@code data: [DONE]} at the end. Safe for many threads.
 */
final class EventStream {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  private final OutputStream out;

  EventStream(OutputStream out) {
    this.out = out;
  }

  /**
   * Sends one event; waits for a client that does not read, until the connection's write limit.
   *
   * @throws CloseConnectionException if the client is gone
   */
  synchronized void send(byte[] json) {
    ByteArrayOutputStream event = new ByteArrayOutputStream(json.length + 8);
    event.writeBytes(DATA);
    event.writeBytes(json);
    event.write('\n');
    event.write('\n');
    try {
      out.write(event.toByteArray());
      out.flush();
    } catch (IOException | UncheckedIOException e) {
      throw new CloseConnectionException("the client is gone", e);
    }
  }

  /** Says that all has been sent. */
  void done() {
    send(DONE);
  }

  /** Ends the response. */
  synchronized void close() {
    try {
      out.close();
    } catch (IOException | UncheckedIOException e) {
      throw new CloseConnectionException("the client is gone", e);
    }
  }
}
