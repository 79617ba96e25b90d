package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Writes {@code text_completion} objects, whole or as a stream's chunks. */
public record CompletionWriter(Head head) implements AnswerWriter {
  private static final String OBJECT = "text_completion";

  @Override
  public Optional<byte[]> opening(int choice) {
    return Optional.empty();
  }

  @Override
  public byte[] piece(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    return chunk(choice, text, logprobs, Optional.empty(), Optional.empty());
  }

  @Override
  public byte[] ending(int choice, FinishReason reason, Optional<Provenance> provenance) {
    return chunk(choice, "", Optional.empty(), Optional.of(reason), provenance);
  }

  private byte[] chunk(
      int choice,
      String text,
      Optional<List<TokenLogprob>> logprobs,
      Optional<FinishReason> reason,
      Optional<Provenance> provenance) {
    return Json.object(json -> {
      Shared.head(json, head, OBJECT);
      json.writeArrayFieldStart("choices");
      choice(json, choice, text, logprobs, reason);
      json.writeEndArray();
      Shared.noUsage(json, head);
      if (provenance.isPresent()) {
        Shared.folkmoot(json, head, provenance.get());
      }
    });
  }

  @Override
  public byte[] usage(Tokens tokens, Provenance provenance) {
    return Json.object(json -> {
      Shared.head(json, head, OBJECT);
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      Shared.usage(json, tokens);
      Shared.folkmoot(json, head, provenance);
    });
  }

  @Override
  public byte[] whole(List<Answer> answers, Tokens tokens, Provenance provenance) {
    return Json.object(json -> {
      Shared.head(json, head, OBJECT);
      json.writeArrayFieldStart("choices");
      for (int i = 0; i < answers.size(); i++) {
        Answer answer = answers.get(i);
        choice(json, i, answer.text(), answer.logprobs(), Optional.of(answer.reason()));
      }
      json.writeEndArray();
      Shared.usage(json, tokens);
      Shared.folkmoot(json, head, provenance);
    });
  }

  private static void choice(
      JsonGenerator json,
      int index,
      String text,
      Optional<List<TokenLogprob>> logprobs,
      Optional<FinishReason> reason)
      throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", index);
    json.writeStringField("text", text);
    if (logprobs.isPresent()) {
      Json.object(json, "logprobs", legacy -> columns(legacy, logprobs.get()));
    } else {
      json.writeNullField("logprobs");
    }
    json.writeStringField("finish_reason", reason.map(FinishReason::text).orElse(null));
    json.writeEndObject();
  }

  /** The legacy shape: not a list of tokens but a list per column. */
  private static void columns(JsonGenerator json, List<TokenLogprob> tokens) throws IOException {
    json.writeArrayFieldStart("tokens");
    for (TokenLogprob token : tokens) {
      json.writeString(token.token());
    }
    json.writeEndArray();
    json.writeArrayFieldStart("token_logprobs");
    for (TokenLogprob token : tokens) {
      Json.logprob(json, token.logprob());
    }
    json.writeEndArray();
    json.writeArrayFieldStart("top_logprobs");
    for (TokenLogprob token : tokens) {
      top(json, token);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("text_offset");
    for (TokenLogprob token : tokens) {
      json.writeNumber(token.offset());
    }
    json.writeEndArray();
  }

  /** The likeliest tokens, and the chosen one if it is not among them. */
  private static void top(JsonGenerator json, TokenLogprob token) throws IOException {
    // Two ids can have one spelling; an object's keys cannot, so the likelier one stands.
    Set<String> written = new HashSet<>();
    json.writeStartObject();
    for (TokenLogprob other : token.top()) {
      if (written.add(other.token())) {
        json.writeFieldName(other.token());
        Json.logprob(json, other.logprob());
      }
    }
    if (written.add(token.token())) {
      json.writeFieldName(token.token());
      Json.logprob(json, token.logprob());
    }
    json.writeEndObject();
  }
}
