package org.folkmoot.api.openai;

/**
 * The request's {@code folkmoot} object: who may see the prompt. Today a node answers with its own
 * processor only, so {@code local} is both the default and the only promise that it can keep.
 */
final class Privacy {
  private Privacy() {}

  /** Refuses whatever this node could not honour. */
  static void check(JsonObject body) {
    JsonObject folkmoot = body.object("folkmoot").orElse(null);
    if (folkmoot == null) {
      return;
    }
    switch (folkmoot.text("privacy").orElse("local")) {
      case "local" -> {}
      case "private", "public" ->
          throw ApiException.invalid(
              "folkmoot.privacy",
              "privacy_unavailable",
              "this node answers alone and belongs to no swarm: folkmoot.privacy can only be"
                  + " \"local\"");
      default ->
          throw ApiException.invalid(
              "folkmoot.privacy", "folkmoot.privacy must be local, private or public");
    }
    for (String name : new String[] {"chain", "audit"}) {
      if (folkmoot.value(name).filter(value -> !value.asksForNothing()).isPresent()) {
        throw ApiException.unsupported(
            "folkmoot." + name,
            "folkmoot." + name + " is about other peers, and this node answers alone");
      }
    }
  }
}
