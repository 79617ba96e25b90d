package org.folkmoot.engine.template;

import java.time.LocalDateTime;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.Node.Target;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Undefined;
import org.jspecify.annotations.Nullable;

/**
 * Runs statements. One renderer serves one rendering.
 *
 * <p>Who sees which variables is as in Jinja: the body of a loop, of a macro or of a block that is
 * captured has variables of its own and reads those around it; {@code if} has none of its own.
 */
final class Renderer {
  /** How a run of statements ended. */
  private enum Flow {
    NORMAL,
    BREAK,
    CONTINUE
  }

  private final Budget budget;
  private final Evaluator evaluator;

  Renderer(Budget budget, @Nullable LocalDateTime now) {
    this.budget = budget;
    this.evaluator = new Evaluator(budget, this, now);
  }

  /** The output of a template whose variables are in this scope. */
  Text render(List<Node> template, Scope scope) {
    Text.Builder out = new Text.Builder();
    run(template, scope, out);
    return out.build();
  }

  private Flow run(List<Node> nodes, Scope scope, Text.Builder out) {
    budget.enter();
    for (Node node : nodes) {
      Flow flow = run(node, scope, out);
      if (flow != Flow.NORMAL) {
        budget.leave();
        return flow;
      }
    }
    budget.leave();
    return Flow.NORMAL;
  }

  private Flow run(Node node, Scope scope, Text.Builder out) {
    budget.steps(1);
    return switch (node) {
      case Node.Data data -> put(data.text(), out);
      case Node.Output output -> {
        budget.at(output.line());
        yield put(Printer.str(evaluator.evaluate(output.value(), scope), budget), out);
      }
      case Node.If choice -> choose(choice, scope, out);
      case Node.For loop -> loop(loop, scope, out);
      case Node.Set set -> {
        budget.at(set.line());
        yield assign(set.target(), evaluator.evaluate(set.value(), scope), scope);
      }
      case Node.SetBlock block -> {
        Text.Builder captured = new Text.Builder();
        Flow flow = run(block.body(), new Scope(scope), captured);
        yield flow == Flow.NORMAL
            ? assign(block.target(), filtered(captured, block.filters(), scope), scope)
            : flow;
      }
      case Node.Macro macro -> {
        scope.set(macro.name(), new Value.Macro(macro, scope));
        yield Flow.NORMAL;
      }
      case Node.CallBlock block -> {
        Value.Macro caller = new Value.Macro(block.caller(), scope);
        yield put(Printer.str(evaluator.call(block.call(), scope, caller), budget), out);
      }
      case Node.FilterBlock block -> {
        Text.Builder captured = new Text.Builder();
        Flow flow = run(block.body(), new Scope(scope), captured);
        yield flow == Flow.NORMAL
            ? put(Printer.str(filtered(captured, block.filters(), scope), budget), out)
            : flow;
      }
      case Node.With with -> with(with, scope, out);
      case Node.Break _ -> Flow.BREAK;
      case Node.Continue _ -> Flow.CONTINUE;
    };
  }

  private Flow put(Text text, Text.Builder out) {
    budget.characters(text.units());
    out.append(text);
    return Flow.NORMAL;
  }

  private Flow choose(Node.If choice, Scope scope, Text.Builder out) {
    for (Node.Branch branch : choice.branches()) {
      budget.at(branch.line());
      if (evaluator.isTrue(branch.condition(), scope)) {
        return run(branch.body(), scope, out);
      }
    }
    return run(choice.otherwise(), scope, out);
  }

