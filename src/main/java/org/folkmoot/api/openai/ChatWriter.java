package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Writes {@code chat.completion} and {@code chat.completion.chunk} objects. */
public record ChatWriter(Head head) implements AnswerWriter {
  @Override
  public Optional<byte[]> opening(int choice) {
    return Optional.of(
        chunk(
            choice,
            delta -> {
              delta.writeStringField("role", "assistant");
              delta.writeStringField("content", "");
            },
            Optional.empty()));
  }

  @Override
  public byte[] thought(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    return chunk(choice, delta -> delta.writeStringField("reasoning_content", text), logprobs);
  }

  @Override
  public byte[] piece(int choice, String text, Optional<List<TokenLogprob>> logprobs) {
    return chunk(choice, delta -> delta.writeStringField("content", text), logprobs);
  }

  private byte[] chunk(int choice, Json.Body delta, Optional<List<TokenLogprob>> logprobs) {
    return Json.object(json -> {
      Shared.head(json, head, "chat.completion.chunk");
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", choice);
      Json.object(json, "delta", delta);
      logprobs(json, logprobs);
      json.writeNullField("finish_reason");
      json.writeEndObject();
      json.writeEndArray();
      Shared.noUsage(json, head);
    });
  }

  @Override
  public byte[] ending(int choice, FinishReason reason, Optional<Provenance> provenance) {
    return Json.object(json -> {
      Shared.head(json, head, "chat.completion.chunk");
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", choice);
      Json.object(json, "delta", delta -> {});
      json.writeNullField("logprobs");
      json.writeStringField("finish_reason", reason.text());
      json.writeEndObject();
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
      Shared.head(json, head, "chat.completion.chunk");
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      Shared.usage(json, tokens);
      Shared.folkmoot(json, head, provenance);
    });
  }

  @Override
  public byte[] whole(List<Answer> answers, Tokens tokens, Provenance provenance) {
    return Json.object(json -> {
      Shared.head(json, head, "chat.completion");
      json.writeArrayFieldStart("choices");
      for (int i = 0; i < answers.size(); i++) {
        choice(json, i, answers.get(i));
      }
      json.writeEndArray();
      Shared.usage(json, tokens);
      Shared.folkmoot(json, head, provenance);
    });
  }

  private static void choice(JsonGenerator json, int index, Answer answer) throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", index);
    Json.object(
        json,
        "message",
        message -> {
          message.writeStringField("role", "assistant");
          if (!answer.thought().isEmpty()) {
            message.writeStringField("reasoning_content", answer.thought());
          }
          message.writeStringField("content", answer.text());
          message.writeNullField("refusal");
        });
    logprobs(json, answer.logprobs());
    json.writeStringField("finish_reason", answer.reason().text());
    json.writeEndObject();
  }

  private static void logprobs(JsonGenerator json, Optional<List<TokenLogprob>> logprobs)
      throws IOException {
    if (logprobs.isEmpty()) {
      json.writeNullField("logprobs");
      return;
    }
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("content");
    for (TokenLogprob token : logprobs.get()) {
      json.writeStartObject();
      token(json, token);
      json.writeArrayFieldStart("top_logprobs");
      for (TokenLogprob other : token.top()) {
        json.writeStartObject();
        token(json, other);
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNullField("refusal");
    json.writeEndObject();
  }

  private static void token(JsonGenerator json, TokenLogprob token) throws IOException {
    json.writeStringField("token", token.token());
    json.writeFieldName("logprob");
    Json.logprob(json, token.logprob());
    if (token.bytes().length == 0) {
      json.writeNullField("bytes");
      return;
    }
    json.writeArrayFieldStart("bytes");
    for (byte b : token.bytes()) {
      json.writeNumber(Byte.toUnsignedInt(b));
    }
    json.writeEndArray();
  }
}
