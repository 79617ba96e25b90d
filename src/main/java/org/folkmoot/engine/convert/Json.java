package org.folkmoot.engine.convert;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;
import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.folkmoot.base.FolkmootException;

/** JSON by strangers, bounded: one object, no name twice, nothing behind it. */
final class Json {
  /** Gemma's tokenizer.json has 33 MB; the headers of the largest weight files 1 MB. */
  static final int MAX_BYTES = 128 << 20;

  /** Post-processors nest some ten deep. */
  private static final int MAX_DEPTH = 64;

  private static final int MAX_STRING = 4 << 20;

  private static final ObjectMapper MAPPER =
      new ObjectMapper(
              JsonFactory.builder()
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_STRING)
                          .maxNumberLength(100)
                          .maxDocumentLength(MAX_BYTES)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private Json() {}

  /**
   * Reads an object.
   *
   * @param name of the file, for messages
   * @throws FolkmootException BAD_FILE
   */
  static JsonNode object(byte[] bytes, int from, int length, String name) {
    try {
      JsonNode node = MAPPER.readTree(bytes, from, length);
      if (node == null || !node.isObject()) {
        throw new FolkmootException(BAD_FILE, name + ": it is no JSON object");
      }
      return node;
    } catch (JsonProcessingException wrong) {
      throw new FolkmootException(
          BAD_FILE,
          "%s: it is not valid JSON (%s): download it again"
              .formatted(name, shown(wrong.getOriginalMessage())),
          wrong);
    } catch (IOException | RuntimeException wrong) {
      throw wrong instanceof FolkmootException coded
          ? coded
          : new FolkmootException(BAD_FILE, name + ": it is not valid JSON", wrong);
    }
  }

  /**
   * Reads a file with an object.
   *
   * @throws FolkmootException NOT_FOUND, BAD_FILE
   */
  static JsonNode file(Path file) {
    String name = String.valueOf(file.getFileName());
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw new FolkmootException(
            BAD_FILE, name + ": it has more than " + (MAX_BYTES >> 20) + " MiB");
      }
      byte[] bytes = Files.readAllBytes(file);
      return object(bytes, 0, bytes.length, name);
    } catch (NoSuchFileException missing) {
      throw new FolkmootException(
          NOT_FOUND,
          "the folder has no "
              + name
              + ": it is not a whole Hugging Face model, download all of its files",
          missing);
    } catch (IOException failed) {
      throw new FolkmootException(
          BAD_FILE, name + ": cannot be read: " + failed.getMessage(), failed);
    }
  }

  /** A foreign text made fit for a message. */
  static String shown(String text) {
    String clean = text.replaceAll("[\\p{C}\\p{Zl}\\p{Zp}]", "?");
    return clean.length() <= 80 ? clean : clean.substring(0, 80) + "…";
  }
}
