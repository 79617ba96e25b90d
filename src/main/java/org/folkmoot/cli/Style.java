package org.folkmoot.cli;

/**
 * The few text styles of the command line. Without colour every method returns its text unchanged.
 *
 * @param colour whether escape sequences (ECMA-48 SGR) may be written
 */
public record Style(boolean colour) {
  /** What stands out: names, headings. */
  public String strong(String text) {
    return sgr("1", text);
  }

  /** What stands back: statistics, hints. */
  public String faint(String text) {
    return sgr("2", text);
  }

  /** What went wrong. */
  public String bad(String text) {
    return sgr("31", text);
  }

  /** What went well. */
  public String good(String text) {
    return sgr("32", text);
  }

  private String sgr(String code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }
}
