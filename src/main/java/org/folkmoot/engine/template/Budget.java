package org.folkmoot.engine.template;

/**
 * What one rendering may still cost. A template comes with a model file, so a stranger wrote it:
 * every loop, every copy and every level of recursion is paid here, and the purse is finite.
 */
final class Budget {
  /**
   * The longest string, the output among them, in UTF-16 units. Four units a token make this a
   * prompt of a million tokens, the longest context that open models offer.
   */
  static final int MAX_TEXT = 4 << 20;

  /**
   * All characters that one rendering may read or copy. Templates build a turn by five or six
   * concatenations, so the longest prompt costs about six times its length; the rest is reserve.
   */
  static final long MAX_CHARACTERS = 64L << 20;

  /**
   * Expressions and statements evaluated, elements copied. Shipped templates take under 100 a
   * message; 10,000 messages make a million. Ten million take about a second.
   */
  static final long MAX_STEPS = 10_000_000;

  /**
   * Nested evaluations, calls of macros among them. Of a hundred shipped templates none went deeper
   * than 25, those with recursive macros included; 250 were measured to take under 300 KiB of
   * stack, compiled or not, where a thread usually has 1 MiB (a test holds them to 512).
   */
  static final int MAX_DEPTH = 250;

  /**
   * Changes between trusted and foreign text in one string: six for each of 40,000 messages. Each
   * becomes a segment, which is an object of some 70 bytes.
   */
  static final int MAX_CHANGES = 1 << 18;

  /** Lists in lists, in the values that a template makes and in those that it is given. */
  static final int MAX_VALUE_DEPTH = 64;

  /** Numbers in one {@code range}: the limit of Jinja's own sandbox. */
  static final int MAX_RANGE = 100_000;

  /**
   * Elements cost more steps than evaluations, because they stay in memory: this bounds them at
   * about a million, or 100 MB.
   */
  static final int STEPS_PER_ELEMENT = 8;

  private long steps = MAX_STEPS;
  private long characters = MAX_CHARACTERS;
  private int depth;
  private int line = 1;

  /** The line of the template that is being evaluated. */
  int line() {
    return line;
  }

  void at(int newLine) {
    line = newLine;
  }

  /** Enters one more nested evaluation; {@link #leave} ends it. After a fault nothing is left. */
  void enter() {
    steps(1);
    if (++depth > MAX_DEPTH) {
      throw TemplateFault.wrong("nests deeper than " + MAX_DEPTH + " evaluations");
    }
  }

  void leave() {
    depth--;
  }

  void steps(long count) {
    steps -= count;
    if (steps < 0) {
      throw TemplateFault.wrong("takes more than " + MAX_STEPS + " steps");
    }
  }

  void elements(long count) {
    steps(count * STEPS_PER_ELEMENT);
  }

  void characters(long count) {
    characters -= count;
    if (characters < 0) {
      throw TemplateFault.wrong("copies more than " + MAX_CHARACTERS + " characters");
    }
  }

  /** Pays for a search, which at worst compares the needle at every place of the text. */
  void search(int text, int needle) {
    characters(needle > text ? 1 : text + (long) text * needle / 64);
  }

  /** Pays for a conversion of numbers, the slowest of what a single value can ask for. */
  void conversion() {
    steps(20);
  }

  /** The fault of a string that mixes too much. */
  static TemplateFault tooMixed() {
    return TemplateFault.wrong(
        "mixes its own text with that of messages more than " + MAX_CHANGES + " times");
  }

  /** The fault of a string that grew too long. */
  static TemplateFault tooLong() {
    return TemplateFault.wrong("makes a text of more than " + MAX_TEXT + " characters");
  }
}
