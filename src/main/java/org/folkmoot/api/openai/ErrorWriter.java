package org.folkmoot.api.openai;

/** Writes OpenAI's error object. */
public final class ErrorWriter {
  private ErrorWriter() {}

  /** {@code {"error": {"message", "type", "param", "code"}}}. */
  public static byte[] write(ApiException error) {
    return Json.object(json ->
        Json.object(
            json,
            "error",
            fields -> {
              fields.writeStringField("message", error.getMessage());
              fields.writeStringField("type", error.type());
              fields.writeStringField("param", error.param());
              fields.writeStringField("code", error.code());
            }));
  }
}
