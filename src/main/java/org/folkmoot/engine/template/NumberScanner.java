package org.folkmoot.engine.template;

/**
 * Numbers as Python writes them: {@code 12}, {@code 1_000}, {@code 0x1F}, {@code 1.5e-3}. A point
 * belongs to a number only if a digit follows, and never right after another point: {@code
 * messages.0.role} holds no fraction.
 */
final class NumberScanner {
  /**
   * A number in a text.
   *
   * @param text its characters without underscores
   * @param isFloat whether it has a fraction or an exponent
   * @param end the position after it
   */
  record Scanned(String text, boolean isFloat, int end) {}

  private final String source;
  private int at;

  private NumberScanner(String source, int at) {
    this.source = source;
    this.at = at;
  }

  static Scanned scan(String source, int begin) {
    NumberScanner scanner = new NumberScanner(source, begin);
    boolean isFloat = scanner.number();
    String text = source.substring(begin, scanner.at).replace("_", "");
    return new Scanned(text, isFloat, scanner.at);
  }

  private boolean number() {
    int begin = at;
    if (source.charAt(at) == '0' && at + 1 < source.length()) {
      int radix =
          switch (source.charAt(at + 1)) {
            case 'x', 'X' -> 16;
            case 'o', 'O' -> 8;
            case 'b', 'B' -> 2;
            default -> 10;
          };
      int digits = at + 2;
      if (radix != 10 && digit(digits, radix)) {
        at = digits;
        digits(radix);
        return false;
      }
    }
    digits(10);
    boolean afterPoint = begin > 0 && source.charAt(begin - 1) == '.';
    if (afterPoint) {
      return false;
    }
    boolean fraction = fraction();
    return exponent() || fraction;
  }

  private boolean fraction() {
    if (at < source.length() && source.charAt(at) == '.' && digit(at + 1, 10)) {
      at++;
      digits(10);
      return true;
    }
    return false;
  }

  private boolean exponent() {
    if (at < source.length() && (source.charAt(at) == 'e' || source.charAt(at) == 'E')) {
      int digits = at + 1;
      if (digits < source.length() && "+-".indexOf(source.charAt(digits)) >= 0) {
        digits++;
      }
      if (digit(digits, 10)) {
        at = digits;
        digits(10);
        return true;
      }
    }
    return false;
  }

  /** Passes digits, single underscores between them included. */
  private void digits(int radix) {
    while (digit(at, radix)
        || (at < source.length() && source.charAt(at) == '_' && digit(at + 1, radix))) {
      at++;
    }
  }

  private boolean digit(int position, int radix) {
    return position < source.length()
        && source.charAt(position) < 128
        && Character.digit(source.charAt(position), radix) >= 0;
  }
}
