package org.folkmoot.api;

import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Optional;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.base.FolkmootException;

/** Every request's way: who calls, what for, and what is said when it fails. */
final class Router implements Handler {
  /** What a client that left before its answer gets in the metrics; nginx's habit. */
  private static final int CLIENT_GONE = 499;

  private final Service service;
  private final AccessPolicy access;
  private final AnswerEndpoint answers;
  private final NodeEndpoint node;
  private final LedgerEndpoint ledger;

  Router(Service service, AccessPolicy access, NodeEndpoint node) {
    this.service = service;
    this.access = access;
    this.node = node;
    answers = new AnswerEndpoint(service);
    ledger = new LedgerEndpoint(service.environment().ledger());
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    long arrivedNanos = service.environment().nanos().getAsLong();
    Exchange exchange = new Exchange(request, response, service.bodies());
    Optional<Route> route = Route.of(exchange.path());
    try {
      serve(exchange, route, arrivedNanos);
    } catch (CloseConnectionException | RequestException e) {
      throw e; // Helidon's own way of ending a connection or refusing what is no HTTP.
    } catch (ApiException e) {
      fail(exchange, e);
    } catch (FolkmootException e) {
      fail(exchange, ApiException.of(e));
    } catch (OutOfMemoryError e) {
      fail(exchange, ApiException.unavailable("no_room", "the server has no memory for this"));
    } catch (RuntimeException | Error e) {
      fail(exchange, ApiException.internal(e));
    } finally {
      exchange.end();
      int status = exchange.status() == 0 ? CLIENT_GONE : exchange.status();
      service.metrics().request(route.map(Route::path).orElse("unknown"), status);
    }
  }

  private static void fail(Exchange exchange, ApiException error) {
    Faults.log(error);
    exchange.sendError(error);
  }

  private void serve(Exchange exchange, Optional<Route> known, long arrivedNanos) {
    Optional<String> host = exchange.header(HeaderNames.HOST);
    access.checkHost(host);
    Optional<String> origin = access.checkOrigin(exchange.header(HeaderNames.ORIGIN), host);
    origin.ifPresent(allowed -> {
      exchange.set(HeaderNames.ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
      exchange.set(HeaderNames.VARY, "Origin");
    });
    if (origin.isPresent() && exchange.method().equals("OPTIONS")) {
      preflight(exchange);
      return;
    }
    boolean open = known.filter(Route::isOpen).isPresent();
    Optional<String> authorization = exchange.header(HeaderNames.AUTHORIZATION);
    String client = open ? "" : access.client(authorization, exchange.address());
    Route route =
        known.orElseThrow(
            () -> ApiException.refused(404, "unknown_url", "there is nothing at this path"));
    if (!exchange.method().equals(route.method())) {
      exchange.set(HeaderNames.ALLOW, route.method());
      throw ApiException.refused(
          405, "method_not_allowed", "this path only takes " + route.method());
    }
    switch (route) {
      case MODELS -> node.models(exchange);
      case MODEL -> node.model(exchange, Route.modelIn(exchange.path()));
      case CHAT -> answers.chat(exchange, client, arrivedNanos);
      case COMPLETION -> answers.completion(exchange, client, arrivedNanos);
      case POLICY -> node.policy(exchange);
      case FEED -> ledger.page(exchange, Route.pageIn(exchange.path()));
      case WITNESS -> ledger.addCheckpoint(exchange);
      case HEALTH -> node.health(exchange);
      case METRICS -> node.metrics(exchange);
      case OPENAPI -> node.openApi(exchange);
    }
  }

  /** A browser asks whether a page may send what it wants to send. */
  private static void preflight(Exchange exchange) {
    exchange.set(HeaderNames.ACCESS_CONTROL_ALLOW_METHODS, "GET, POST");
    exchange.set(HeaderNames.ACCESS_CONTROL_ALLOW_HEADERS, "Authorization, Content-Type");
    exchange.set(HeaderNames.ACCESS_CONTROL_MAX_AGE, "600");
    exchange.sendEmpty(204);
  }
}
