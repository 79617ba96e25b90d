package org.folkmoot.engine.template;

import java.math.BigDecimal;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Numbers as Python reads, writes and orders them. */
final class Numbers {
  private Numbers() {}

  /** The value of an integer literal: decimal, or hexadecimal, octal or binary by its prefix. */
  static long literal(String text) {
    String lower = text.toLowerCase(Locale.ROOT);
    try {
      if (lower.startsWith("0x")) {
        return Long.parseLong(lower.substring(2), 16);
      }
      if (lower.startsWith("0o")) {
        return Long.parseLong(lower.substring(2), 8);
      }
      if (lower.startsWith("0b")) {
        return Long.parseLong(lower.substring(2), 2);
      }
      return Long.parseLong(lower);
    } catch (NumberFormatException _) {
      throw tooLarge();
    }
  }

  static TemplateFault tooLarge() {
    return TemplateFault.unsupported("a whole number beyond 64 bits");
  }

  /** The number as arithmetic takes it, truth values included; null for what is none. */
  static Value.@Nullable Int asInt(Value value) {
    return switch (value) {
      case Value.Int number -> number;
      case Value.Bool bool -> new Value.Int(bool.value() ? 1 : 0);
      default -> null;
    };
  }

  static boolean isNumber(Value value) {
    return value instanceof Value.Int || value instanceof Value.Real || value instanceof Value.Bool;
  }

  /** The number as a float; it must be a number. */
  static double asDouble(Value number) {
    return switch (number) {
      case Value.Real real -> real.value();
      case Value.Int whole -> whole.value();
      case Value.Bool bool -> bool.value() ? 1 : 0;
      default -> throw new IllegalArgumentException(number.type());
    };
  }

  /** Whether one of two numbers is NaN, which is neither less than nor equal to anything. */
  static boolean unordered(Value a, Value b) {
    return Double.isNaN(asDouble(a)) || Double.isNaN(asDouble(b));
  }

  /** Orders numbers by their exact values, NaN last: a total order, fit for sorting. */
  static int compare(Value a, Value b) {
    Value.Int left = asInt(a);
    Value.Int right = asInt(b);
    if (left != null && right != null) {
      return Long.compare(left.value(), right.value());
    }
    // Adding zero makes -0.0 and 0.0 one.
    double x = asDouble(a) + 0.0;
    double y = asDouble(b) + 0.0;
    if (x != y) {
      return Double.compare(x, y);
    }
    // A float that a whole number may have been rounded to is whole itself; 2^63 is beyond them.
    if (left != null) {
      return y == 0x1p63 ? -1 : Long.compare(left.value(), (long) y);
    }
    if (right != null) {
      return x == 0x1p63 ? 1 : Long.compare((long) x, right.value());
    }
    return 0;
  }

  /** Python's {@code repr} of a float: the shortest digits that read back as the same number. */
  static String repr(double value) {
    if (Double.isNaN(value)) {
      return "nan";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "inf" : "-inf";
    }
    if (value == 0) {
      return 1 / value > 0 ? "0.0" : "-0.0";
    }
    BigDecimal decimal = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = decimal.toPlainString();
      return plain.indexOf('.') < 0 ? plain + ".0" : plain;
    }
    String digits = decimal.unscaledValue().abs().toString();
    String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
    return (value < 0 ? "-" : "")
        + mantissa
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }
}
