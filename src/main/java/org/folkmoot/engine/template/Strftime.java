package org.folkmoot.engine.template;

import java.time.LocalDateTime;
import java.time.format.TextStyle;
import java.util.Locale;

/**
 * Times as C's {@code strftime} writes them in the C locale. Source: the Python library reference,
 * "strftime() and strptime() Format Codes", with glibc's {@code -} for no padding.
 */
final class Strftime {
  private final LocalDateTime time;
  private final StringBuilder out = new StringBuilder();

  private Strftime(LocalDateTime time) {
    this.time = time;
  }

  static String format(LocalDateTime time, String format) {
    Strftime strftime = new Strftime(time);
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        strftime.out.append(c);
        continue;
      }
      boolean padded = format.charAt(++i) != '-';
      if (!padded) {
        i++;
      }
      strftime.put(i < format.length() ? format.charAt(i) : ' ', padded);
    }
    return strftime.out.toString();
  }

  private void put(char code, boolean padded) {
    switch (code) {
      case 'a' -> out.append(time.getDayOfWeek().getDisplayName(TextStyle.SHORT, Locale.ROOT));
      case 'A' -> out.append(time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
      case 'b', 'h' -> out.append(time.getMonth().getDisplayName(TextStyle.SHORT, Locale.ROOT));
      case 'B' -> out.append(time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH));
      case 'd' -> number(time.getDayOfMonth(), 2, padded);
      case 'e' -> out.append(String.format(padded ? "%2d" : "%d", time.getDayOfMonth()));
      case 'm' -> number(time.getMonthValue(), 2, padded);
      case 'y' -> number(time.getYear() % 100, 2, padded);
      case 'Y' -> number(time.getYear(), 4, padded);
      case 'H' -> number(time.getHour(), 2, padded);
      case 'I' -> number((time.getHour() + 11) % 12 + 1, 2, padded);
      case 'M' -> number(time.getMinute(), 2, padded);
      case 'S' -> number(time.getSecond(), 2, padded);
      case 'f' -> number(time.getNano() / 1000, 6, padded);
      case 'j' -> number(time.getDayOfYear(), 3, padded);
      case 'p' -> out.append(time.getHour() < 12 ? "AM" : "PM");
      case 'u' -> out.append(time.getDayOfWeek().getValue());
      case 'w' -> out.append(time.getDayOfWeek().getValue() % 7);
      case 'D' -> out.append(format(time, "%m/%d/%y"));
      case 'F' -> out.append(format(time, "%Y-%m-%d"));
      case 'R' -> out.append(format(time, "%H:%M"));
      case 'T' -> out.append(format(time, "%H:%M:%S"));
      case '%' -> out.append('%');
      default -> throw TemplateFault.unsupported("that code of strftime_now()");
    }
  }

  private void number(int value, int width, boolean padded) {
    String digits = Integer.toString(value);
    out.repeat("0", padded ? Math.max(0, width - digits.length()) : 0).append(digits);
  }
}
