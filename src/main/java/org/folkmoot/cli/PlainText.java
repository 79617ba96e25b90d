package org.folkmoot.cli;

/** Foreign text made safe to show: a model file must not steer a person's terminal. */
final class PlainText {
  private PlainText() {}

  /** The text with U+FFFD for control characters other than newline and tab. */
  static String of(String foreign) {
    StringBuilder out = new StringBuilder(foreign.length());
    foreign
        .codePoints()
        .map(c -> Character.isISOControl(c) && c != '\n' && c != '\t' ? 0xFFFD : c)
        .forEach(out::appendCodePoint);
    return out.toString();
  }

  /** As {@link #of}, on one line and at most so many characters. */
  static String line(String foreign, int most) {
    String line = of(foreign).replace('\n', ' ').replace('\t', ' ').strip();
    return line.length() <= most ? line : line.substring(0, most - 1) + "…";
  }
}
