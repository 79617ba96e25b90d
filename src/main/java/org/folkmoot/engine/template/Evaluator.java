package org.folkmoot.engine.template;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.Expr.Comparand;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Undefined;
import org.jspecify.annotations.Nullable;

/** Evaluates expressions. One evaluator serves one rendering. */
final class Evaluator {
  private final Budget budget;
  private final Renderer renderer;
  private final Operators operators;
  private final Arithmetic arithmetic;
  private final Access access;
  private final Tests tests;
  private final Filters filters;
  private final Calls calls;

  Evaluator(Budget budget, Renderer renderer, @Nullable LocalDateTime now) {
    this.budget = budget;
    this.renderer = renderer;
    this.operators = new Operators(budget);
    this.arithmetic = new Arithmetic(budget);
    this.access = new Access(operators, budget);
    this.tests = new Tests(operators, arithmetic, budget);
    this.filters = new Filters(operators, arithmetic, access, tests, budget);
    this.calls = new Calls(operators, budget, now);
  }

  Operators operators() {
    return operators;
  }

  Value evaluate(Expr expr, Scope scope) {
    budget.enter();
    Value value =
        switch (expr) {
          case Expr.Constant constant -> constant.value();
          case Expr.Name name -> variable(name.name(), scope);
          case Expr.Attribute attribute -> {
            Value target = evaluate(attribute.target(), scope);
            budget.at(attribute.line());
            yield access.attribute(target, attribute.name());
          }
          case Expr.Item item -> {
            Value target = evaluate(item.target(), scope);
            Value key = evaluate(item.key(), scope);
            budget.at(item.line());
            yield access.item(target, key);
          }
          case Expr.Arithmetic sum -> {
            Value left = evaluate(sum.left(), scope);
            Value right = evaluate(sum.right(), scope);
            budget.at(sum.line());
            yield arithmetic.apply(sum.operator(), left, right);
          }
          case Expr.Comparison comparison -> Value.Bool.of(holds(comparison, scope));
          case Expr.Logic logic -> {
            Value left = evaluate(logic.left(), scope);
            boolean decides = operators.isTrue(left) != logic.and();
            yield decides ? left : evaluate(logic.right(), scope);
          }
          case Expr.Not not -> Value.Bool.of(!isTrue(not.operand(), scope));
          case Expr.Filtered filtered ->
              filter(evaluate(filtered.target(), scope), filtered.filter(), scope);
          case Expr.Tested tested -> {
            Value target = evaluate(tested.target(), scope);
            Args args = arguments(tested.arguments(), scope);
            budget.at(tested.line());
            yield Value.Bool.of(tests.holds(tested.name(), target, args));
          }
          case Expr.Call call -> call(call, scope, null);
          case Expr.Conditional conditional -> conditional(conditional, scope);
          case Expr.Concat concat -> concat(concat, scope);
          case Expr.Slice slice -> slice(slice, scope);
          case Expr.Signed signed -> {
            Value operand = evaluate(signed.operand(), scope);
            budget.at(signed.line());
            yield signed.minus() ? arithmetic.negate(operand) : arithmetic.plus(operand);
          }
          case Expr.Items items -> new Sequence(items.kind(), all(items.items(), scope));
          case Expr.DictOf dict -> dict(dict, scope);
        };
    budget.leave();
    return value;
  }

  boolean isTrue(Expr expr, Scope scope) {
    return operators.isTrue(evaluate(expr, scope));
  }

  private static Value variable(String name, Scope scope) {
    Value value = scope.find(name);
    return value == null ? new Undefined("'" + name + "' is undefined") : value;
  }

  private boolean holds(Expr.Comparison comparison, Scope scope) {
    Value left = evaluate(comparison.first(), scope);
    for (Comparand comparand : comparison.rest()) {
      Value right = evaluate(comparand.operand(), scope);
      budget.at(comparison.line());
      if (!operators.compare(comparand.comparator(), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Value conditional(Expr.Conditional conditional, Scope scope) {
    if (isTrue(conditional.test(), scope)) {
      return evaluate(conditional.then(), scope);
    }
    Expr otherwise = conditional.otherwise();
    return otherwise == null
        ? new Undefined("the condition does not hold, and there is no 'else'")
        : evaluate(otherwise, scope);
  }

  private Value concat(Expr.Concat concat, Scope scope) {
    Text all = Text.EMPTY;
    for (Expr part : concat.parts()) {
      all = arithmetic.concat(all, Printer.str(evaluate(part, scope), budget));
    }
    return all;
  }

  private Value slice(Expr.Slice slice, Scope scope) {
    Value target = evaluate(slice.target(), scope);
    Value from = optional(slice.from(), scope);
    Value to = optional(slice.to(), scope);
    Value step = optional(slice.step(), scope);
    budget.at(slice.line());
    return access.slice(target, from, to, step);
  }

  private @Nullable Value optional(@Nullable Expr expr, Scope scope) {
    return expr == null ? null : evaluate(expr, scope);
  }

  private Value dict(Expr.DictOf dictOf, Scope scope) {
    Value.Dict dict = new Value.Dict();
    for (Expr.Pair pair : dictOf.pairs()) {
      Value key = evaluate(pair.key(), scope);
      dict.put(operators.key(key), key, evaluate(pair.value(), scope));
    }
    budget.elements(2L * dict.size());
    return dict;
  }

  private List<Value> all(List<Expr> exprs, Scope scope) {
    budget.elements(exprs.size());
    List<Value> values = new ArrayList<>(exprs.size());
    for (Expr expr : exprs) {
      values.add(evaluate(expr, scope));
    }
    return values;
  }

  private Args arguments(Expr.Arguments arguments, Scope scope) {
    if (arguments.isEmpty()) {
      return Args.NONE;
    }
    List<Value> positional = all(arguments.positional(), scope);
    if (arguments.rest() != null) {
      positional.addAll(operators.items(evaluate(arguments.rest(), scope)));
      budget.elements(positional.size());
    }
    Map<String, Value> named = new LinkedHashMap<>();
    for (Expr.Named argument : arguments.named()) {
      named.put(argument.name(), evaluate(argument.value(), scope));
    }
    if (arguments.extra() != null) {
      named.putAll(calls.named(evaluate(arguments.extra(), scope)));
    }
    return new Args(positional, named);
  }

  /** Applies a filter, in an expression or to a block. */
  Value filter(Value target, Expr.FilterUse filter, Scope scope) {
    Args args = arguments(filter.arguments(), scope);
    budget.at(filter.line());
    return filters.apply(filter.name(), target, args);
  }

  /**
   * Calls.
   *
   * @param caller the body of the call block, where the call stands in one
   */
  Value call(Expr.Call call, Scope scope, Value.@Nullable Macro caller) {
    Value target = evaluate(call.target(), scope);
    Args args = arguments(call.arguments(), scope);
    budget.at(call.line());
    if (caller != null && !(target instanceof Value.Macro)) {
      throw TemplateFault.unsupported("{% call %} of anything but a macro");
    }
    return switch (target) {
      case Value.Method method -> calls.method(method, args);
      case Value.Macro macro -> renderer.call(macro, args, caller);
      case Value.Function function -> calls.function(function, args);
      case Undefined undefined -> throw undefined.fault();
      default -> throw TemplateFault.wrong(target.type() + " cannot be called");
    };
  }
}
