package org.folkmoot.api;

import java.util.Comparator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.IntSupplier;

/**
 * What the server counts, in Prometheus' text format 0.0.4. Labels come from our own tables only,
 * so strangers cannot make them grow.
 */
final class Metrics {
  static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

  private record Served(String route, int status) {}

  private final Map<Served, LongAdder> requests = new ConcurrentHashMap<>();
  private final LongAdder promptTokens = new LongAdder();
  private final LongAdder generatedTokens = new LongAdder();
  private final LongAdder clientsGone = new LongAdder();
  private final Histogram firstToken =
      new Histogram(
          "folkmoot_time_to_first_token_seconds",
          "From a request's arrival to the first token of each of its answers.");
  private final Histogram duration =
      new Histogram(
          "folkmoot_generation_duration_seconds",
          "From a request's arrival to the last token of each of its answers.");

  void request(String route, int status) {
    requests.computeIfAbsent(new Served(route, status), s -> new LongAdder()).increment();
  }

  void firstToken(long nanos) {
    firstToken.record(nanos);
  }

  void answered(long nanos) {
    duration.record(nanos);
  }

  void tokens(int prompt, int generated) {
    promptTokens.add(prompt);
    generatedTokens.add(generated);
  }

  void clientGone() {
    clientsGone.increment();
  }

  /** The whole exposition; gauges are read now. */
  String exposition(IntSupplier active, IntSupplier waiting, IntSupplier connections) {
    StringBuilder out = new StringBuilder(4096);
    header(out, "folkmoot_http_requests_total", "Requests by route and status.", "counter");
    requests.entrySet().stream()
        .sorted(
            Comparator.comparing((Map.Entry<Served, LongAdder> e) -> e.getKey().route())
                .thenComparingInt(e -> e.getKey().status()))
        .forEach(e ->
            out.append("folkmoot_http_requests_total{route=\"")
                .append(e.getKey().route())
                .append("\",status=\"")
                .append(e.getKey().status())
                .append("\"} ")
                .append(e.getValue().sum())
                .append('\n'));
    counter(out, "folkmoot_prompt_tokens_total", "Tokens of prompts.", promptTokens);
    counter(out, "folkmoot_generated_tokens_total", "Tokens generated.", generatedTokens);
    counter(
        out, "folkmoot_clients_gone_total", "Clients that left before their answer.", clientsGone);
    gauge(out, "folkmoot_generations_active", "Answers being generated.", active);
    gauge(out, "folkmoot_generations_waiting", "Answers that wait for a turn.", waiting);
    gauge(out, "folkmoot_connections_open", "Open HTTP connections.", connections);
    firstToken.write(out);
    duration.write(out);
    return out.toString();
  }

  private static void counter(StringBuilder out, String name, String help, LongAdder value) {
    header(out, name, help, "counter");
    out.append(name).append(' ').append(value.sum()).append('\n');
  }

  private static void gauge(StringBuilder out, String name, String help, IntSupplier value) {
    header(out, name, help, "gauge");
    out.append(name).append(' ').append(value.getAsInt()).append('\n');
  }

  static void header(StringBuilder out, String name, String help, String type) {
    out.append("# HELP ").append(name).append(' ').append(help).append('\n');
    out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
  }
}
