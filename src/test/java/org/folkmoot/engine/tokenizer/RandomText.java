package org.folkmoot.engine.tokenizer;

import java.util.List;
import java.util.SplittableRandom;

/**
 * Texts that are hard on tokenizers: every script and category, broken UTF-16, runs, near misses.
 */
final class RandomText {
  private static final List<String> FRAGMENTS =
      List.of(
          "the",
          "The",
          "THE",
          " the",
          "Hello",
          "camelCase",
          "HTTPServer",
          "don't",
          "I'm",
          "we'LL",
          "'s",
          "'S",
          "'re",
          "'vE",
          "'ſ",
          "'",
          "''",
          "0",
          "12",
          "345",
          "6789",
          "٣",
          "½",
          "Ⅷ",
          " ",
          "  ",
          "\n",
          "\n\n",
          "\r\n",
          "\r",
          "\t",
          " \n",
          "\n ",
          "\u000b",
          "\u0085",
          "\u00a0",
          "\u2003",
          "\u2028",
          "\u3000",
          "\u200b",
          "\u001c",
          "\0",
          "中文",
          "かな",
          "한국어",
          "हिन्दी",
          "ไทย",
          "Русский",
          "ÀÉ",
          "e\u0301",
          "ǅ",
          "ʰ",
          "ªA",
          "👩‍👩‍👧‍👦",
          "🇩🇪",
          "👍🏽",
          "😀",
          "\ud83d",
          "\ude00",
          "\udfff\ud800",
          "!",
          "?!",
          "...",
          "//",
          "/*",
          "<=",
          "```",
          "$+^~|",
          "#@%&_",
          "\\\"",
          "▁",
          "Ġ",
          "<s>",
          "</s>",
          "<unk>",
          "<0x41>",
          "<|im_start|>",
          "<|im_end|>",
          "<|endoftext|>",
          "<|",
          "|>",
          "\ufffd",
          "\ufeff",
          "\udb40\udc67");

  private RandomText() {}

  /** A text of some fragments. */
  static String of(SplittableRandom random, int fragments) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < fragments; i++) {
      switch (random.nextInt(8)) {
        case 0 -> letters(random, text);
        case 1 -> text.appendCodePoint(random.nextInt(Character.MAX_CODE_POINT + 1));
        case 2 -> text.appendCodePoint(random.nextInt(0x3000));
        case 3 -> text.repeat(fragment(random), random.nextInt(2, 40));
        default -> text.append(fragment(random));
      }
      if (random.nextInt(4) == 0) {
        text.append(' ');
      }
    }
    return text.toString();
  }

  private static void letters(SplittableRandom random, StringBuilder text) {
    String alphabet = "abcdeABCDE";
    for (int n = random.nextInt(1, 80); n > 0; n--) {
      text.append(alphabet.charAt(random.nextInt(alphabet.length())));
    }
  }

  private static String fragment(SplittableRandom random) {
    return FRAGMENTS.get(random.nextInt(FRAGMENTS.size()));
  }

  /** The text with U+FFFD for unpaired surrogates. */
  static String wellFormed(String text) {
    return text.codePoints()
        .map(c -> Character.getType(c) == Character.SURROGATE ? 0xFFFD : c)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
