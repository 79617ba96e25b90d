package org.folkmoot.engine.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * GPT-2's way to spell any byte as a printable character: bytes that are printable in Latin-1 are
 * themselves, the others in their order U+0100, U+0101, … A space is Ġ.
 *
 * <p>Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), {@code
 * bytes_to_unicode} of its encoder.
 */
final class ByteSpelling {
  /** By byte, its character; all are below U+0144. */
  private static final char[] CHARACTERS = new char[256];

  /** By character, its byte; -1 where the character spells none. */
  private static final short[] BYTES = new short[0x144];

  static {
    Arrays.fill(BYTES, (short) -1);
    char spare = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          (value > 0x20 && value < 0x7F) || (value > 0xA0 && value <= 0xFF && value != 0xAD);
      CHARACTERS[value] = printable ? (char) value : spare++;
      BYTES[CHARACTERS[value]] = (short) value;
    }
  }

  private ByteSpelling() {}

  /** Writes the UTF-8 of a byte's character, one or two bytes, and returns where it ends. */
  static int spell(byte value, byte[] out, int at) {
    char character = CHARACTERS[value & 0xFF];
    if (character < 0x80) {
      out[at] = (byte) character;
      return at + 1;
    }
    out[at] = (byte) (0xC0 | character >> 6);
    out[at + 1] = (byte) (0x80 | (character & 0x3F));
    return at + 2;
  }

  /** The bytes that a spelling stands for; one that holds other characters stands for itself. */
  static byte[] bytes(String spelling) {
    byte[] bytes = new byte[spelling.length()];
    for (int i = 0; i < bytes.length; i++) {
      char character = spelling.charAt(i);
      if (character >= BYTES.length || BYTES[character] < 0) {
        return spelling.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = (byte) BYTES[character];
    }
    return bytes;
  }
}
