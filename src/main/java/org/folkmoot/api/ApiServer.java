package org.folkmoot.api;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.BUSY;

import io.helidon.common.socket.SocketOptions;
import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.folkmoot.api.http.ClientConnection;
import org.folkmoot.api.http.ConnectionGuard;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ErrorWriter;
import org.folkmoot.base.FolkmootException;

/** OpenAI's API over HTTP/1.1, on one address. */
public final class ApiServer implements AutoCloseable {
  /** How often overdue connections are cut; their limits are tens of seconds. */
  private static final Duration SWEEP = Duration.ofSeconds(1);

  /** Ours decide when a connection has idled enough, and never during an answer. */
  private static final Duration NEVER = Duration.ofDays(365);

  /**
   * Helidon's loggers. Its notes and warnings are about single requests, which are ours to tell;
   * why it cannot start, we find out ourselves. Held here, for a logger that nobody holds loses its
   * level.
   */
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  private static final Logger HELIDON_START = Logger.getLogger("io.helidon.webserver.LoomServer");

  private final WebServer web;
  private final ListenAddress address;
  private final ActiveAnswers answers;
  private final ApiSettings.Stopping stopping;
  private final ConnectionGuard guard;
  private final Thread sweeper;

  private ApiServer(
      WebServer web, ApiSettings settings, ActiveAnswers answers, ConnectionGuard guard) {
    this.web = web;
    this.answers = answers;
    this.guard = guard;
    stopping = settings.stopping();
    address = new ListenAddress(settings.address().host(), web.port());
    sweeper = Thread.ofVirtual().name("folkmoot-http-sweep").start(this::sweep);
  }

  /**
   * Listens and serves.
   *
   * @throws FolkmootException BUSY if the port is taken; BAD_REQUEST if it cannot be listened on
   */
  public static ApiServer start(
      ApiSettings settings, ModelProvider models, ApiEnvironment environment) {
    HELIDON.setLevel(Level.SEVERE);
    HELIDON_START.setLevel(Level.OFF);
    ConnectionGuard guard = new ConnectionGuard(settings.connections(), environment.nanos());
    ActiveAnswers answers = new ActiveAnswers();
    Service service =
        new Service(
            models,
            environment,
            new FairGate(settings.turns()),
            answers,
            new BodyBudget(settings.connections().bodyBytes()),
            new Metrics());
    Router router =
        new Router(
            service, new AccessPolicy(settings), new NodeEndpoint(service, guard::openConnections));
    WebServer web = webServer(settings, guard, router).start();
    if (!web.isRunning()) {
      throw cannotListen(settings.address());
    }
    return new ApiServer(web, settings, answers, guard);
  }

  private static WebServer webServer(ApiSettings settings, ConnectionGuard guard, Router router) {
    ListenAddress address = settings.address();
    return WebServer.builder()
        .bindAddress(new InetSocketAddress(address.resolve(), address.port()))
        .protocolsDiscoverServices(false)
        .featuresDiscoverServices(false)
        .addConnectionSelector(guard)
        .maxTcpConnections(settings.connections().connections())
        .maxPayloadSize((long) ClientConnection.MAX_DISCARDED_BYTES)
        .connectionOptions(SocketOptions.builder().tcpNoDelay(true).build())
        // Each event is written whole and must leave at once.
        .writeBufferSize(0)
        .idleConnectionTimeout(NEVER)
        .idleConnectionPeriod(NEVER)
        .shutdownGracePeriod(settings.stopping().close())
        .shutdownHook(false)
        .directHandlers(refusals())
        .routing(HttpRouting.builder().any(router))
        .build();
  }

  /** Helidon's own refusals, of what is no proper HTTP, in OpenAI's shape. */
  private static DirectHandlers refusals() {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      handlers.addHandler(
          type,
          (request, event, status, headers, message) ->
              DirectHandler.TransportResponse.builder()
                  .status(status)
                  .headers(headers)
                  .keepAlive(false)
                  .header(HeaderNames.CONTENT_TYPE, "application/json")
                  .entity(ErrorWriter.write(refusal(status)))
                  .build());
    }
    return handlers.build();
  }

  private static ApiException refusal(Status status) {
    String message =
        switch (status.code()) {
          case 413 -> "the body is too long";
          case 414 -> "the path is too long";
          case 505 -> "this server speaks HTTP/1.1 only";
          default -> "this is no HTTP request that the server understands, or its head is too long";
        };
    return ApiException.refused(status.code(), "http_error", message);
  }

  /** Finds out what the system has against the address. */
  private static FolkmootException cannotListen(ListenAddress address) {
    try (ServerSocket probe = new ServerSocket()) {
      probe.bind(new InetSocketAddress(address.resolve(), address.port()));
    } catch (IOException e) {
      boolean taken = String.valueOf(e.getMessage()).contains("in use");
      String problem =
          taken
              ? address + " is in use, perhaps by another folkmoot: choose another with --http"
              : "cannot listen on " + address + " (" + e.getMessage() + "): choose another address";
      return new FolkmootException(taken ? BUSY : BAD_REQUEST, problem, e);
    }
    return new FolkmootException(BUSY, address + " was in use a moment ago: try again");
  }

  private void sweep() {
    try {
      while (true) {
        Thread.sleep(SWEEP);
        cutOverdueConnections();
      }
    } catch (InterruptedException e) {
      // The server has stopped.
    }
  }

  /** Closes the connections that have used up their time; the server does so every second. */
  void cutOverdueConnections() {
    guard.cutOverdue();
  }

  /** Where it listens, with the actual port. */
  public ListenAddress address() {
    return address;
  }

  /**
   * Stops, with the usual settings within five seconds: takes no new requests, lets running answers
   * end for a while, ends the others with an error that says why, closes all connections. Safe to
   * call twice.
   */
  public void stop() {
    answers.stop();
    answers.awaitNone(stopping.grace());
    answers.cancelAll();
    answers.awaitNone(stopping.farewell());
    web.stop();
    sweeper.interrupt();
  }

  @Override
  public void close() {
    stop();
  }
}
