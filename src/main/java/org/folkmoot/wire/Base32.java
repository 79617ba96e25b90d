package org.folkmoot.wire;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.io.ByteArrayOutputStream;
import org.folkmoot.base.FolkmootException;

/** Base32 (RFC 4648) in lower case without padding: safe in file names, and fit to be read out. */
public final class Base32 {
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

  private Base32() {}

  /** The text of some bytes. */
  public static String encode(byte[] bytes) {
    StringBuilder text = new StringBuilder((bytes.length * 8 + 4) / 5);
    int buffer = 0;
    int bits = 0;
    for (byte next : bytes) {
      buffer = (buffer << 8) | (next & 0xff);
      bits += 8;
      while (bits >= 5) {
        bits -= 5;
        text.append(ALPHABET.charAt((buffer >> bits) & 31));
      }
    }
    if (bits > 0) {
      text.append(ALPHABET.charAt((buffer << (5 - bits)) & 31));
    }
    return text.toString();
  }

  /**
   * The bytes of a text in either case.
   *
   * @throws FolkmootException BAD_REQUEST for other characters, or bits left over that are not 0
   */
  public static byte[] decode(String text) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length() * 5 / 8);
    int buffer = 0;
    int bits = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      int value = ALPHABET.indexOf(c >= 'A' && c <= 'Z' ? (char) (c + 32) : c);
      if (value < 0) {
        throw new FolkmootException(BAD_REQUEST, "there is a character that does not belong here");
      }
      buffer = ((buffer << 5) | value) & 0xfff;
      bits += 5;
      if (bits >= 8) {
        bits -= 8;
        bytes.write(buffer >> bits);
      }
    }
    if (bits >= 5 || (buffer & ((1 << bits) - 1)) != 0) {
      throw new FolkmootException(BAD_REQUEST, "it is cut short or has a wrong character");
    }
    return bytes.toByteArray();
  }
}
