package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.folkmoot.engine.template.Node.Target;
import org.folkmoot.engine.template.Token.Kind;

/**
 * Parses text, outputs and statements. Source: "List of Control Structures" in the template
 * designer documentation of Jinja 3.1, with the loop controls extension and the {@code generation}
 * block that chat templates add.
 */
final class StatementParser {
  private final Cursor cursor;
  private final ExpressionParser expressions;

  /**
   * Loops around the present place within the present macro: where break and continue may stand.
   */
  private int loops;

  StatementParser(Cursor cursor) {
    this.cursor = cursor;
    this.expressions = new ExpressionParser(cursor);
  }

  List<Node> template() {
    List<Node> nodes = body(Set.of());
    if (!cursor.at(Kind.END)) {
      throw cursor.unexpected("text or a tag");
    }
    return nodes;
  }

  /**
   * The nodes up to a block of one of these names. Of that block, the opening sign is passed and
   * the name is not.
   */
  private List<Node> body(Set<String> ends) {
    cursor.enter();
    List<Node> nodes = new ArrayList<>();
    while (!cursor.at(Kind.END)) {
      Token token = cursor.next();
      if (token.kind() == Kind.DATA) {
        nodes.add(new Node.Data(Text.trusted(token.text())));
      } else if (token.kind() == Kind.VARIABLE_BEGIN) {
        nodes.add(new Node.Output(expressions.tuple(true), token.line()));
        cursor.expect(Kind.VARIABLE_END, "'}}'");
      } else if (cursor.at(Kind.NAME) && ends.contains(cursor.peek().text())) {
        cursor.leave();
        return nodes;
      } else {
        nodes.add(statement());
      }
    }
    if (!ends.isEmpty()) {
      throw cursor.unexpected(
          "{% " + String.join(" %} or {% ", ends.stream().sorted().toList()) + " %}");
    }
    cursor.leave();
    return nodes;
  }

  private Node statement() {
    Token token = cursor.expect(Kind.NAME, "the name of a statement");
    int line = token.line();
    return switch (token.text()) {
      case "if" -> ifStatement();
      case "for" -> forStatement(line);
      case "set" -> set(line);
      case "macro" -> macro();
      case "call" -> call(line);
      case "filter" -> filterBlock(line);
      case "with" -> with(line);
      case "generation" -> {
        endTag();
        yield new Node.With(List.of(), bodyUntil("endgeneration"));
      }
      case "break", "continue" -> loopControl(token);
      case "elif",
          "else",
          "endif",
          "endfor",
          "endset",
          "endmacro",
          "endcall",
          "endfilter",
          "endwith",
          "endgeneration",
          "endraw" ->
          throw TemplateFault.broken("{% " + token.text() + " %} ends nothing that is open");
      default -> throw TemplateFault.unsupported("the statement {% " + token.text() + " %}");
    };
  }

  private void endTag() {
    cursor.expect(Kind.BLOCK_END, "'%}'");
  }

  /** The body up to the block that ends it, which is passed whole. */
  private List<Node> bodyUntil(String end) {
    List<Node> nodes = body(Set.of(end));
    cursor.next();
    endTag();
    return nodes;
  }

  private Node ifStatement() {
    List<Node.Branch> branches = new ArrayList<>();
    while (true) {
      int line = cursor.line();
      Expr condition = expressions.tuple(true);
      endTag();
      branches.add(new Node.Branch(condition, body(Set.of("elif", "else", "endif")), line));
      String end = cursor.next().text();
      if (end.equals("elif")) {
        continue;
      }
      endTag();
      List<Node> otherwise = end.equals("else") ? bodyUntil("endif") : List.of();
      return new Node.If(branches, otherwise);
    }
  }

  private Node forStatement(int line) {
    Target target = targets();
    cursor.expectName("in");
    Expr items = expressions.tuple(false);
    Expr filter = cursor.skipName("if") ? expressions.expression() : null;
    if (cursor.peek().isName("recursive")) {
      throw TemplateFault.unsupported("a recursive loop");
    }
    endTag();
    loops++;
    List<Node> body = body(Set.of("else", "endfor"));
    loops--;
    boolean hasElse = cursor.next().text().equals("else");
    endTag();
    List<Node> otherwise = hasElse ? bodyUntil("endfor") : List.of();
    return new Node.For(target, items, filter, body, otherwise, line);
  }

