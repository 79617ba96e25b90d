package org.folkmoot.base;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Byte counts keep three digits. */
class ByteCountTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "999, 999 B",
    "1000, 1.00 kB",
    "98362432, 98.4 MB",
    "9999999, 10.0 MB",
    "99960000, 100 MB",
    "999600000, 1.00 GB",
    "1320000000, 1.32 GB",
    "9223372036854775807, 9.22 EB"
  })
  void threeDigitsAndAUnit(long bytes, String text) {
    assertThat(ByteCount.text(bytes)).isEqualTo(text);
  }
}
