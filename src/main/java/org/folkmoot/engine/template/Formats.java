package org.folkmoot.engine.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.List;
import org.folkmoot.engine.template.Value.Sequence;

/**
 * The plain forms of Python's two ways to fill values into a string: {@code '%s %d' % (a, b)} and
 * {@code '{} {name}'.format(a, name=b)}. Widths, alignment and conversions beyond these are
 * unsupported, by name.
 */
final class Formats {
  private Formats() {}

  /** Python's {@code format % values}: %s, %r, %d, %i, %x, %f with a precision, and %%. */
  static Text percent(Text format, Value values, Budget budget) {
    budget.characters(format.units());
    boolean several = values instanceof Sequence tuple && tuple.kind() == Sequence.Kind.TUPLE;
    List<Value> rest = several ? ((Sequence) values).items() : List.of(values);
    Text.Builder out = new Text.Builder();
    String string = format.string();
    int used = 0;
    int copied = 0;
    for (int at = string.indexOf('%'); at >= 0; at = string.indexOf('%', copied)) {
      budget.steps(1);
      out.append(format, copied, at);
      int conversion = at + 1;
      while (conversion < string.length() && isPrecision(string.charAt(conversion))) {
        conversion++;
      }
      if (conversion == string.length()) {
        throw TemplateFault.wrong("the format ends within a conversion");
      }
      char kind = string.charAt(conversion);
      copied = conversion + 1;
      if (kind == '%') {
        out.append(format, at, at + 1);
      } else if (used == rest.size()) {
        throw TemplateFault.wrong("the format has more conversions than values");
      } else {
        out.append(converted(rest.get(used++), kind, string.substring(at + 1, conversion), budget));
      }
    }
    if (used < rest.size() && (several || !mayHaveNames(values))) {
      throw TemplateFault.wrong("the format has fewer conversions than values");
    }
    return out.append(format, copied, string.length()).build();
  }

  /** What Python takes for values by name, so that none of them need be used. */
  private static boolean mayHaveNames(Value values) {
    return values instanceof Value.Dict
        || values instanceof Sequence
        || values instanceof Value.Undefined;
  }

  private static boolean isPrecision(char c) {
    return c == '.' || Characters.isDigit(c);
  }

  private static Text converted(Value value, char kind, String precision, Budget budget) {
    budget.conversion();
    if (kind == 'f') {
      return Text.trusted(fixed(value, precision));
    }
    if (!precision.isEmpty()) {
      throw TemplateFault.unsupported("a width or precision in %" + kind);
    }
    return switch (kind) {
      case 's' -> Printer.str(value, budget);
      case 'r' -> Printer.repr(value, budget);
      case 'd', 'i' -> Text.trusted(Long.toString(whole(value)));
      case 'x' -> Text.trusted(hexadecimal(whole(value)));
      default -> throw TemplateFault.unsupported("the conversion %" + kind);
    };
  }

  private static String hexadecimal(long value) {
    return value < 0 ? "-" + Long.toHexString(-value) : Long.toHexString(value);
  }

  private static long whole(Value value) {
    requireNumber(value);
    Value.Int number = Numbers.asInt(value);
    if (number != null) {
      return number.value();
    }
    double real = Numbers.asDouble(value);
    if (!(Math.abs(real) < 0x1p63)) {
      throw Numbers.tooLarge();
    }
    return (long) real;
  }

  private static String fixed(Value value, String precision) {
    requireNumber(value);
    if (!precision.isEmpty() && !precision.matches("\\.\\d{1,2}")) {
      throw TemplateFault.unsupported("a width in %f");
    }
    double number = Numbers.asDouble(value);
    if (!Double.isFinite(number)) {
      return Numbers.repr(number);
    }
    int digits = precision.isEmpty() ? 6 : Integer.parseInt(precision.substring(1));
    String plain =
        new BigDecimal(Math.abs(number)).setScale(digits, RoundingMode.HALF_EVEN).toPlainString();
    return 1 / number < 0 ? "-" + plain : plain;
  }

  private static void requireNumber(Value value) {
    if (!Numbers.isNumber(value)) {
      throw Operators.undefinedOr(value, value, "the format needs a number, not " + value.type());
    }
  }

  /** Python's {@code format.format(values)}: {@code {}}, {@code {0}}, {@code {name}}, {{ and }}. */
  static Text format(Text format, Args args, Budget budget) {
    Text.Builder out = new Text.Builder();
    String string = format.string();
    int automatic = 0;
    for (int at = 0; at < string.length(); ) {
      char c = string.charAt(at);
      if (c != '{' && c != '}') {
        int next = at + 1;
        while (next < string.length() && "{}".indexOf(string.charAt(next)) < 0) {
          next++;
        }
        out.append(format, at, next);
        at = next;
      } else if (at + 1 < string.length() && string.charAt(at + 1) == c) {
        out.append(format, at, at + 1);
        at += 2;
      } else {
        int close = c == '{' ? string.indexOf('}', at) : -1;
        if (close < 0) {
          throw TemplateFault.wrong("the format has a single brace");
        }
        String field = string.substring(at + 1, close);
        Value value = field.isEmpty() ? positional(args, automatic++) : field(args, field);
        out.append(Printer.str(value, budget));
        at = close + 1;
      }
    }
    return out.build();
  }

  private static Value field(Args args, String field) {
    if (field.matches("\\d{1,3}")) {
      return positional(args, Integer.parseInt(field));
    }
    Value named = args.named().get(field);
    if (named != null) {
      return named;
    }
    throw field.matches("\\w*")
        ? TemplateFault.wrong("the format names a value that is not given")
        : TemplateFault.unsupported("a conversion in {} of format()");
  }

  private static Value positional(Args args, int index) {
    if (index >= args.positional().size()) {
      throw TemplateFault.wrong("the format has more fields than values");
    }
    return args.positional().get(index);
  }
}
