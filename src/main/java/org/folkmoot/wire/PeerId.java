package org.folkmoot.wire;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;

/**
 * Who a peer is: its Ed25519 public key (RFC 8032). Whoever speaks under it has proved to hold the
 * private key.
 */
public record PeerId(Hash32 key) implements Comparable<PeerId> {
  /** Characters that people see of it. */
  private static final int SHORT = 8;

  /**
   * The id of a text as {@link #text} gives it.
   *
   * @throws FolkmootException BAD_REQUEST if it is none
   */
  public static PeerId parse(String text) {
    byte[] bytes = Base32.decode(text);
    if (bytes.length != Hash32.BYTES) {
      throw new FolkmootException(BAD_REQUEST, "a peer id has 52 letters and digits, this has not");
    }
    return new PeerId(Hash32.of(bytes));
  }

  /** 52 lower-case letters and digits (base32, RFC 4648). */
  public String text() {
    return Base32.encode(key.bytes());
  }

  @Override
  public int compareTo(PeerId other) {
    return key.compareTo(other.key);
  }

  /** Its first characters: enough for people. */
  @Override
  public String toString() {
    return text().substring(0, SHORT);
  }
}
