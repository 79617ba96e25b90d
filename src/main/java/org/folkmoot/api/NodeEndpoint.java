package org.folkmoot.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.IntSupplier;
import org.folkmoot.api.openai.ApiException;
import org.folkmoot.api.openai.ModelWriter;
import org.folkmoot.base.FolkmootException;

/** What can be asked about the node: its models, its health, its counters, its API. */
final class NodeEndpoint {
  private static final String PLAIN = "text/plain; charset=utf-8";

  private final Service service;
  private final IntSupplier connections;
  private final byte[] openApi;

  NodeEndpoint(Service service, IntSupplier connections) {
    this.service = service;
    this.connections = connections;
    openApi = resource("openapi.json");
  }

  private static byte[] resource(String name) {
    try (InputStream in = NodeEndpoint.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the jar");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void models(Exchange exchange) {
    List<ModelWriter.Model> models =
        service.models().available().stream().map(NodeEndpoint::model).toList();
    exchange.sendJson(200, ModelWriter.list(models));
  }

  void model(Exchange exchange, String name) {
    ModelProvider.Available found =
        service.models().available().stream()
            .filter(model -> model.name().equals(name))
            .findFirst()
            .orElseThrow(() -> unknown(name));
    exchange.sendJson(200, ModelWriter.one(model(found)));
  }

  private FolkmootException unknown(String name) {
    return service.models().unknown(name);
  }

  private static ModelWriter.Model model(ModelProvider.Available model) {
    return new ModelWriter.Model(model.name(), model.created(), model.owner());
  }

  /** The declared policy, byte by byte: its SHA-256 is what receipts name. */
  void policy(Exchange exchange) {
    Policy policy =
        service
            .environment()
            .policy()
            .orElseThrow(() ->
                ApiException.refused(
                    404, "no_policy", "the operator of this node declares no policy"));
    exchange.sendJson(200, policy.bytes());
  }

  void health(Exchange exchange) {
    boolean ready = service.models().ready() && !service.answers().isStopping();
    String text = ready ? "ready\n" : "not ready\n";
    exchange.send(ready ? 200 : 503, PLAIN, text.getBytes(StandardCharsets.UTF_8));
  }

  void metrics(Exchange exchange) {
    String text =
        service.metrics().exposition(service.gate()::active, service.gate()::waiting, connections);
    exchange.send(200, Metrics.CONTENT_TYPE, text.getBytes(StandardCharsets.UTF_8));
  }

  void openApi(Exchange exchange) {
    exchange.sendJson(200, openApi);
  }
}
