package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** The parts that chat and text completions share. */
final class Shared {
  private Shared() {}

  static void head(JsonGenerator json, AnswerWriter.Head head, String object) throws IOException {
    json.writeStringField("id", head.id());
    json.writeStringField("object", object);
    json.writeNumberField("created", head.created());
    json.writeStringField("model", head.model());
    // Equal fingerprints, settings and seeds give equal answers: the arithmetic is bit-exact.
    json.writeStringField("system_fingerprint", "sem1-" + head.digest().substring(0, 12));
  }

  static void usage(JsonGenerator json, AnswerWriter.Tokens tokens) throws IOException {
    Json.object(
        json,
        "usage",
        usage -> {
          usage.writeNumberField("prompt_tokens", tokens.prompt());
          usage.writeNumberField("completion_tokens", tokens.generated());
          usage.writeNumberField("total_tokens", tokens.prompt() + tokens.generated());
          Json.object(
              usage,
              "prompt_tokens_details",
              details -> details.writeNumberField("cached_tokens", tokens.cached()));
        });
  }

  /** In a stream that will end with counts, the other chunks say that they have none. */
  static void noUsage(JsonGenerator json, AnswerWriter.Head head) throws IOException {
    if (head.includeUsage()) {
      json.writeNullField("usage");
    }
  }

  /** What this node can truly say about the answers. */
  static void folkmoot(JsonGenerator json, AnswerWriter.Head head, Provenance provenance)
      throws IOException {
    Json.object(json, "folkmoot", facts -> provenance.write(facts, head));
  }
}
