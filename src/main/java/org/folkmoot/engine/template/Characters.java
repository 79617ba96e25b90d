package org.folkmoot.engine.template;

/** What Python calls its kinds of character, where Java draws the lines elsewhere. */
final class Characters {
  private Characters() {}

  /** Python's {@code str.isspace}: what {@code strip()} and {@code split()} take for space. */
  static boolean isSpace(int c) {
    return switch (c) {
      case ' ', '\t', '\n', 0x0b, '\f', '\r', 0x1c, 0x1d, 0x1e, 0x1f, 0x85, 0xa0 -> true;
      case 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000 -> true;
      default -> c >= 0x2000 && c <= 0x200a;
    };
  }

  /** The boundaries of {@code str.splitlines}. */
  static boolean isLineEnd(char c) {
    return switch (c) {
      case '\n', 0x0b, '\f', '\r', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029 -> true;
      default -> false;
    };
  }

  /** An ASCII digit. */
  static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  /** Python's {@code str.isprintable}: what {@code repr} leaves as it is. */
  static boolean isPrintable(int c) {
    return c == ' '
        || switch (Character.getType(c)) {
          case Character.CONTROL,
              Character.FORMAT,
              Character.SURROGATE,
              Character.PRIVATE_USE,
              Character.UNASSIGNED,
              Character.LINE_SEPARATOR,
              Character.PARAGRAPH_SEPARATOR,
              Character.SPACE_SEPARATOR ->
              false;
          default -> true;
        };
  }

  /** Whether the character has a case, as {@code str.title} understands words. */
  static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }

  /** A character as an error message shows it. */
  static String shown(int c) {
    return isPrintable(c) ? "'" + Character.toString(c) + "'" : String.format("U+%04X", c);
  }
}
