package org.folkmoot.engine.template;

import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * Calls functions and methods. As in Jinja's immutable sandbox, under which chat templates run
 * elsewhere, no method changes a value that it is called on.
 */
final class Calls {
  private final Operators operators;
  private final TextMethods textMethods;
  private final Budget budget;
  private final @Nullable LocalDateTime now;

  Calls(Operators operators, Budget budget, @Nullable LocalDateTime now) {
    this.operators = operators;
    this.textMethods = new TextMethods(operators, budget);
    this.budget = budget;
    this.now = now;
  }

  Value function(Value.Function function, Args args) {
    return switch (function) {
      case RANGE -> range(args);
      case NAMESPACE -> namespace(args);
      case DICT -> {
        Dict dict = new Dict();
        merged(args).forEach(dict::put);
        yield dict;
      }
      case RAISE_EXCEPTION -> throw raised(args);
      case STRFTIME_NOW -> {
        if (now == null) {
          throw TemplateFault.wrong("the prompt needs today's date, and none is given");
        }
        Args.Bound bound = args.bind("strftime_now()", "format");
        bound.require("format");
        Text format = bound.text("format", Text.EMPTY);
        budget.characters(format.units() * 20L);
        yield format.rewritten(Strftime.format(now, format.string()));
      }
    };
  }

  private static TemplateFault raised(Args args) {
    Value message = args.bind("raise_exception()", "message").require("message");
    String words = message instanceof Text text ? text.redacted() : message.type();
    return TemplateFault.raised(words);
  }

  private Sequence range(Args args) {
    if (!args.named().isEmpty() || args.positional().isEmpty() || args.positional().size() > 3) {
      throw TemplateFault.wrong("range() takes one to three numbers");
    }
    long[] bounds = new long[args.positional().size()];
    for (int i = 0; i < bounds.length; i++) {
      Value value = args.positional().get(i);
      Value.Int number = Numbers.asInt(value);
      if (number == null) {
        throw Operators.undefinedOr(
            value, value, "range() needs whole numbers, not " + value.type());
      }
      bounds[i] = number.value();
    }
    long from = bounds.length == 1 ? 0 : bounds[0];
    long to = bounds.length == 1 ? bounds[0] : bounds[1];
    long step = bounds.length == 3 ? bounds[2] : 1;
    if (step == 0) {
      throw TemplateFault.wrong("range() has a step of zero");
    }
    List<Value> numbers = new ArrayList<>();
    for (long i = from; step > 0 ? i < to : i > to; i += step) {
      if (numbers.size() == Budget.MAX_RANGE) {
        throw TemplateFault.wrong("a range has more than " + Budget.MAX_RANGE + " numbers");
      }
      numbers.add(new Value.Int(i));
      if (step > 0 ? i > Long.MAX_VALUE - step : i < Long.MIN_VALUE - step) {
        break;
      }
    }
    budget.elements(numbers.size());
    return new Sequence(Sequence.Kind.RANGE, numbers);
  }

  /** What {@code dict()} and {@code namespace()} are made of: dictionaries and named arguments. */
  private Map<String, Value> merged(Args args) {
    Map<String, Value> all = new LinkedHashMap<>();
    args.positional().forEach(value -> all.putAll(named(value)));
    all.putAll(args.named());
    budget.elements(all.size());
    return all;
  }

  /** The entries of a dictionary as named arguments. */
  Map<String, Value> named(Value value) {
    if (!(value instanceof Dict dict)) {
      throw Operators.undefinedOr(value, value, "needs a dictionary, not " + value.type());
    }
    budget.elements(dict.size());
    Map<String, Value> named = new LinkedHashMap<>();
    for (Dict.Entry entry : dict.entries()) {
      if (!(entry.key() instanceof Text name)) {
        throw TemplateFault.wrong("the name of an argument must be a string");
      }
      named.put(name.string(), entry.value());
    }
    return named;
  }

  private Value.Namespace namespace(Args args) {
    Value.Namespace namespace = new Value.Namespace();
    merged(args).forEach(namespace::set);
    return namespace;
  }

  Value method(Value.Method method, Args args) {
    String name = method.name();
    return switch (method.self()) {
      case Text text -> {
        TextMethod of = TextMethod.of(name);
        if (of == null) {
          throw new IllegalStateException(name);
        }
        yield textMethods.call(text, of, args);
      }
      case Dict dict -> dictMethod(dict, name, args);
      case Sequence list -> listMethod(list, name, args);
      case Value.Loop loop -> cycle(loop, args);
      default -> throw new IllegalStateException(method.self().type());
    };
  }

  private Value dictMethod(Dict dict, String name, Args args) {
    return switch (name) {
      case "get" -> {
        Args.Bound bound = args.bind("get()", "key", "default");
        Value found = dict.get(operators.key(bound.require("key")));
        yield found == null ? bound.get("default", Value.None.NONE) : found;
      }
      case "items" -> view(dict, Sequence.Kind.ITEMS, args);
      case "keys" -> view(dict, Sequence.Kind.KEYS, args);
      case "values" -> view(dict, Sequence.Kind.VALUES, args);
      case "copy" -> dict;
      default ->
          throw TemplateFault.unsupported("a method that changes its value, " + name + "(),");
    };
  }

  private Sequence view(Dict dict, Sequence.Kind kind, Args args) {
    args.bind("a view of a dictionary");
    budget.elements((kind == Sequence.Kind.ITEMS ? 3L : 1L) * dict.size());
    return dict.view(kind);
  }

  private Value listMethod(Sequence list, String name, Args args) {
    return switch (name) {
      case "copy" -> list;
      case "count" -> {
        Value wanted = args.bind("count()", "value").require("value");
        yield new Value.Int(list.items().stream().filter(i -> operators.equal(i, wanted)).count());
      }
      case "index" -> {
        Value wanted = args.bind("index()", "value").require("value");
        for (int i = 0; i < list.items().size(); i++) {
          if (operators.equal(list.items().get(i), wanted)) {
            yield new Value.Int(i);
          }
        }
        throw TemplateFault.wrong("index() does not find what it looks for");
      }
      default ->
          throw TemplateFault.unsupported("a method that changes its value, " + name + "(),");
    };
  }

  private static Value cycle(Value.Loop loop, Args args) {
    if (args.positional().isEmpty()) {
      throw TemplateFault.wrong("cycle() needs at least one value");
    }
    return args.positional().get(loop.index() % args.positional().size());
  }
}
