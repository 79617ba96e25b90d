package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Sequence.Kind;

/**
 * Python's arithmetic. Whole numbers have 64 bits and fault beyond. Source: the Python language
 * reference, "Binary arithmetic operations".
 */
final class Arithmetic {
  private final Budget budget;

  Arithmetic(Budget budget) {
    this.budget = budget;
  }

  Value apply(Expr.Operator operator, Value a, Value b) {
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      Value.Int left = Numbers.asInt(a);
      Value.Int right = Numbers.asInt(b);
      return left != null && right != null
          ? whole(operator, left.value(), right.value())
          : real(operator, Numbers.asDouble(a), Numbers.asDouble(b));
    }
    return switch (operator) {
      case ADD -> join(a, b);
      case MULTIPLY -> repeat(a, b);
      case REMAINDER -> {
        if (!(a instanceof Text format)) {
          throw cannot(operator, a, b);
        }
        yield Formats.percent(format, b, budget);
      }
      case SUBTRACT, DIVIDE, FLOOR_DIVIDE, POWER -> throw cannot(operator, a, b);
    };
  }

  /** Joins texts, as {@code ~} and {@code +} do. */
  Text concat(Text a, Text b) {
    budget.characters(a.units() + (long) b.units());
    return a.plus(b);
  }

  Value negate(Value value) {
    return switch (value) {
      case Value.Int number -> whole(Expr.Operator.SUBTRACT, 0, number.value());
      case Value.Bool bool -> new Value.Int(bool.value() ? -1 : 0);
      case Value.Real number -> new Value.Real(-number.value());
      default -> throw Operators.undefinedOr(value, value, "cannot negate " + value.type());
    };
  }

  Value plus(Value value) {
    if (!Numbers.isNumber(value)) {
      throw Operators.undefinedOr(value, value, value.type() + " cannot have a sign");
    }
    Value.Int number = Numbers.asInt(value);
    return number == null ? value : number;
  }

  private Value join(Value a, Value b) {
    if (a instanceof Text left && b instanceof Text right) {
      return concat(left, right);
    }
    if (a instanceof Sequence left
        && b instanceof Sequence right
        && left.kind() == right.kind()
        && (left.kind() == Kind.LIST || left.kind() == Kind.TUPLE)) {
      budget.elements(left.items().size() + (long) right.items().size());
      List<Value> items = new ArrayList<>(left.items());
      items.addAll(right.items());
      return new Sequence(left.kind(), items);
    }
    throw cannot(Expr.Operator.ADD, a, b);
  }

  private Value repeat(Value a, Value b) {
    Value.Int left = Numbers.asInt(a);
    Value.Int right = Numbers.asInt(b);
    if (left != null) {
      return repeat(b, left.value(), a);
    }
    if (right != null) {
      return repeat(a, right.value(), b);
    }
    throw cannot(Expr.Operator.MULTIPLY, a, b);
  }

  private Value repeat(Value value, long times, Value factor) {
    long count = Math.max(times, 0);
    if (value instanceof Text text) {
      if (text.isEmpty()) {
        return text;
      }
      if (count > Budget.MAX_TEXT / text.units()) {
        throw Budget.tooLong();
      }
      budget.characters(text.units() * count);
      Text.Builder all = new Text.Builder();
      for (long i = 0; i < count; i++) {
        all.append(text);
      }
      return all.build();
    }
    if (value instanceof Sequence list && (list.kind() == Kind.LIST || list.kind() == Kind.TUPLE)) {
      // Beyond any budget there is no need to multiply exactly.
      budget.elements(Math.min(count, Budget.MAX_STEPS) * list.items().size());
      List<Value> items = new ArrayList<>();
      Collections.nCopies(list.items().isEmpty() ? 0 : (int) count, list.items())
          .forEach(items::addAll);
      return new Sequence(list.kind(), items);
    }
    throw cannot(Expr.Operator.MULTIPLY, value, factor);
  }

  private static TemplateFault cannot(Expr.Operator operator, Value a, Value b) {
    return Operators.undefinedOr(
        a, b, "cannot apply " + operator.sign + " to " + a.type() + " and " + b.type());
  }

  private Value whole(Expr.Operator operator, long a, long b) {
    try {
      return switch (operator) {
        case ADD -> new Value.Int(Math.addExact(a, b));
        case SUBTRACT -> new Value.Int(Math.subtractExact(a, b));
        case MULTIPLY -> new Value.Int(Math.multiplyExact(a, b));
        case DIVIDE -> new Value.Real(a / (double) nonZero(b));
        case FLOOR_DIVIDE -> new Value.Int(Math.floorDivExact(a, nonZero(b)));
        case REMAINDER -> new Value.Int(Math.floorMod(a, nonZero(b)));
        case POWER ->
            b < 0
                ? new Value.Real(Math.pow((double) nonZero(a), (double) b))
                : new Value.Int(power(a, b));
      };
    } catch (ArithmeticException _) {
      throw Numbers.tooLarge();
    }
  }

  /** By squaring, so that 64 multiplications are the most; throws ArithmeticException beyond. */
  private static long power(long base, long exponent) {
    long result = 1;
    long square = base;
    for (long rest = exponent; rest > 0; rest >>= 1) {
      if ((rest & 1) == 1) {
        result = Math.multiplyExact(result, square);
      }
      if (rest > 1) {
        square = Math.multiplyExact(square, square);
      }
    }
    return result;
  }

  private static long nonZero(long divisor) {
    if (divisor == 0) {
      throw TemplateFault.wrong("divides by zero");
    }
    return divisor;
  }

  private static double nonZero(double divisor) {
    if (divisor == 0) {
      throw TemplateFault.wrong("divides by zero");
    }
    return divisor;
  }

  private static Value real(Expr.Operator operator, double a, double b) {
    return new Value.Real(
        switch (operator) {
          case ADD -> a + b;
          case SUBTRACT -> a - b;
          case MULTIPLY -> a * b;
          case DIVIDE -> a / nonZero(b);
          case FLOOR_DIVIDE -> floorDivide(a, nonZero(b));
          case REMAINDER -> remainder(a, nonZero(b));
          case POWER -> Math.pow(a, b);
        });
  }

  /** With the sign of the divisor, also where it is zero, as Python has it. */
  private static double remainder(double a, double b) {
    double rest = a % b;
    if (rest == 0) {
      return Math.copySign(0, b);
    }
    return (rest < 0) != (b < 0) ? rest + b : rest;
  }

  /** The whole number nearest to what is left without the remainder: 1.0 // 0.1 is 9. */
  private static double floorDivide(double a, double b) {
    double quotient = Math.rint((a - remainder(a, b)) / b);
    return quotient == 0 ? Math.copySign(0, a / b) : quotient;
  }
}
