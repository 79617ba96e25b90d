package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Undefined;
import org.jspecify.annotations.Nullable;

/**
 * {@code value.name}, {@code value[key]} and {@code value[from:to:step]}. What is not there is
 * undefined, which is no fault until it is used. A dot finds methods before items, brackets items
 * before methods. Source: "Variables" in the template designer documentation of Jinja 3.1.
 */
final class Access {
  /** The methods of Python's types, also those that {@link Methods} refuses to call. */
  private static final Set<String> DICT_METHODS =
      Set.of(
          "clear",
          "copy",
          "fromkeys",
          "get",
          "items",
          "keys",
          "pop",
          "popitem",
          "setdefault",
          "update",
          "values");

  private static final Set<String> LIST_METHODS =
      Set.of(
          "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove",
          "reverse", "sort");

  private final Operators operators;
  private final Budget budget;

  Access(Operators operators, Budget budget) {
    this.operators = operators;
    this.budget = budget;
  }

  /** {@code target.name}. */
  Value attribute(Value target, String name) {
    if (hasMethod(target, name)) {
      return new Value.Method(target, name);
    }
    Value found =
        switch (target) {
          case Dict dict -> dict.get(name);
          case Value.Namespace namespace -> namespace.get(name);
          case Value.Loop loop -> loopVariable(loop, name);
          case Undefined undefined -> throw undefined.fault();
          default -> null;
        };
    return found == null ? missing(target, "'" + name + "'") : found;
  }

  /** {@code target[key]}. */
  Value item(Value target, Value key) {
    Value found =
        switch (target) {
          case Undefined undefined -> throw undefined.fault();
          case Dict dict -> {
            Object canonical = operators.keyOf(key);
            yield canonical == null ? null : dict.get(canonical);
          }
          case Sequence sequence when sequence.kind().indexed() -> at(sequence, key);
          case Text text -> at(text, key);
          case Value.Namespace namespace when key instanceof Text name ->
              namespace.get(name.string());
          default -> null;
        };
    if (found != null) {
      return found;
    }
    if (key instanceof Text name) {
      return hasMethod(target, name.string())
          ? new Value.Method(target, name.string())
          : missing(target, "'" + name.redacted() + "'");
    }
    return missing(target, key instanceof Value.Int index ? "" + index.value() : key.type());
  }

  private static Undefined missing(Value target, String name) {
    return new Undefined("the " + target.type() + " has no element " + name);
  }

  private static boolean hasMethod(Value target, String name) {
    return switch (target) {
      case Text _ -> TextMethod.of(name) != null;
      case Dict _ -> DICT_METHODS.contains(name);
      case Sequence sequence ->
          switch (sequence.kind()) {
            case LIST -> LIST_METHODS.contains(name);
            case TUPLE, RANGE -> name.equals("count") || name.equals("index");
            case KEYS, VALUES, ITEMS -> false;
          };
      case Value.Loop _ -> name.equals("cycle");
      default -> false;
    };
  }

  private static @Nullable Value at(Sequence sequence, Value key) {
    Value.Int index = Numbers.asInt(key);
    if (index == null) {
      return null;
    }
    int size = sequence.items().size();
    long from = index.value() < 0 ? index.value() + size : index.value();
    return from < 0 || from >= size ? null : sequence.items().get((int) from);
  }

  private @Nullable Value at(Text text, Value key) {
    Value.Int index = Numbers.asInt(key);
    if (index == null) {
      return null;
    }
    int length = operators.length(text);
    long from = index.value() < 0 ? index.value() + length : index.value();
    return from < 0 || from >= length ? null : text.codePoints((int) from, (int) from + 1);
  }

