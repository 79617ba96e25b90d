package org.folkmoot.ledger.anchor;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * A compiled contract, as {@code contracts/compile.mjs} writes it. A test compiles the sources
 * again and compares.
 *
 * @param name the contract's
 * @param bytecode what deploys it, hexadecimal
 * @param deployed its code on the chain, hexadecimal, zeros where values are put in at deployment
 * @param immutables of these values place and length in bytes
 */
record Artifact(String name, String bytecode, String deployed, int[][] immutables) {
  static Artifact of(String name) {
    try (InputStream in = Artifact.class.getResourceAsStream(name + ".json")) {
      if (in == null) {
        throw new IllegalStateException("no artifact " + name + " in the program");
      }
      ObjectMapper json = new ObjectMapper();
      JsonNode read = json.readTree(in);
      return new Artifact(
          name,
          read.get("bytecode").asText(),
          read.get("deployed").asText(),
          json.convertValue(read.get("immutables"), int[][].class));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /** Whether a chain's code is this contract's, whatever it was deployed with. */
  boolean isCode(String hex) {
    String code = hex.startsWith("0x") ? hex.substring(2) : hex;
    if (code.length() != deployed.length()) {
      return false;
    }
    StringBuilder masked = new StringBuilder(code.toLowerCase(Locale.ROOT));
    for (int[] place : immutables) {
      for (int digit = 2 * place[0]; digit < 2 * (place[0] + place[1]); digit++) {
        masked.setCharAt(digit, '0');
      }
    }
    return masked.toString().equals(deployed);
  }
}
