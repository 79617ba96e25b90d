package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Spans of time as people write them: {@code 90s}, {@code 15m}, {@code 36h}, {@code 3d}. */
final class TimeSpan implements ITypeConverter<Long> {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,6})([smhd])");
  private static final Map<String, Long> SECONDS =
      Map.of("s", 1L, "m", 60L, "h", 3600L, "d", 86_400L);
  private static final List<String> UNITS = List.of("d", "h", "m", "s");
  private static final int PARTS = 2;

  @Override
  public Long convert(String text) {
    Matcher matcher = FORM.matcher(text);
    Long unit = matcher.matches() ? SECONDS.get(matcher.group(2)) : null;
    if (unit == null) {
      throw new TypeConversionException("a span of time looks like 90s, 15m, 36h or 3d");
    }
    return 1000 * unit * Long.parseLong(matcher.group(1));
  }

  /** Its two largest parts: {@code 2 d 3 h}. */
  static String text(long seconds) {
    List<String> parts = new ArrayList<>();
    long rest = Math.max(0, seconds);
    for (String name : UNITS) {
      long unit = SECONDS.getOrDefault(name, 1L);
      if (rest >= unit && parts.size() < PARTS) {
        parts.add(rest / unit + " " + (name.equals("m") ? "min" : name));
        rest %= unit;
      }
    }
    return parts.isEmpty() ? "0 s" : String.join(" ", parts);
  }
}
