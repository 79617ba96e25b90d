package org.folkmoot.api.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.http.HttpLogConfig;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * Puts every connection under {@link ClientConnection}'s guard, and Helidon's HTTP/1.1 on top.
 *
 * <p>Helidon's own read timeout does not apply to its NIO sockets, it has none for writes, and none
 * for a request as a whole; and it does not tell when a client leaves. So its parser reads and
 * writes through the guard, and {@link #cutOverdue} is called about once a second.
 */
public final class ConnectionGuard implements ServerConnectionSelector {
  /** Model names and queries are short; 4 KiB of request line are plenty. */
  private static final int MAX_REQUEST_LINE = 4096;

  private final ConnectionLimits limits;
  private final LongSupplier nanos;
  private final Http1ConnectionSelector http1;
  private final Set<ClientConnection> open = ConcurrentHashMap.newKeySet();

  /**
   * A guard.
   *
   * @param nanos a clock in nanoseconds with any origin
   */
  public ConnectionGuard(ConnectionLimits limits, LongSupplier nanos) {
    long origin = nanos.getAsLong();
    this.limits = limits;
    this.nanos = () -> nanos.getAsLong() - origin;
    Http1Config config =
        Http1Config.builder()
            .maxPrologueLength(MAX_REQUEST_LINE)
            .maxHeadersSize(limits.headerBytes())
            // These would log requests and answers, bodies included, at a debug level.
            .log(HttpLogConfig.builder().sendLog(false).receiveLog(false).build())
            .build();
    http1 = Http1ConnectionSelector.builder().config(config).build();
  }

  /** Cuts every connection that has used up its time. */
  public void cutOverdue() {
    open.stream().filter(ClientConnection::isOverdue).forEach(ClientConnection::cut);
  }

  /** How many connections are open. */
  public int openConnections() {
    return open.size();
  }

  @Override
  public int bytesToIdentifyConnection() {
    return http1.bytesToIdentifyConnection();
  }

  @Override
  public Support supports(BufferData data) {
    return http1.supports(data);
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return http1.supportedApplicationProtocols();
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    ClientConnection client = new ClientConnection(context.serverSocket(), limits, nanos);
    return new Guarded(client, http1.connection(new GuardedContext(context, client)));
  }

  /** Helidon's connection, known to the guard while it is served. */
  private final class Guarded implements ServerConnection, InterruptableTask<Void> {
    private final ClientConnection client;
    private final ServerConnection http;

    Guarded(ClientConnection client, ServerConnection http) {
      this.client = client;
      this.http = http;
      client.closesBy(() -> http.close(false));
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
      open.add(client);
      try {
        ScopedValue.where(ClientConnection.CURRENT, client)
            .call(() -> {
              http.handle(limit);
              return null;
            });
      } finally {
        open.remove(client);
      }
    }

    @Override
    public boolean canInterrupt() {
      return http instanceof InterruptableTask<?> task && task.canInterrupt();
    }

    @Override
    public Duration idleTime() {
      return http.idleTime();
    }

    @Override
    public void close(boolean interrupt) {
      http.close(interrupt);
    }
  }
}
