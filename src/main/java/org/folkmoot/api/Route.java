package org.folkmoot.api;

import java.util.Arrays;
import java.util.Optional;

/** What the server answers to. */
enum Route {
  MODELS("GET", "/v1/models"),
  MODEL("GET", "/v1/models/{model}"),
  CHAT("POST", "/v1/chat/completions"),
  COMPLETION("POST", "/v1/completions"),
  POLICY("GET", "/v1/policy"),
  FEED("GET", "/ledger/{feed}/{page}"),
  WITNESS("POST", "/witness/add-checkpoint"),
  HEALTH("GET", "/healthz"),
  METRICS("GET", "/metrics"),
  OPENAPI("GET", "/openapi.json");

  private static final String MODEL_PREFIX = MODELS.path + "/";

  private static final String FEED_PREFIX = "/ledger/";

  private final String method;
  private final String path;

  Route(String method, String path) {
    this.method = method;
    this.path = path;
  }

  /** The route of a path. A model's name may hold slashes. */
  static Optional<Route> of(String path) {
    if (path.startsWith(MODEL_PREFIX) && path.length() > MODEL_PREFIX.length()) {
      return Optional.of(MODEL);
    }
    if (path.startsWith(FEED_PREFIX)) {
      return Optional.of(FEED);
    }
    return Arrays.stream(values()).filter(route -> route.path.equals(path)).findFirst();
  }

  /** The model's name in a path of {@link #MODEL}. */
  static String modelIn(String path) {
    return path.substring(MODEL_PREFIX.length());
  }

  /** The feed and its page in a path of {@link #FEED}. */
  static String pageIn(String path) {
    return path.substring(FEED_PREFIX.length());
  }

  /** Whether it is for everybody, with a key or without. */
  boolean isOpen() {
    return switch (this) {
      case HEALTH, FEED, WITNESS -> true;
      case MODELS, MODEL, CHAT, COMPLETION, POLICY, METRICS, OPENAPI -> false;
    };
  }

  String method() {
    return method;
  }

  /** The path, with its parameter in braces. */
  String path() {
    return path;
  }
}
