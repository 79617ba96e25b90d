package org.folkmoot.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads amounts of memory as a person gives them to a program: {@code 512M}, {@code 1.5G}. */
final class MemorySize implements ITypeConverter<Long> {
  private static final Pattern FORM =
      Pattern.compile("(\\d{1,12}(?:\\.\\d{1,3})?)([KMGT]?)(?:I?B)?");

  /** Binary units, as for the JVM's own options. */
  @Override
  public Long convert(String text) {
    Matcher parts = FORM.matcher(text.toUpperCase(Locale.ROOT));
    double bytes = parts.matches() ? Double.parseDouble(parts.group(1)) * unit(parts.group(2)) : 0;
    if (bytes < 1 || bytes >= 0x1p62) {
      throw new TypeConversionException(
          "'" + text + "' is no amount of memory, such as 512M or 4G");
    }
    return (long) bytes;
  }

  private static double unit(String letter) {
    return letter.isEmpty() ? 1 : Math.scalb(1.0, 10 * (1 + "KMGT".indexOf(letter)));
  }
}
