package org.folkmoot.store;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web server on loopback that does with each request what a test says. */
final class LoopbackServer implements AutoCloseable {
  /** What to do with a request. */
  interface Answer {
    void to(HttpExchange exchange) throws IOException, InterruptedException;
  }

  /** The Range headers in the order of the requests, {@code ""} for none. */
  final List<String> ranges = new CopyOnWriteArrayList<>();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  LoopbackServer(Answer answer) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext(
        "/",
        exchange -> {
          String range = exchange.getRequestHeaders().getFirst("Range");
          ranges.add(range == null ? "" : range);
          try (exchange) {
            answer.to(exchange);
          } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
          }
        });
    server.start();
  }

  String url(String path) {
    return "http://127.0.0.1:" + server.getAddress().getPort() + path;
  }

  /** Serves bytes as a good server does: with ranges and an ETag. */
  static Answer good(byte[] bytes) {
    return exchange -> {
      int from = from(exchange);
      exchange.getResponseHeaders().set("ETag", "\"" + TestStore.sha256(bytes) + "\"");
      String condition = exchange.getRequestHeaders().getFirst("If-Range");
      boolean same =
          condition == null || condition.equals(exchange.getResponseHeaders().getFirst("ETag"));
      if (from == 0 || !same) {
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
      } else if (from >= bytes.length) {
        exchange.sendResponseHeaders(416, -1);
      } else {
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
        exchange.sendResponseHeaders(206, bytes.length - from);
        exchange.getResponseBody().write(bytes, from, bytes.length - from);
      }
    };
  }

  /** Promises all bytes from where it was asked, sends some, and hangs up. */
  static Answer breakingAfter(int sent, byte[] bytes) {
    return exchange -> {
      int from = from(exchange);
      if (from > 0) {
        exchange
            .getResponseHeaders()
            .set("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
      }
      exchange.getResponseHeaders().set("ETag", "\"" + TestStore.sha256(bytes) + "\"");
      exchange.sendResponseHeaders(from > 0 ? 206 : 200, bytes.length - from);
      exchange.getResponseBody().write(bytes, from, Math.min(sent, bytes.length - from));
      exchange.getResponseBody().flush();
    };
  }

  static Answer status(int status) {
    return exchange -> exchange.sendResponseHeaders(status, -1);
  }

  static Answer redirect(String location) {
    return exchange -> {
      exchange.getResponseHeaders().set("Location", location);
      exchange.sendResponseHeaders(302, -1);
    };
  }

  private static int from(HttpExchange exchange) {
    String range = exchange.getRequestHeaders().getFirst("Range");
    return range == null ? 0 : Integer.parseInt(range.replaceAll("\\D", ""));
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
