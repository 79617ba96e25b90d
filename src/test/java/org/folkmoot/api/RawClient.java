package org.folkmoot.api;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/** A client that sends whatever bytes a test wants, and reads what comes. */
final class RawClient implements AutoCloseable {
  /** Long enough for any loaded machine; a passing test never waits for it. */
  private static final int PATIENCE_MILLIS = 60_000;

  /** How long to look for the end of a connection before the clock is moved on. */
  private static final int GLANCE_MILLIS = 50;

  private final TestServer server;
  private final Socket socket = new Socket();
  private final InputStream in;

  RawClient(TestServer server) throws IOException {
    this(server, 0);
  }

  /** With a small receive buffer, so that little is in flight. */
  RawClient(TestServer server, int receiveBuffer) throws IOException {
    this.server = server;
    if (receiveBuffer > 0) {
      socket.setReceiveBufferSize(receiveBuffer);
    }
    socket.setSoTimeout(PATIENCE_MILLIS);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
    in = socket.getInputStream();
  }

  record Response(int status, String head, String body) {}

  void send(String text) throws IOException {
    send(text.getBytes(StandardCharsets.UTF_8));
  }

  void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  /** A POST with its length. */
  void post(String path, String body) throws IOException {
    send(head(path, body.getBytes(StandardCharsets.UTF_8).length) + body);
  }

  String head(String path, long length) {
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        + length
        + "\r\n\r\n";
  }

  /** Reads one response with a length. */
  Response readResponse() throws IOException {
    String head = readUntil("\r\n\r\n");
    int length = 0;
    for (String line : head.split("\r\n")) {
      if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
        length = Integer.parseInt(line.substring(line.indexOf(':') + 1).strip());
      }
    }
    byte[] body = in.readNBytes(length);
    return new Response(
        Integer.parseInt(head.split(" ")[1]), head, new String(body, StandardCharsets.UTF_8));
  }

  /** Reads up to and including some text. */
  String readUntil(String end) throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    while (!read.toString(StandardCharsets.ISO_8859_1).endsWith(end)) {
      int next = in.read();
      if (next < 0) {
        throw new EOFException("after: " + read.toString(StandardCharsets.UTF_8));
      }
      read.write(next);
    }
    return read.toString(StandardCharsets.UTF_8);
  }

  /** Whether the connection ends, its clock standing still; what comes before is dropped. */
  boolean ends() throws IOException {
    try {
      while (in.read() >= 0) {}
      return true;
    } catch (SocketException reset) {
      return true;
    }
  }

  /** Waits for the connection's end while the server's clock runs fast. */
  void awaitCut(long stepNanos) throws IOException {
    socket.setSoTimeout(GLANCE_MILLIS);
    for (int i = 0; i < PATIENCE_MILLIS / GLANCE_MILLIS; i++) {
      server.nanos.addAndGet(stepNanos);
      server.server.cutOverdueConnections();
      try {
        if (ends()) {
          return;
        }
      } catch (SocketTimeoutException e) {
        // Not yet.
      }
    }
    throw new AssertionError("the connection is still open");
  }

  /** Says that nothing more will be sent, but goes on reading. */
  void halfClose() throws IOException {
    socket.shutdownOutput();
  }

  /** Leaves in the usual way. */
  void leave() throws IOException {
    socket.close();
  }

  /** Leaves without a goodbye: the other side sees a reset. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
