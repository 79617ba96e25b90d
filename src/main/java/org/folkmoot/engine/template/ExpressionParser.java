package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.engine.template.Expr.Arguments;
import org.folkmoot.engine.template.Expr.Comparator;
import org.folkmoot.engine.template.Expr.Operator;
import org.folkmoot.engine.template.Token.Kind;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * Parses expressions by recursive descent, one method a level of binding, loosest first: {@code x
 * if y}, {@code or}, {@code and}, {@code not}, comparison, {@code + -}, {@code ~}, {@code * / //
 * %}, {@code **}, sign, then filters and tests, then attributes, items and calls. Source:
 * "Expressions" in the template designer documentation of Jinja 3.1, with the order of {@code ~}
 * and {@code +} as its parser has it.
 */
final class ExpressionParser {
  private final Cursor cursor;

  ExpressionParser(Cursor cursor) {
    this.cursor = cursor;
  }

  Expr expression() {
    cursor.enter();
    Expr value = or();
    while (cursor.skipName("if")) {
      Expr test = or();
      Expr otherwise = cursor.skipName("else") ? expression() : null;
      value = new Expr.Conditional(test, value, otherwise);
    }
    cursor.leave();
    return value;
  }

  /** One expression, or a tuple of several with commas between them. */
  Expr tuple(boolean allowsConditional) {
    Expr first = allowsConditional ? expression() : or();
    if (!cursor.peek().isOperator(",")) {
      return first;
    }
    List<Expr> items = new ArrayList<>();
    items.add(first);
    while (cursor.skipOperator(",") && !endsTuple()) {
      items.add(allowsConditional ? expression() : or());
    }
    return new Expr.Items(Sequence.Kind.TUPLE, items);
  }

  private boolean endsTuple() {
    return switch (cursor.peek().kind()) {
      case VARIABLE_END, BLOCK_END -> true;
      case OPERATOR -> cursor.peek().isOperator(")");
      case NAME, STRING, INTEGER, FLOAT, DATA, VARIABLE_BEGIN, BLOCK_BEGIN, END -> false;
    };
  }

  private Expr or() {
    Expr left = and();
    while (cursor.skipName("or")) {
      left = new Expr.Logic(false, left, and());
    }
    return left;
  }

  private Expr and() {
    Expr left = not();
    while (cursor.skipName("and")) {
      left = new Expr.Logic(true, left, not());
    }
    return left;
  }

  private Expr not() {
    if (!cursor.skipName("not")) {
      return comparison();
    }
    cursor.enter();
    Expr operand = not();
    cursor.leave();
    return new Expr.Not(operand);
  }

  private Expr comparison() {
    Expr first = sum();
    int line = cursor.line();
    List<Expr.Comparand> rest = new ArrayList<>();
    for (Comparator comparator = comparator(); comparator != null; comparator = comparator()) {
      rest.add(new Expr.Comparand(comparator, sum()));
    }
    return rest.isEmpty() ? first : new Expr.Comparison(first, rest, line);
  }

  /** Passes a comparing operator if one is next. */
  private @Nullable Comparator comparator() {
    if (cursor.peek().isName("not") && cursor.peekSecond().isName("in")) {
      cursor.next();
      cursor.next();
      return Comparator.NOT_IN;
    }
    for (Comparator comparator : Comparator.values()) {
      boolean found =
          comparator == Comparator.IN
              ? cursor.skipName("in")
              : cursor.skipOperator(comparator.sign);
      if (found) {
        return comparator;
      }
    }
    return null;
  }

  private Expr sum() {
    Expr left = concatenation();
    while (true) {
      Operator operator = operator(Operator.ADD, Operator.SUBTRACT);
      if (operator == null) {
        return left;
      }
      int line = cursor.line();
      left = new Expr.Arithmetic(operator, left, concatenation(), line);
    }
  }

