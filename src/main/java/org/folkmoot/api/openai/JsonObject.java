package org.folkmoot.api.openai;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A JSON object of a request, read field by field with its type checked: what has another type is a
 * 400 that names the field. A field that is {@code null} counts as absent, as OpenAI has it; fields
 * that nobody asks for are ignored.
 */
final class JsonObject {
  /** OpenAI's requests nest about 6 deep; tool schemas, which are refused anyway, somewhat more. */
  private static final int MAX_DEPTH = 64;

  /** A prompt of ids is one token of JSON per id: this is several contexts of 128 K. */
  private static final int MAX_JSON_TOKENS = 1_000_000;

  /** No number of a request needs more digits. */
  private static final int MAX_NUMBER_LENGTH = 64;

  /** Field names are short; those of a logit bias are token ids. */
  private static final int MAX_NAME_LENGTH = 256;

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxTokenCount(MAX_JSON_TOKENS)
                          .maxNumberLength(MAX_NUMBER_LENGTH)
                          .maxNameLength(MAX_NAME_LENGTH)
                          .build())
                  // Of two fields of one name, two readers may believe different ones.
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  // A table of names that strangers choose would only grow.
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final JsonNode node;
  private final String path;

  private JsonObject(JsonNode node, String path) {
    this.node = node;
    this.path = path;
  }

  /** The object that a request's body is; 400 if it is anything else. */
  static JsonObject parse(byte[] body) {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
    } catch (CharacterCodingException e) {
      throw badJson("the body is not valid UTF-8");
    }
    JsonNode node;
    try {
      node = MAPPER.readTree(text);
    } catch (JsonProcessingException e) {
      // Jackson's own message quotes the text.
      var at = e.getLocation();
      String where =
          at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
      throw badJson("the body is not JSON that this server reads" + where);
    }
    if (!node.isObject()) {
      throw badJson("the body must be a JSON object");
    }
    return new JsonObject(node, "");
  }

  private static ApiException badJson(String message) {
    return ApiException.invalid(null, "invalid_json", message);
  }

  /** The name of a field as errors give it, for example {@code stream_options.include_usage}. */
  String pathOf(String name) {
    return path + name;
  }

  boolean has(String name) {
    return field(name).isPresent();
  }

  Optional<String> text(String name) {
    return field(name).map(value -> text(value, pathOf(name)));
  }

  boolean flag(String name) {
    Optional<JsonNode> value = field(name);
    value.ifPresent(v -> require(v.isBoolean(), pathOf(name), "true or false"));
    return value.map(JsonNode::booleanValue).orElse(false);
  }

  OptionalDouble number(String name, double least, double most) {
    Optional<JsonNode> value = field(name);
    if (value.isEmpty()) {
      return OptionalDouble.empty();
    }
    require(value.get().isNumber(), pathOf(name), "a number");
    return OptionalDouble.of(inRange(name, value.get().doubleValue(), least, most));
  }

  OptionalLong integer(String name, long least, long most) {
    Optional<JsonNode> value = field(name);
    if (value.isEmpty()) {
      return OptionalLong.empty();
    }
    long whole = whole(value.get(), pathOf(name));
    if (whole < least || whole > most) {
      throw ApiException.invalid(
          pathOf(name), pathOf(name) + " must be between " + least + " and " + most);
    }
    return OptionalLong.of(whole);
  }

  Optional<JsonObject> object(String name) {
    Optional<JsonNode> value = field(name);
    value.ifPresent(v -> require(v.isObject(), pathOf(name), "an object"));
    return value.map(v -> new JsonObject(v, pathOf(name) + "."));
  }

  /** A field that may have one of several types. */
  Optional<JsonValue> value(String name) {
    return field(name).map(v -> new JsonValue(v, pathOf(name)));
  }

  Iterator<String> names() {
    return node.fieldNames();
  }

  private Optional<JsonNode> field(String name) {
    return Optional.ofNullable(node.get(name)).filter(value -> !value.isNull());
  }

  private double inRange(String name, double value, double least, double most) {
    if (!(value >= least && value <= most)) {
      throw ApiException.invalid(
          pathOf(name), pathOf(name) + " must be between " + least + " and " + most);
    }
    return value;
  }

  /** Text with whole characters only: half a surrogate pair has no UTF-8. */
  static String text(JsonNode value, String path) {
    require(value.isTextual(), path, "a string");
    String text = value.textValue();
    if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
      throw ApiException.invalid(path, path + " holds half of a surrogate pair");
    }
    return text;
  }

  /** A whole number; JSON writers may spell it 5.0. */
  static long whole(JsonNode value, String path) {
    boolean isWhole = value.canConvertToExactIntegral() && value.canConvertToLong();
    require(isWhole, path, "an integer");
    return value.longValue();
  }

  static void require(boolean holds, String path, String what) {
    if (!holds) {
      throw ApiException.invalid(path, "invalid_type", path + " must be " + what);
    }
  }

  /** A value whose type is still to be found out. */
  record JsonValue(JsonNode node, String path) {
    boolean isText() {
      return node.isTextual();
    }

    boolean isList() {
      return node.isArray();
    }

    boolean isWhole() {
      return node.canConvertToExactIntegral();
    }

    /** True for {@code false}, 0 and what is empty: a field that is there and asks for nothing. */
    boolean asksForNothing() {
      return node.isNull()
          || (node.isBoolean() && !node.booleanValue())
          || (node.isNumber() && node.doubleValue() == 0)
          || (node.isContainerNode() && node.isEmpty())
          || (node.isTextual() && node.textValue().isEmpty());
    }

    int size() {
      return node.size();
    }

    JsonValue at(int index) {
      return new JsonValue(node.get(index), path + "[" + index + "]");
    }

    String text() {
      return JsonObject.text(node, path);
    }

    long whole() {
      return JsonObject.whole(node, path);
    }

    JsonObject object() {
      require(node.isObject(), path, "an object");
      return new JsonObject(node, path + ".");
    }
  }
}
