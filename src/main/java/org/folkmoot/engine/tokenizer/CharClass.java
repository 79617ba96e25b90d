package org.folkmoot.engine.tokenizer;

/**
 * The classes of characters that pre-tokenizers tell apart, as bits. Every character has at least
 * one; the end of the text has none.
 *
 * <p>{@code \p{L}}, {@code \p{N}}, {@code \p{M}}, {@code \p{P}} are Unicode's general categories,
 * {@code \s} is its property White_Space.
 */
final class CharClass {
  /** {@code \p{L}}. */
  static final int LETTER = 1;

  /** {@code \p{N}}. */
  static final int NUMBER = 1 << 1;

  /** {@code \s}. */
  static final int SPACE = 1 << 2;

  /** {@code \p{M}}. */
  static final int MARK = 1 << 3;

  /** {@code \p{P}}. */
  static final int PUNCTUATION = 1 << 4;

  /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}: what the first part of a cased word holds. */
  static final int UPPER = 1 << 5;

  /** {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}: what the second part of a cased word holds. */
  static final int LOWER = 1 << 6;

  /** {@code [$+<=>^~|]}. */
  static final int ASCII_SYMBOL = 1 << 7;

  /** The grave accent U+0060. */
  static final int GRAVE = 1 << 8;

  /** {@code [\r\n]}. */
  static final int NEWLINE = 1 << 9;

  /** None of {@code \p{L}}, {@code \p{N}}, {@code \p{M}}, {@code \p{P}} and {@code \s}. */
  static final int OTHER = 1 << 10;

  /** {@code \p{S}}. */
  static final int SYMBOL = 1 << 11;

  /** {@code [一-龥ࠀ-一가-퟿]}: what DeepSeek-Coder takes for Chinese, Japanese and Korean. */
  static final int EASTERN = 1 << 12;

  /** {@code [一-龥぀-ゟ゠-ヿ]}: Chinese characters and kana. */
  static final int HAN_KANA = 1 << 13;

  /** {@code [(\s|.,!?…。，、।۔،)]}: what ends words in BLOOM's expression. */
  static final int STOP = 1 << 14;

  private static final short[] ASCII = new short[128];

  static {
    for (int c = 0; c < 128; c++) {
      ASCII[c] = (short) ofAscii(c);
    }
  }

  private CharClass() {}

  /** The class of the character at an index of valid UTF-8; 0 at or beyond the end. */
  static int at(byte[] utf8, int at, int end) {
    if (at >= end) {
      return 0;
    }
    byte lead = utf8[at];
    return lead >= 0 ? ASCII[lead] : of(Utf8.codePoint(utf8, at));
  }

  private static int ofAscii(int c) {
    if (c == '\r' || c == '\n') {
      return SPACE | NEWLINE;
    }
    if (c >= '\t' && c <= '\r') {
      return SPACE;
    }
    if (c == '`') {
      return GRAVE | SYMBOL;
    }
    int stop = "(|.,!?)".indexOf(c) >= 0 ? STOP : 0;
    return stop | ("$+<=>^~|".indexOf(c) >= 0 ? ASCII_SYMBOL | SYMBOL : of(c));
  }

  private static int of(int codePoint) {
    return category(codePoint) | script(codePoint);
  }

  private static int script(int c) {
    if (c < 0x800) {
      return c == '،' || c == '۔' ? STOP : 0;
    }
    boolean han = c >= 0x4E00 && c <= 0x9FA5;
    int eastern = c <= 0x9FA5 || (c >= 0xAC00 && c <= 0xD7FF) ? EASTERN : 0;
    int kana = han || (c >= 0x3040 && c <= 0x30FF) ? HAN_KANA : 0;
    return eastern | kana | ("।…、。，".indexOf(c) >= 0 ? STOP : 0);
  }

  private static int category(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | UPPER;
      case Character.LOWERCASE_LETTER -> LETTER | LOWER;
      case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | UPPER | LOWER;
      case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK ->
          MARK | UPPER | LOWER;
      case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
          NUMBER;
      case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
          SPACE;
      case Character.CONNECTOR_PUNCTUATION,
          Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION ->
          PUNCTUATION;
      case Character.MATH_SYMBOL,
          Character.CURRENCY_SYMBOL,
          Character.MODIFIER_SYMBOL,
          Character.OTHER_SYMBOL ->
          SYMBOL | OTHER;
      default -> codePoint == 0x85 ? SPACE : OTHER;
    };
  }
}
