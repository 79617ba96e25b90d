package org.folkmoot.proof;

import java.io.ByteArrayOutputStream;

/**
 * Writes the part of CBOR (RFC 8949) that evidence needs, in its one canonical form (CTAP2): whole
 * numbers from 0 in the shortest form, byte strings, arrays and maps of known length.
 */
final class CborWriter {
  static final int UNSIGNED = 0;
  static final int BYTES = 2;
  static final int ARRAY = 4;
  static final int MAP = 5;

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  CborWriter number(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("no unsigned number: " + value);
    }
    return head(UNSIGNED, value);
  }

  CborWriter bytes(byte[] value) {
    head(BYTES, value.length);
    out.writeBytes(value);
    return this;
  }

  /** An array: so many items follow. */
  CborWriter array(int items) {
    return head(ARRAY, items);
  }

  /** A map: so many pairs follow, with keys {@link #number} in ascending order. */
  CborWriter map(int pairs) {
    return head(MAP, pairs);
  }

  private CborWriter head(int major, long value) {
    int type = major << 5;
    if (value < 24) {
      out.write(type | (int) value);
    } else if (value <= 0xff) {
      out.write(type | 24);
      bigEndian(value, 1);
    } else if (value <= 0xffff) {
      out.write(type | 25);
      bigEndian(value, 2);
    } else if (value <= 0xffff_ffffL) {
      out.write(type | 26);
      bigEndian(value, 4);
    } else {
      out.write(type | 27);
      bigEndian(value, 8);
    }
    return this;
  }

  private void bigEndian(long value, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) {
      out.write((int) (value >>> (8 * i)));
    }
  }

  byte[] toBytes() {
    return out.toByteArray();
  }
}