  private Expr concatenation() {
    Expr first = product();
    if (!cursor.peek().isOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>();
    parts.add(first);
    while (cursor.skipOperator("~")) {
      parts.add(product());
    }
    return new Expr.Concat(parts);
  }

  private Expr product() {
    Expr left = power();
    while (true) {
      Operator operator =
          operator(Operator.MULTIPLY, Operator.DIVIDE, Operator.FLOOR_DIVIDE, Operator.REMAINDER);
      if (operator == null) {
        return left;
      }
      int line = cursor.line();
      left = new Expr.Arithmetic(operator, left, power(), line);
    }
  }

  private Expr power() {
    Expr left = signed(true);
    while (cursor.skipOperator(Operator.POWER.sign)) {
      int line = cursor.line();
      left = new Expr.Arithmetic(Operator.POWER, left, signed(true), line);
    }
    return left;
  }

  private @Nullable Operator operator(Operator... candidates) {
    for (Operator candidate : candidates) {
      if (cursor.skipOperator(candidate.sign)) {
        return candidate;
      }
    }
    return null;
  }

  private Expr signed(boolean filters) {
    boolean minus = cursor.peek().isOperator("-");
    Expr value;
    if (minus || cursor.peek().isOperator("+")) {
      int line = cursor.next().line();
      cursor.enter();
      value = new Expr.Signed(minus, signed(false), line);
      cursor.leave();
    } else {
      value = postfix(primary());
    }
    return filters ? filtersAndTests(value) : value;
  }

  private Expr primary() {
    Token token = cursor.peek();
    return switch (token.kind()) {
      case NAME -> name();
      case STRING -> new Expr.Constant(Text.trusted(strings()));
      case INTEGER -> new Expr.Constant(new Value.Int(Numbers.literal(cursor.next().text())));
      case FLOAT -> new Expr.Constant(new Value.Real(Double.parseDouble(cursor.next().text())));
      case OPERATOR ->
          switch (token.text()) {
            case "(" -> parenthesised();
            case "[" -> list();
            case "{" -> dict();
            default -> throw cursor.unexpected("an expression");
          };
      case DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, END ->
          throw cursor.unexpected("an expression");
    };
  }

  private Expr name() {
    String name = cursor.next().text();
    return switch (name) {
      case "true", "True" -> new Expr.Constant(Value.Bool.TRUE);
      case "false", "False" -> new Expr.Constant(Value.Bool.FALSE);
      case "none", "None" -> new Expr.Constant(Value.None.NONE);
      default -> new Expr.Name(name);
    };
  }

  /** String literals side by side are one. */
  private String strings() {
    StringBuilder all = new StringBuilder();
    while (cursor.at(Kind.STRING)) {
      all.append(cursor.next().text());
    }
    return all.toString();
  }

  private Expr parenthesised() {
    cursor.next();
    if (cursor.skipOperator(")")) {
      return new Expr.Items(Sequence.Kind.TUPLE, List.of());
    }
    Expr inside = tuple(true);
    cursor.expectOperator(")");
    return inside;
  }

  private Expr list() {
    cursor.next();
    List<Expr> items = new ArrayList<>();
    while (!cursor.skipOperator("]")) {
      items.add(expression());
      if (!cursor.peek().isOperator("]")) {
        cursor.expectOperator(",");
      }
    }
    return new Expr.Items(Sequence.Kind.LIST, items);
  }

  private Expr dict() {
    cursor.next();
    List<Expr.Pair> pairs = new ArrayList<>();
    while (!cursor.skipOperator("}")) {
      Expr key = expression();
      cursor.expectOperator(":");
      pairs.add(new Expr.Pair(key, expression()));
      if (!cursor.peek().isOperator("}")) {
        cursor.expectOperator(",");
      }
    }
    return new Expr.DictOf(pairs);
  }

  private Expr postfix(Expr target) {
    Expr value = target;
    while (true) {
      int line = cursor.peek().line();
      if (cursor.skipOperator(".")) {
        value = attribute(value, line);
      } else if (cursor.skipOperator("[")) {
        value = subscript(value, line);
      } else if (cursor.peek().isOperator("(")) {
        value = new Expr.Call(value, arguments(), line);
      } else {
        return value;
      }
    }
  }

  private Expr attribute(Expr target, int line) {
    Token token = cursor.peek();
    if (token.kind() == Kind.INTEGER) {
      cursor.next();
      Value index = new Value.Int(Numbers.literal(token.text()));
      return new Expr.Item(target, new Expr.Constant(index), line);
    }
    return new Expr.Attribute(
        target, cursor.expect(Kind.NAME, "a name or number after '.'").text(), line);
  }

  private Expr subscript(Expr target, int line) {
    Expr from = cursor.peek().isOperator(":") ? null : expression();
    if (from != null && cursor.skipOperator("]")) {
      return new Expr.Item(target, from, line);
    }
    cursor.expectOperator(":");
    Expr to = sliceBound();
    Expr step = cursor.skipOperator(":") ? sliceBound() : null;
    cursor.expectOperator("]");
    return new Expr.Slice(target, from, to, step, line);
  }

  private @Nullable Expr sliceBound() {
    boolean absent = cursor.peek().isOperator(":") || cursor.peek().isOperator("]");
    return absent ? null : expression();
  }

  Arguments arguments() {
    cursor.expectOperator("(");
    List<Expr> positional = new ArrayList<>();
    List<Expr.Named> named = new ArrayList<>();
    Expr rest = null;
    Expr extra = null;
    while (!cursor.skipOperator(")")) {
      if (extra == null && cursor.skipOperator("**")) {
        extra = expression();
      } else if (rest == null && extra == null && cursor.skipOperator("*")) {
        rest = expression();
      } else if (cursor.at(Kind.NAME) && cursor.peekSecond().isOperator("=")) {
        String name = cursor.next().text();
        cursor.next();
        named.add(new Expr.Named(name, expression()));
      } else if (named.isEmpty() && rest == null && extra == null) {
        positional.add(expression());
      } else {
        throw cursor.unexpected("a named argument after named ones");
      }
      if (!cursor.peek().isOperator(")")) {
        cursor.expectOperator(",");
      }
    }
    return new Arguments(positional, named, rest, extra);
  }

  private Expr filtersAndTests(Expr target) {
    Expr value = target;
    while (true) {
      if (cursor.skipOperator("|")) {
        value = new Expr.Filtered(value, filter());
      } else if (cursor.skipName("is")) {
        value = test(value);
      } else if (cursor.peek().isOperator("(")) {
        int line = cursor.peek().line();
        value = new Expr.Call(value, arguments(), line);
      } else {
        return value;
      }
    }
  }

  /** A filter with its arguments; the bar before it is passed. */
  Expr.FilterUse filter() {
    Token token = cursor.expect(Kind.NAME, "the name of a filter");
    FilterName name = FilterName.of(token.text());
    if (name == null) {
      throw TemplateFault.unsupported("the filter " + token.shown());
    }
    boolean called = cursor.peek().isOperator("(");
    return new Expr.FilterUse(name, called ? arguments() : Arguments.NONE, token.line());
  }

  private Expr test(Expr target) {
    boolean negated = cursor.skipName("not");
    Token token = cursor.expect(Kind.NAME, "the name of a test");
    TestName name = TestName.of(token.text());
    if (name == null) {
      throw TemplateFault.unsupported("the test " + token.shown());
    }
    Expr tested = new Expr.Tested(target, name, testArguments(), token.line());
    return negated ? new Expr.Not(tested) : tested;
  }

  /** A test may take its argument without parentheses: {@code is divisibleby 3}. */
  private Arguments testArguments() {
    if (cursor.peek().isOperator("(")) {
      return arguments();
    }
    Token next = cursor.peek();
    boolean argument =
        switch (next.kind()) {
          case STRING, INTEGER, FLOAT -> true;
          case NAME ->
              switch (next.text()) {
                case "else", "or", "and", "if", "in", "not", "recursive" -> false;
                case "is" -> throw cursor.unexpected("no second test right after a test");
                default -> true;
              };
          case OPERATOR -> next.isOperator("[") || next.isOperator("{");
          case DATA, VARIABLE_BEGIN, VARIABLE_END, BLOCK_BEGIN, BLOCK_END, END -> false;
        };
    return argument ? Arguments.positional(List.of(postfix(primary()))) : Arguments.NONE;
  }
}
