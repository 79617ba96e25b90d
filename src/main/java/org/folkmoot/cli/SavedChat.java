package org.folkmoot.cli;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.PrivateFile;
import org.folkmoot.engine.template.ChatMessage;

/**
 * A chat as a file: JSON that a person can read, and that only its owner may.
 *
 * @param model which spoke last
 * @param system what it is told first; empty for nothing
 * @param settings how answers are made
 * @param messages questions and answers in turn
 */
record SavedChat(String model, String system, AnswerSettings settings, List<ChatMessage> messages) {
  private static final String FORMAT = "folkmoot-chat/1";

  /** Some weeks of talk; a context holds far less. */
  private static final int MOST_BYTES = 16 << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Copies the messages. */
  SavedChat {
    messages = List.copyOf(messages);
  }

  /**
   * Writes it over a saved chat or where there is nothing.
   *
   * @throws FolkmootException BAD_REQUEST if another file is there or it is too long to be read
   *     again, NO_ROOM if it cannot be written
   */
  void write(Path file) {
    if (Files.exists(file) && !isSavedChat(file)) {
      throw new FolkmootException(
          BAD_REQUEST, file + " is there and no saved chat: choose another name");
    }
    try {
      byte[] json = (MAPPER.writeValueAsString(json()) + "\n").getBytes(StandardCharsets.UTF_8);
      if (json.length > MOST_BYTES) {
        throw new FolkmootException(
            BAD_REQUEST, "the chat is too long for a file: it has " + json.length + " bytes");
      }
      PrivateFile.replace(file, json);
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          file + " cannot be written (" + reason(failed) + "): choose another place",
          failed);
    }
  }

  private static boolean isSavedChat(Path file) {
    try {
      read(file);
      return true;
    } catch (FolkmootException somethingElse) {
      return false;
    }
  }

  private ObjectNode json() {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("format", FORMAT).put("model", model).put("system", system);
    ObjectNode all = root.putObject("settings");
    settings.byName().forEach(all::put);
    ArrayNode stops = root.putArray("stops");
    settings.stops().forEach(stops::add);
    ArrayNode turns = root.putArray("messages");
    for (ChatMessage message : messages) {
      turns.addObject().put("role", message.role()).put("content", message.content());
    }
    return root;
  }

  /**
   * Reads what {@link #write} wrote. Unknown fields count for nothing.
   *
   * @throws FolkmootException NOT_FOUND, or BAD_FILE for anything that is no saved chat; the
   *     message carries nothing of its content
   */
  static SavedChat read(Path file) {
    JsonNode root = parse(file);
    if (!FORMAT.equals(root.path("format").asText())) {
      throw bad(file, "it does not say \"format\": \"" + FORMAT + "\"");
    }
    AnswerSettings settings = AnswerSettings.USUAL;
    for (Map.Entry<String, JsonNode> setting : root.path("settings").properties()) {
      settings = settings.with(setting.getKey(), text(file, setting.getValue(), "a setting"));
    }
    List<String> stops = new ArrayList<>();
    for (JsonNode stop : root.path("stops")) {
      stops.add(text(file, stop, "a stop string"));
    }
    return new SavedChat(
        text(file, root.path("model"), "\"model\""),
        text(file, root.path("system"), "\"system\""),
        settings.withStops(stops),
        messages(file, root.path("messages")));
  }

  private static JsonNode parse(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new FolkmootException(NOT_FOUND, "there is no file " + file);
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw bad(file, "it has more than " + (MOST_BYTES >> 20) + " MiB");
      }
      return MAPPER.readTree(bytes);
    } catch (JsonProcessingException wrong) {
      // Not Jackson's message, which quotes from the file.
      long line = wrong.getLocation() == null ? 0 : wrong.getLocation().getLineNr();
      throw bad(file, "line " + line + " is no JSON");
    } catch (IOException failed) {
      throw new FolkmootException(BAD_FILE, file + " cannot be read: " + reason(failed), failed);
    }
  }

  private static List<ChatMessage> messages(Path file, JsonNode array) {
    List<ChatMessage> messages = new ArrayList<>();
    for (JsonNode message : array) {
      String role = messages.size() % 2 == 0 ? Transcript.USER : Transcript.ASSISTANT;
      if (!role.equals(message.path("role").asText())) {
        throw bad(file, "message " + (messages.size() + 1) + " is not the " + role + "'s");
      }
      messages.add(new ChatMessage(role, text(file, message.path("content"), "a message")));
    }
    if (!array.isArray() || messages.size() % 2 != 0) {
      throw bad(file, "its messages are not questions and answers in turn");
    }
    return messages;
  }

  private static String text(Path file, JsonNode node, String what) {
    if (!node.isTextual()) {
      throw bad(file, what + " is missing or no text");
    }
    return node.textValue();
  }

  private static FolkmootException bad(Path file, String why) {
    return new FolkmootException(BAD_FILE, file + " is no saved chat: " + why);
  }

  private static String reason(IOException failure) {
    String message = failure.getMessage();
    return failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
  }
}