  private Flow loop(Node.For loop, Scope scope, Text.Builder out) {
    budget.at(loop.line());
    List<Value> items = evaluator.operators().items(evaluator.evaluate(loop.items(), scope));
    Expr filter = loop.filter();
    if (filter != null) {
      items = items.stream().filter(item -> passes(item, loop, filter, scope)).toList();
      budget.elements(items.size());
    }
    for (int i = 0; i < items.size(); i++) {
      Scope turn = new Scope(scope);
      turn.set("loop", new Value.Loop(items, i));
      assign(loop.target(), items.get(i), turn);
      if (run(loop.body(), turn, out) == Flow.BREAK) {
        return Flow.NORMAL;
      }
    }
    return items.isEmpty() ? run(loop.otherwise(), new Scope(scope), out) : Flow.NORMAL;
  }

  private boolean passes(Value item, Node.For loop, Expr filter, Scope scope) {
    Scope turn = new Scope(scope);
    assign(loop.target(), item, turn);
    return evaluator.isTrue(filter, turn);
  }

  private Flow with(Node.With with, Scope scope, Text.Builder out) {
    Scope inside = new Scope(scope);
    for (Node.Set set : with.assignments()) {
      budget.at(set.line());
      assign(set.target(), evaluator.evaluate(set.value(), scope), inside);
    }
    return run(with.body(), inside, out);
  }

  private Value filtered(Text.Builder captured, List<Expr.FilterUse> filters, Scope scope) {
    Value value = captured.build();
    for (Expr.FilterUse filter : filters) {
      value = evaluator.filter(value, filter, scope);
    }
    return value;
  }

  private Flow assign(Target target, Value value, Scope scope) {
    switch (target) {
      case Target.Name name -> scope.set(name.name(), value);
      case Target.Member member -> {
        if (!(scope.find(member.namespace()) instanceof Value.Namespace namespace)) {
          throw TemplateFault.wrong("'" + member.namespace() + "' is no namespace");
        }
        namespace.set(member.name(), value);
      }
      case Target.Tuple tuple -> {
        budget.steps(tuple.targets().size());
        Iterator<Value> values = evaluator.operators().items(value).iterator();
        for (Target part : tuple.targets()) {
          if (!values.hasNext()) {
            throw TemplateFault.wrong("there are too few values to unpack");
          }
          assign(part, values.next(), scope);
        }
        if (values.hasNext()) {
          throw TemplateFault.wrong("there are too many values to unpack");
        }
      }
    }
    return Flow.NORMAL;
  }

  /** What a macro prints. Arguments beyond its parameters are its varargs and kwargs. */
  Text call(Value.Macro macro, Args args, Value.@Nullable Macro caller) {
    int line = budget.line();
    budget.enter();
    List<Node.Parameter> parameters = macro.definition().parameters();
    Scope scope = new Scope(macro.scope());
    scope.set(
        "varargs", new Sequence(Sequence.Kind.TUPLE, args.rest(parameters.size()).positional()));
    scope.set("kwargs", extra(parameters, args.named()));
    if (caller != null) {
      scope.set("caller", caller);
    }
    for (int i = 0; i < parameters.size(); i++) {
      scope.set(parameters.get(i).name(), argument(parameters.get(i), i, args, scope));
    }
    Text.Builder out = new Text.Builder();
    run(macro.definition().body(), scope, out);
    budget.at(line);
    budget.leave();
    return out.build();
  }

  private Value argument(Node.Parameter parameter, int index, Args args, Scope scope) {
    Value named = args.named().get(parameter.name());
    if (index < args.positional().size()) {
      if (named != null) {
        throw TemplateFault.wrong("a macro is given '" + parameter.name() + "' twice");
      }
      return args.positional().get(index);
    }
    if (named != null) {
      return named;
    }
    Expr fallback = parameter.fallback();
    return fallback == null
        ? new Undefined("the parameter '" + parameter.name() + "' was not given")
        : evaluator.evaluate(fallback, scope);
  }

  private static Value.Dict extra(List<Node.Parameter> parameters, Map<String, Value> named) {
    Map<String, Value> unknown = new LinkedHashMap<>(named);
    parameters.forEach(parameter -> unknown.remove(parameter.name()));
    Value.Dict extra = new Value.Dict();
    unknown.forEach(extra::put);
    return extra;
  }
}
