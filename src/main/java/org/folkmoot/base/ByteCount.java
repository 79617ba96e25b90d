package org.folkmoot.base;

import java.util.Locale;

/** Byte counts for people: decimal units with three digits, as disks and downloads are sold. */
public final class ByteCount {
  private static final String[] UNITS = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};

  private ByteCount() {}

  /** For example {@code 512 B}, {@code 98.4 MB}, {@code 1.32 GB}, {@code 241 GB}. */
  public static String text(long bytes) {
    double value = bytes;
    int unit = 0;
    // 999.5 would be written as 1000.
    while (value >= 999.5 && unit < UNITS.length - 1) {
      value /= 1000;
      unit++;
    }
    String format =
        unit == 0 || value >= 99.95 ? "%.0f %s" : value >= 9.995 ? "%.1f %s" : "%.2f %s";
    return String.format(Locale.ROOT, format, value, UNITS[unit]);
  }
}