  private static @Nullable Value loopVariable(Value.Loop loop, String name) {
    List<Value> items = loop.items();
    int index = loop.index();
    return switch (name) {
      case "index" -> new Value.Int(index + 1L);
      case "index0" -> new Value.Int(index);
      case "revindex" -> new Value.Int(items.size() - index);
      case "revindex0" -> new Value.Int(items.size() - index - 1L);
      case "length" -> new Value.Int(items.size());
      case "first" -> Value.Bool.of(index == 0);
      case "last" -> Value.Bool.of(index == items.size() - 1);
      case "depth" -> new Value.Int(1);
      case "depth0" -> new Value.Int(0);
      case "previtem" ->
          index > 0 ? items.get(index - 1) : new Undefined("there is no previous item");
      case "nextitem" ->
          index + 1 < items.size() ? items.get(index + 1) : new Undefined("there is no next item");
      case "changed" -> throw TemplateFault.unsupported("loop.changed");
      default -> null;
    };
  }

  /** {@code target[from:to:step]}; bounds that are null or {@code none} are the ends. */
  Value slice(Value target, @Nullable Value from, @Nullable Value to, @Nullable Value step) {
    int length =
        switch (target) {
          case Text text -> operators.length(text);
          case Sequence sequence when sequence.kind().indexed() -> sequence.items().size();
          default -> throw Operators.undefinedOr(target, target, "cannot slice " + target.type());
        };
    Slice slice = Slice.of(bound(from), bound(to), bound(step), length);
    return switch (target) {
      case Text text -> slice(text, slice);
      case Sequence sequence -> slice(sequence, slice);
      default -> throw new IllegalStateException(target.type());
    };
  }

  private static @Nullable Long bound(@Nullable Value value) {
    return switch (value) {
      case null -> null;
      case Value.None _ -> null;
      default -> {
        Value.Int number = Numbers.asInt(value);
        if (number == null) {
          throw Operators.undefinedOr(
              value, value, "the bounds of a slice must be whole numbers, not " + value.type());
        }
        yield number.value();
      }
    };
  }

  private Text slice(Text text, Slice slice) {
    if (slice.step() == 1) {
      Text cut = text.codePoints(slice.start(), slice.start() + slice.count());
      budget.characters(cut.units());
      return cut;
    }
    budget.steps(slice.count());
    budget.characters(text.units());
    List<Value> characters = operators.items(text);
    Text.Builder picked = new Text.Builder();
    for (int i = 0; i < slice.count(); i++) {
      picked.append((Text) characters.get(slice.index(i)));
    }
    return picked.build();
  }

  private Sequence slice(Sequence sequence, Slice slice) {
    budget.elements(slice.count());
    List<Value> items = new ArrayList<>(slice.count());
    for (int i = 0; i < slice.count(); i++) {
      items.add(sequence.items().get(slice.index(i)));
    }
    return new Sequence(sequence.kind(), items);
  }

  /**
   * Which positions a slice takes.
   *
   * @param start the first
   * @param step from one to the next, not 0
   * @param count how many
   */
  private record Slice(int start, long step, int count) {
    int index(int i) {
      return (int) (start + i * step);
    }

    /** Clips bounds to a length as Python's {@code slice.indices} does. */
    static Slice of(@Nullable Long from, @Nullable Long to, @Nullable Long by, int length) {
      // A step beyond the length takes one item, whatever it is.
      long step = by == null ? 1 : Math.clamp(by, -length - 1L, length + 1L);
      if (step == 0) {
        throw TemplateFault.wrong("the step of a slice is zero");
      }
      long low = step > 0 ? 0 : -1;
      long high = step > 0 ? length : length - 1L;
      long start = from == null ? (step > 0 ? low : high) : clip(from, length, low, high);
      long stop = to == null ? (step > 0 ? high : low) : clip(to, length, low, high);
      long distance = step > 0 ? stop - start : start - stop;
      long count = distance <= 0 ? 0 : (distance - 1) / Math.abs(step) + 1;
      return new Slice((int) (count == 0 ? 0 : start), step, (int) count);
    }

    private static long clip(long bound, int length, long low, long high) {
      return Math.clamp(bound < 0 ? bound + length : bound, low, high);
    }
  }
}
