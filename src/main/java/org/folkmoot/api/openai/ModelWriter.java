package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.List;

/** Writes {@code model} objects and lists of them. */
public final class ModelWriter {
  private ModelWriter() {}

  /**
   * A model as OpenAI lists it.
   *
   * @param name what a request's {@code model} says
   * @param created seconds since 1970 at which it came to this node
   * @param owner who made it, as far as known
   */
  public record Model(String name, long created, String owner) {}

  /** One model. */
  public static byte[] one(Model model) {
    return Json.object(json -> fields(json, model));
  }

  /** A list. */
  public static byte[] list(List<Model> models) {
    return Json.object(json -> {
      json.writeStringField("object", "list");
      json.writeArrayFieldStart("data");
      for (Model model : models) {
        json.writeStartObject();
        fields(json, model);
        json.writeEndObject();
      }
      json.writeEndArray();
    });
  }

  private static void fields(JsonGenerator json, Model model) throws IOException {
    json.writeStringField("id", model.name());
    json.writeStringField("object", "model");
    json.writeNumberField("created", model.created());
    json.writeStringField("owned_by", model.owner());
  }
}
