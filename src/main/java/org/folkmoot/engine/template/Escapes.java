package org.folkmoot.engine.template;

/** The escapes of string literals, as Python's language reference lists them. */
final class Escapes {
  private final String escaped;
  private final StringBuilder plain = new StringBuilder();
  private int at;

  private Escapes(String escaped) {
    this.escaped = escaped;
  }

  /** The characters that a literal stands for; what is no escape stays as it is. */
  static String unescape(String literal) {
    return literal.indexOf('\\') < 0 ? literal : new Escapes(literal).run();
  }

  private String run() {
    while (at < escaped.length()) {
      char c = escaped.charAt(at++);
      if (c == '\\' && at < escaped.length()) {
        escape(escaped.charAt(at++));
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }

  private void escape(char kind) {
    switch (kind) {
      case '\n' -> {}
      case '\\', '\'', '"' -> plain.append(kind);
      case 'a' -> plain.append('\u0007');
      case 'b' -> plain.append('\b');
      case 'f' -> plain.append('\f');
      case 'n' -> plain.append('\n');
      case 'r' -> plain.append('\r');
      case 't' -> plain.append('\t');
      case 'v' -> plain.append('\u000b');
      case 'x' -> hexadecimal(2);
      case 'u' -> hexadecimal(4);
      case 'U' -> hexadecimal(8);
      case 'N' -> throw TemplateFault.unsupported("a character by name (\\N{…})");
      case '0', '1', '2', '3', '4', '5', '6', '7' -> octal(kind - '0');
      default -> plain.append('\\').append(kind);
    }
  }

  private void hexadecimal(int digits) {
    int value = 0;
    for (int i = 0; i < digits; i++, at++) {
      int digit = at < escaped.length() ? Character.digit(escaped.charAt(at), 16) : -1;
      if (digit < 0) {
        throw TemplateFault.broken("an escape in a string lacks hexadecimal digits");
      }
      value = (value << 4) | digit;
    }
    if (!Character.isValidCodePoint(value)) {
      throw TemplateFault.broken("an escape in a string is no Unicode character");
    }
    plain.appendCodePoint(value);
  }

  private void octal(int first) {
    int value = first;
    for (int i = 0; i < 2 && at < escaped.length(); i++, at++) {
      int digit = Character.digit(escaped.charAt(at), 8);
      if (digit < 0) {
        break;
      }
      value = value * 8 + digit;
    }
    plain.appendCodePoint(value);
  }
}