  private Node set(int line) {
    Target target = targets();
    if (cursor.skipOperator("=")) {
      Expr value = expressions.tuple(true);
      endTag();
      return new Node.Set(target, value, line);
    }
    List<Expr.FilterUse> filters = new ArrayList<>();
    while (cursor.skipOperator("|")) {
      filters.add(expressions.filter());
    }
    endTag();
    return new Node.SetBlock(target, filters, bodyUntil("endset"), line);
  }

  private Target targets() {
    Target first = target();
    if (!cursor.peek().isOperator(",")) {
      return first;
    }
    List<Target> all = new ArrayList<>();
    all.add(first);
    while (cursor.skipOperator(",")) {
      if ((cursor.at(Kind.NAME) && !cursor.peek().isName("in")) || cursor.peek().isOperator("(")) {
        all.add(target());
      }
    }
    return new Target.Tuple(all);
  }

  private Target target() {
    if (cursor.skipOperator("(")) {
      cursor.enter();
      Target inside = targets();
      cursor.leave();
      cursor.expectOperator(")");
      return inside;
    }
    Token token = cursor.expect(Kind.NAME, "the name of a variable");
    if (cursor.skipOperator(".")) {
      return new Target.Member(token.text(), cursor.expect(Kind.NAME, "a name after '.'").text());
    }
    return switch (token.text()) {
      case "true", "false", "none", "True", "False", "None" ->
          throw TemplateFault.broken("cannot assign to " + token.text());
      default -> new Target.Name(token.text());
    };
  }

  private Node macro() {
    String name = cursor.expect(Kind.NAME, "the name of a macro").text();
    List<Node.Parameter> parameters = parameters();
    endTag();
    return new Node.Macro(name, parameters, macroBody("endmacro"));
  }

  /** A body which break and continue cannot leave. */
  private List<Node> macroBody(String end) {
    int outside = loops;
    loops = 0;
    List<Node> body = bodyUntil(end);
    loops = outside;
    return body;
  }

  private List<Node.Parameter> parameters() {
    List<Node.Parameter> parameters = new ArrayList<>();
    cursor.expectOperator("(");
    while (!cursor.skipOperator(")")) {
      String name = cursor.expect(Kind.NAME, "the name of a parameter").text();
      Expr fallback = cursor.skipOperator("=") ? expressions.expression() : null;
      parameters.add(new Node.Parameter(name, fallback));
      if (!cursor.peek().isOperator(")")) {
        cursor.expectOperator(",");
      }
    }
    return parameters;
  }

  private Node call(int line) {
    List<Node.Parameter> parameters = cursor.peek().isOperator("(") ? parameters() : List.of();
    if (!(expressions.expression() instanceof Expr.Call called)) {
      throw TemplateFault.broken("{% call %} needs a call");
    }
    endTag();
    Node.Macro caller = new Node.Macro("caller", parameters, macroBody("endcall"));
    return new Node.CallBlock(caller, called, line);
  }

  private Node filterBlock(int line) {
    List<Expr.FilterUse> filters = new ArrayList<>();
    do {
      filters.add(expressions.filter());
    } while (cursor.skipOperator("|"));
    endTag();
    return new Node.FilterBlock(filters, bodyUntil("endfilter"), line);
  }

  private Node with(int line) {
    List<Node.Set> assignments = new ArrayList<>();
    while (!cursor.at(Kind.BLOCK_END)) {
      if (!assignments.isEmpty()) {
        cursor.expectOperator(",");
      }
      Target target = target();
      cursor.expectOperator("=");
      assignments.add(new Node.Set(target, expressions.expression(), line));
    }
    endTag();
    return new Node.With(assignments, bodyUntil("endwith"));
  }

  private Node loopControl(Token token) {
    if (loops == 0) {
      throw TemplateFault.broken("{% " + token.text() + " %} stands outside of a loop");
    }
    endTag();
    return token.text().equals("break") ? new Node.Break() : new Node.Continue();
  }
}
