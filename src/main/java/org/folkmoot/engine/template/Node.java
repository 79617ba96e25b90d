package org.folkmoot.engine.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A statement, or text between statements. */
sealed interface Node {
  /** Text that is copied. */
  record Data(Text text) implements Node {}

  /** {@code {{ value }}}. */
  record Output(Expr value, int line) implements Node {}

  /** {@code {% if %} … {% elif %} … {% else %}}. */
  record If(List<Branch> branches, List<Node> otherwise) implements Node {}

  /** A condition with what happens where it holds. */
  record Branch(Expr condition, List<Node> body, int line) {}

  /** {@code {% for target in items if filter %} … {% else %}}. */
  record For(
      Target target,
      Expr items,
      @Nullable Expr filter,
      List<Node> body,
      List<Node> otherwise,
      int line)
      implements Node {}

  /** {@code {% set target = value %}}. */
  record Set(Target target, Expr value, int line) implements Node {}

  /** {@code {% set target | filters %} … {% endset %}}. */
  record SetBlock(Target target, List<Expr.FilterUse> filters, List<Node> body, int line)
      implements Node {}

  /** {@code {% macro name(parameters) %}}; the body of a call block is one too. */
  record Macro(String name, List<Parameter> parameters, List<Node> body) implements Node {}

  /** A parameter of a macro. */
  record Parameter(String name, @Nullable Expr fallback) {}

  /** {@code {% call(parameters) target(arguments) %}}. */
  record CallBlock(Macro caller, Expr.Call call, int line) implements Node {}

  /** {@code {% filter filters %}}. */
  record FilterBlock(List<Expr.FilterUse> filters, List<Node> body, int line) implements Node {}

  /** {@code {% with a = b %}}; without assignments, {@code {% generation %}}. */
  record With(List<Set> assignments, List<Node> body) implements Node {}

  /** {@code {% break %}}. */
  record Break() implements Node {}

  /** {@code {% continue %}}. */
  record Continue() implements Node {}

  /** What can be assigned to. */
  sealed interface Target {
    /** A variable. */
    record Name(String name) implements Target {}

    /** A variable of a namespace. */
    record Member(String namespace, String name) implements Target {}

    /** Several at once. */
    record Tuple(List<Target> targets) implements Target {}
  }
}
