package org.folkmoot.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;

/**
 * What {@code --json} prints: one document on standard output. A class of its own, so that calls
 * without {@code --json} load no JSON library.
 */
final class JsonOutput {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private JsonOutput() {}

  /** Prints a document made of maps, lists, strings, numbers, booleans and nulls. */
  static void print(Console console, Object document) {
    try {
      console.out().println(MAPPER.writeValueAsString(document));
    } catch (JsonProcessingException ofOurs) {
      throw new IllegalStateException("a report that is no JSON", ofOurs);
    }
  }
}
