package org.folkmoot.engine.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The filters {@code int}, {@code float} and {@code round}. */
final class Conversions {
  /**
   * Longer digits are no number that a template could mean, and parsing them costs their square.
   */
  private static final int MAX_DIGITS = 400;

  private static final Pattern REAL =
      Pattern.compile("[+-]?(\\d++(\\.\\d*+)?+|\\.\\d++)([eE][+-]?\\d{1,4})?");

  private final Budget budget;

  Conversions(Budget budget) {
    this.budget = budget;
  }

  /** Python's {@code int(value)}, else {@code int(float(value))}, else the default. */
  Value toInt(Value value, Args.Bound args) {
    budget.conversion();
    long base = args.wholeNumber("base", 10);
    Value fallback = args.get("default", new Value.Int(0));
    return switch (value) {
      case Value.Undefined undefined -> throw undefined.fault();
      case Text text -> {
        Value parsed = parsed(text.string().strip(), base);
        yield parsed == null ? fallback : parsed;
      }
      case Value.Int number -> number;
      case Value.Bool bool -> new Value.Int(bool.value() ? 1 : 0);
      case Value.Real real -> Double.isFinite(real.value()) ? truncated(real.value()) : fallback;
      default -> fallback;
    };
  }

  private static Value.@Nullable Int parsed(String text, long base) {
    if (text.length() > MAX_DIGITS) {
      return null;
    }
    int radix = Math.clamp(base, Character.MIN_RADIX, Character.MAX_RADIX);
    String digits = text.replaceFirst("^([+-]?)0[" + prefixOf(radix) + "]", "$1");
    try {
      return new Value.Int(Long.parseLong(digits, radix));
    } catch (NumberFormatException _) {
      if (digits.matches("[+-]?\\d+") && radix == 10) {
        throw Numbers.tooLarge();
      }
      return REAL.matcher(text).matches() ? truncated(Double.parseDouble(text)) : null;
    }
  }

  private static String prefixOf(int radix) {
    return switch (radix) {
      case 16 -> "xX";
      case 8 -> "oO";
      case 2 -> "bB";
      default -> "_";
    };
  }

  private static Value.Int truncated(double value) {
    if (!(Math.abs(value) < 0x1p63)) {
      throw Numbers.tooLarge();
    }
    return new Value.Int((long) value);
  }

  /** Python's {@code float(value)}, else the default. */
  Value toReal(Value value, Args.Bound args) {
    budget.conversion();
    Value fallback = args.get("default", new Value.Real(0));
    return switch (value) {
      case Value.Undefined undefined -> throw undefined.fault();
      case Text text -> {
        String string = text.string().strip();
        if (string.length() <= MAX_DIGITS && REAL.matcher(string).matches()) {
          yield new Value.Real(Double.parseDouble(string));
        }
        yield switch (string.toLowerCase(Locale.ROOT)) {
          case "nan", "+nan", "-nan" -> new Value.Real(Double.NaN);
          case "inf", "+inf", "infinity", "+infinity" -> new Value.Real(Double.POSITIVE_INFINITY);
          case "-inf", "-infinity" -> new Value.Real(Double.NEGATIVE_INFINITY);
          default -> fallback;
        };
      }
      default -> Numbers.isNumber(value) ? new Value.Real(Numbers.asDouble(value)) : fallback;
    };
  }

  /**
   * Jinja's {@code round}: to even by default as Python rounds, which leaves whole numbers whole;
   * up and down always give a float.
   */
  Value round(Value value, Args.Bound args) {
    if (!Numbers.isNumber(value)) {
      throw Operators.undefinedOr(value, value, "cannot round " + value.type());
    }
    budget.conversion();
    int precision = Math.clamp(args.wholeNumber("precision", 0), -400, 400);
    double scale = Math.pow(10, precision);
    return switch (args.text("method", Text.trusted("common")).string()) {
      case "common" -> rounded(value, precision);
      case "ceil" -> new Value.Real(Math.ceil(Numbers.asDouble(value) * scale) / scale + 0.0);
      case "floor" -> new Value.Real(Math.floor(Numbers.asDouble(value) * scale) / scale);
      default -> throw TemplateFault.wrong("rounding is 'common', 'ceil' or 'floor'");
    };
  }

  private static Value rounded(Value value, int precision) {
    Value.Int whole = Numbers.asInt(value);
    double number = Numbers.asDouble(value);
    if (!Double.isFinite(number) || (whole != null && precision >= 0)) {
      return whole == null ? value : whole;
    }
    BigDecimal exact = new BigDecimal(number).setScale(precision, RoundingMode.HALF_EVEN);
    return whole == null
        ? new Value.Real(Math.copySign(exact.doubleValue(), number))
        : new Value.Int(exact.longValue());
  }
}
