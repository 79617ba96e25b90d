package org.folkmoot.kernel;

/**
 * How machine code reads quantised activations: panel after panel of up to {@link
 * Activations#PANEL} tokens, in each a record for every block of 32 columns. A record of {@code n}
 * tokens has {@code n} times 32 int8, then {@code n} each of five numbers of four bytes. {@link
 * Tier#AVX2} has no use for the negative sums, and none of theirs is there but {@link #SUM_PAIR}.
 */
final class TokenRecords {
  /** {@code dx}, binary32. */
  static final int DX = 0;

  /** {@code -qsum}, int32. */
  static final int MINUS_SUM = 1;

  /** {@code qsum}, binary32. */
  static final int SUM = 2;

  /** {@code -qsum} of columns 0–15 only, int32. */
  static final int MINUS_FIRST = 3;

  /** {@code -qsum} of columns 16–31 only, int32. */
  static final int MINUS_SECOND = 4;

  /** {@code qsum} of columns 0–15 and, in the upper half, 16–31, int16: in the first's place. */
  static final int SUM_PAIR = MINUS_FIRST;

  /** Bytes of one token's part of a record. */
  static final int BYTES = 32 + 5 * 4;

  private TokenRecords() {}

  /** Where in a record of {@code tokens} tokens one of the numbers of one token lies. */
  static int at(int number, int tokens, int token) {
    return 32 * tokens + 4 * (number * tokens + token);
  }
}
