package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;

/** Text as UTF-8, and reading code points from UTF-8 that is known to be valid. */
final class Utf8 {
  private Utf8() {}

  /** The UTF-8 of a text; an unpaired surrogate becomes U+FFFD. */
  static byte[] of(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return wellFormed(text).getBytes(StandardCharsets.UTF_8);
      }
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  /** The JDK's encoder would put a question mark for an unpaired surrogate. */
  private static String wellFormed(String text) {
    StringBuilder clean = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      boolean unpaired = codePoint >= Character.MIN_SURROGATE && codePoint <= 0xDFFF;
      clean.appendCodePoint(unpaired ? 0xFFFD : codePoint);
    }
    return clean.toString();
  }

  /** Bytes of the character that starts with this byte; 1 for a byte that starts none. */
  static int length(byte lead) {
    int b = lead & 0xFF;
    return b < 0xC2 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : b < 0xF5 ? 4 : 1;
  }

  /** The code point that starts at an index. */
  static int codePoint(byte[] utf8, int at) {
    int lead = utf8[at];
    if (lead >= 0) {
      return lead;
    }
    return switch (length((byte) lead)) {
      case 2 -> (lead & 0x1F) << 6 | tail(utf8, at + 1);
      case 3 -> (lead & 0x0F) << 12 | tail(utf8, at + 1) << 6 | tail(utf8, at + 2);
      case 4 ->
          (lead & 0x07) << 18
              | tail(utf8, at + 1) << 12
              | tail(utf8, at + 2) << 6
              | tail(utf8, at + 3);
      default -> throw new IllegalStateException("no character starts at " + at);
    };
  }

  private static int tail(byte[] utf8, int at) {
    return utf8[at] & 0x3F;
  }
}
