package org.folkmoot.base;

import static org.folkmoot.base.FolkmootException.Code.BAD_REQUEST;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** 32 bytes that name something: a hash or a public key. Ordered as unsigned bytes. */
public final class Hash32 implements Comparable<Hash32> {
  /** Its length in bytes. */
  public static final int BYTES = 32;

  private final byte[] bytes;

  private Hash32(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * These 32 bytes.
   *
   * @throws IllegalArgumentException if there are not 32
   */
  public static Hash32 of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException(bytes.length + " bytes instead of 32");
    }
    return new Hash32(bytes.clone());
  }

  /** The SHA-256 (FIPS 180-4) of some bytes. */
  public static Hash32 sha256(byte[] bytes) {
    return new Hash32(newSha256().digest(bytes));
  }

  /** A new SHA-256, for what comes in parts or is hashed often. */
  public static MessageDigest newSha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }

  /**
   * The bytes of 64 hexadecimal digits.
   *
   * @throws FolkmootException BAD_REQUEST if the text is something else
   */
  public static Hash32 ofHex(String hex) {
    try {
      return of(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException malformed) {
      throw new FolkmootException(
          BAD_REQUEST, "a hash has 64 hexadecimal digits, this has not", malformed);
    }
  }

  /** A copy of the bytes. */
  public byte[] bytes() {
    return bytes.clone();
  }

  /** 64 hexadecimal digits. */
  public String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public int compareTo(Hash32 other) {
    return Arrays.compareUnsigned(bytes, other.bytes);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Hash32 hash && Arrays.equals(bytes, hash.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  /** The first digits: enough for people. */
  @Override
  public String toString() {
    return hex().substring(0, 12);
  }
}
