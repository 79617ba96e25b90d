package org.folkmoot.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One JSON object (RFC 8259) whose values are strings and whole numbers: the form of every file
 * that the store writes for itself. Every start of {@code run} reads one; a JSON library would cost
 * it more time than all the rest of finding the model.
 */
final class FlatJson {
  /** Ours have ten fields; a file with more is not ours. */
  private static final int MOST_FIELDS = 64;

  private final String text;
  private int at;

  private FlatJson(String text) {
    this.text = text;
  }

  /**
   * Reads an object; numbers come as their digits.
   *
   * @throws IOException if the bytes are anything but one such object
   */
  static Map<String, String> read(byte[] utf8) throws IOException {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
      return new FlatJson(text).object();
    } catch (CharacterCodingException notText) {
      throw new IOException("not UTF-8", notText);
    }
  }

  /** Writes an object, a field a line, for people to read. Values are strings or whole numbers. */
  static byte[] write(Map<String, ?> fields) {
    StringBuilder out = new StringBuilder("{");
    String separator = "\n";
    for (Map.Entry<String, ?> field : fields.entrySet()) {
      out.append(separator).append("  ");
      quote(out, field.getKey());
      out.append(": ");
      switch (field.getValue()) {
        case Long number -> out.append(number.longValue());
        case String string -> quote(out, string);
        default -> throw new IllegalArgumentException("neither text nor a whole number: " + field);
      }
      separator = ",\n";
    }
    return out.append("\n}\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void quote(StringBuilder out, String string) {
    out.append('"');
    for (int i = 0; i < string.length(); i++) {
      char c = string.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        // A lone surrogate has no UTF-8; as an escape every one comes back.
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  private Map<String, String> object() throws IOException {
    Map<String, String> fields = new LinkedHashMap<>();
    expect('{');
    if (peek() != '}') {
      do {
        String key = string();
        expect(':');
        String value = peek() == '"' ? string() : number();
        if (fields.put(key, value) != null || fields.size() > MOST_FIELDS) {
          throw new IOException("a field twice, or too many");
        }
      } while (skip(','));
    }
    expect('}');
    skipSpace();
    if (at < text.length()) {
      throw unexpected();
    }
    return fields;
  }

  private String string() throws IOException {
    expect('"');
    StringBuilder out = new StringBuilder();
    while (true) {
      char c = next();
      switch (c) {
        case '"' -> {
          return out.toString();
        }
        case '\\' -> out.append(escaped());
        default -> {
          if (c < ' ') {
            throw unexpected();
          }
          out.append(c);
        }
      }
    }
  }

  private char escaped() throws IOException {
    char c = next();
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> {
        int code = 0;
        for (int i = 0; i < 4; i++) {
          int digit = Character.digit(next(), 16);
          if (digit < 0) {
            throw unexpected();
          }
          code = code * 16 + digit;
        }
        yield (char) code;
      }
      default -> throw unexpected();
    };
  }

  private String number() throws IOException {
    int start = at;
    if (peek() == '-') {
      at++;
    }
    int digits = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    // 19 digits hold every long.
    if (at == digits || at - digits > 19) {
      throw unexpected();
    }
    return text.substring(start, at);
  }

  private char peek() throws IOException {
    skipSpace();
    if (at >= text.length()) {
      throw unexpected();
    }
    return text.charAt(at);
  }

  private char next() throws IOException {
    if (at >= text.length()) {
      throw unexpected();
    }
    return text.charAt(at++);
  }

  private void expect(char c) throws IOException {
    if (peek() != c) {
      throw unexpected();
    }
    at++;
  }

  private boolean skip(char c) throws IOException {
    boolean there = peek() == c;
    at += there ? 1 : 0;
    return there;
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private IOException unexpected() {
    return new IOException("not a flat JSON object, at character " + at);
  }
}
