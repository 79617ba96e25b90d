package org.folkmoot.ledger.note;

import java.util.Base64;
import java.util.Optional;

/** Base64 (RFC 4648, section 4) of which each sequence of bytes has one text only. */
public final class Base64Text {
  private Base64Text() {}

  /** The text of some bytes. */
  public static String encode(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  /** The bytes of a text; empty if it is not the one text of any. */
  public static Optional<byte[]> decode(String text) {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException none) {
      return Optional.empty();
    }
    // The JDK reads texts whose last bits or padding are not those that it writes.
    return encode(bytes).equals(text) ? Optional.of(bytes) : Optional.empty();
  }
}
