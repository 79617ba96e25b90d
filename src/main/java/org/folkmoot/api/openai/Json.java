package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Writing JSON to bytes. */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  private Json() {}

  /** Something that writes a part of a document. */
  interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  /** The bytes of an object with the fields that {@code fields} writes. */
  static byte[] object(Body fields) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = FACTORY.createGenerator(bytes)) {
      json.writeStartObject();
      fields.write(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("a byte array took no more bytes", e);
    }
    return bytes.toByteArray();
  }

  /** A field that is an object. */
  static void object(JsonGenerator json, String name, Body fields) throws IOException {
    json.writeObjectFieldStart(name);
    fields.write(json);
    json.writeEndObject();
  }

  /** JSON has no infinities; OpenAI writes -9999 for a probability of nothing. */
  static void logprob(JsonGenerator json, float logprob) throws IOException {
    json.writeNumber(Float.isFinite(logprob) ? logprob : -9999.0f);
  }
}
