package org.folkmoot.engine.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** An expression. Those that can fault in ways of their own know their line. */
sealed interface Expr {
  /** A value written out. */
  record Constant(Value value) implements Expr {}

  /** A variable. */
  record Name(String name) implements Expr {}

  /** {@code [a, b]}, or {@code (a, b)} for a tuple. */
  record Items(Value.Sequence.Kind kind, List<Expr> items) implements Expr {}

  /** {@code {a: b}}. */
  record DictOf(List<Pair> pairs) implements Expr {}

  /** A key with its value. */
  record Pair(Expr key, Expr value) {}

  /** {@code target.name}. */
  record Attribute(Expr target, String name, int line) implements Expr {}

  /** {@code target[key]}. */
  record Item(Expr target, Expr key, int line) implements Expr {}

  /** {@code target[from:to:step]}. */
  record Slice(Expr target, @Nullable Expr from, @Nullable Expr to, @Nullable Expr step, int line)
      implements Expr {}

  /** {@code target(arguments)}. */
  record Call(Expr target, Arguments arguments, int line) implements Expr {}

  /** {@code target | filter(arguments)}. */
  record Filtered(Expr target, FilterUse filter) implements Expr {}

  /** A filter with its arguments. */
  record FilterUse(FilterName name, Arguments arguments, int line) {}

  /** {@code target is test(arguments)}. */
  record Tested(Expr target, TestName name, Arguments arguments, int line) implements Expr {}

  /** {@code not operand}. */
  record Not(Expr operand) implements Expr {}

  /** {@code -operand} or {@code +operand}. */
  record Signed(boolean minus, Expr operand, int line) implements Expr {}

  /** Arithmetic. */
  record Arithmetic(Operator operator, Expr left, Expr right, int line) implements Expr {}

  /** {@code left and right}, {@code left or right}: the operand that decides. */
  record Logic(boolean and, Expr left, Expr right) implements Expr {}

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts) implements Expr {}

  /** {@code first < second <= third}. */
  record Comparison(Expr first, List<Comparand> rest, int line) implements Expr {}

  /** One further operand of a comparison. */
  record Comparand(Comparator comparator, Expr operand) {}

  /** {@code then if test else otherwise}. */
  record Conditional(Expr test, Expr then, @Nullable Expr otherwise) implements Expr {}

  /**
   * What stands in the parentheses of a call.
   *
   * @param positional by position
   * @param named by name
   * @param rest a list of more by position: {@code *rest}
   * @param extra a dictionary of more by name: {@code **extra}
   */
  record Arguments(
      List<Expr> positional, List<Named> named, @Nullable Expr rest, @Nullable Expr extra) {
    static final Arguments NONE = positional(List.of());

    static Arguments positional(List<Expr> exprs) {
      return new Arguments(exprs, List.of(), null, null);
    }

    boolean isEmpty() {
      return positional.isEmpty() && named.isEmpty() && rest == null && extra == null;
    }
  }

  /** {@code name=value}. */
  record Named(String name, Expr value) {}

  /** The operators of arithmetic. */
  enum Operator {
    ADD("+"),
    SUBTRACT("-"),
    MULTIPLY("*"),
    DIVIDE("/"),
    FLOOR_DIVIDE("//"),
    REMAINDER("%"),
    POWER("**");

    final String sign;

    Operator(String sign) {
      this.sign = sign;
    }
  }

  /** What compares. */
  enum Comparator {
    EQUAL("=="),
    NOT_EQUAL("!="),
    LESS("<"),
    LESS_OR_EQUAL("<="),
    GREATER(">"),
    GREATER_OR_EQUAL(">="),
    IN("in"),
    NOT_IN("not in");

    final String sign;

    Comparator(String sign) {
      this.sign = sign;
    }
  }
}
