package org.folkmoot.engine.template;

import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Undefined;

/**
 * Decides tests. Source: "List of Builtin Tests" in the template designer documentation of Jinja
 * 3.1.
 */
final class Tests {
  private final Operators operators;
  private final Arithmetic arithmetic;
  private final Budget budget;

  Tests(Operators operators, Arithmetic arithmetic, Budget budget) {
    this.operators = operators;
    this.arithmetic = arithmetic;
    this.budget = budget;
  }

  boolean holds(TestName name, Value value, Args args) {
    return switch (name) {
      case EQ -> compared(Expr.Comparator.EQUAL, name, value, args);
      case NE -> compared(Expr.Comparator.NOT_EQUAL, name, value, args);
      case LT -> compared(Expr.Comparator.LESS, name, value, args);
      case LE -> compared(Expr.Comparator.LESS_OR_EQUAL, name, value, args);
      case GT -> compared(Expr.Comparator.GREATER, name, value, args);
      case GE -> compared(Expr.Comparator.GREATER_OR_EQUAL, name, value, args);
      case IN -> compared(Expr.Comparator.IN, name, value, args);
      case SAMEAS -> value.equals(other(name, args));
      case DIVISIBLEBY -> remainderIs(value, other(name, args), 0);
      default -> {
        args.bind("the test '" + name + "'");
        yield holds(name, value);
      }
    };
  }

  private static Value other(TestName name, Args args) {
    return args.bind("the test '" + name + "'", "other").require("other");
  }

  private boolean compared(Expr.Comparator comparator, TestName name, Value value, Args args) {
    return operators.compare(comparator, value, other(name, args));
  }

  private boolean holds(TestName name, Value value) {
    return switch (name) {
      case BOOLEAN -> value instanceof Value.Bool;
      case CALLABLE ->
          value instanceof Value.Function
              || value instanceof Value.Method
              || value instanceof Value.Macro
              || value instanceof Undefined;
      case DEFINED -> !(value instanceof Undefined);
      case UNDEFINED -> value instanceof Undefined;
      case EVEN -> remainderIs(value, new Value.Int(2), 0);
      case ODD -> remainderIs(value, new Value.Int(2), 1);
      case FALSE -> value instanceof Value.Bool bool && !bool.value();
      case TRUE -> value instanceof Value.Bool bool && bool.value();
      case FLOAT -> value instanceof Value.Real;
      case INTEGER -> value instanceof Value.Int;
      case NUMBER -> Numbers.isNumber(value);
      case NONE -> value instanceof Value.None;
      case STRING -> value instanceof Text;
      case MAPPING -> value instanceof Dict;
      case SEQUENCE ->
          value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined
              || (value instanceof Sequence sequence && sequence.kind().indexed());
      case ITERABLE ->
          value instanceof Text
              || value instanceof Dict
              || value instanceof Undefined
              || value instanceof Sequence
              || value instanceof Value.Stream;
      case LOWER -> hasCase(value, false);
      case UPPER -> hasCase(value, true);
      case DIVISIBLEBY, EQ, GE, GT, IN, LE, LT, NE, SAMEAS ->
          throw new IllegalStateException(name + " takes an argument");
    };
  }

  private boolean remainderIs(Value value, Value divisor, long wanted) {
    Value remainder = arithmetic.apply(Expr.Operator.REMAINDER, value, divisor);
    return operators.equal(remainder, new Value.Int(wanted));
  }

  /** Python's {@code str(value).isupper()} or {@code islower()}. */
  private boolean hasCase(Value value, boolean upper) {
    Text text = Printer.str(value, budget);
    budget.characters(text.units());
    int[] cased = text.string().codePoints().filter(Characters::isCased).toArray();
    for (int c : cased) {
      if (upper != Character.isUpperCase(c)) {
        return false;
      }
    }
    return cased.length > 0;
  }
}
