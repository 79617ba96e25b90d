package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.jspecify.annotations.Nullable;

/**
 * Python's truth, equality, order and membership. Source: the Python language reference, "Value
 * comparisons" and "Truth Value Testing".
 */
final class Operators {
  private final Budget budget;

  Operators(Budget budget) {
    this.budget = budget;
  }

  boolean isTrue(Value value) {
    return switch (value) {
      case Value.None _, Value.Undefined _ -> false;
      case Value.Bool bool -> bool.value();
      case Value.Int number -> number.value() != 0;
      case Value.Real number -> number.value() != 0;
      case Text text -> !text.isEmpty();
      case Sequence sequence -> !sequence.items().isEmpty();
      case Dict dict -> dict.size() > 0;
      case Value.Stream _,
          Value.Namespace _,
          Value.Loop _,
          Value.Function _,
          Value.Method _,
          Value.Macro _ ->
          true;
    };
  }

  /** Python's {@code ==}. */
  boolean equal(Value a, Value b) {
    budget.steps(1);
    if (a instanceof Text left && b instanceof Text right) {
      budget.characters(Math.min(left.units(), right.units()));
      return left.string().equals(right.string());
    }
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return !Numbers.unordered(a, b) && Numbers.compare(a, b) == 0;
    }
    if (a instanceof Sequence left && b instanceof Sequence right) {
      return left.kind() == right.kind() && equalItems(left.items(), right.items());
    }
    if (a instanceof Dict left && b instanceof Dict right) {
      return equalDicts(left, right);
    }
    return a.equals(b) || (a instanceof Value.Undefined && b instanceof Value.Undefined);
  }

  private boolean equalItems(List<Value> left, List<Value> right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (int i = 0; i < left.size(); i++) {
      if (!equal(left.get(i), right.get(i))) {
        return false;
      }
    }
    return true;
  }

  private boolean equalDicts(Dict left, Dict right) {
    if (left.size() != right.size()) {
      return false;
    }
    for (Map.Entry<Object, Dict.Entry> entry : left.canonical().entrySet()) {
      if (entry.getKey() instanceof String name) {
        budget.characters(name.length());
      }
      Value other = right.get(entry.getKey());
      if (other == null || !equal(entry.getValue().value(), other)) {
        return false;
      }
    }
    return true;
  }

  /** Evaluates one comparison. */
  boolean compare(Expr.Comparator comparator, Value a, Value b) {
    return switch (comparator) {
      case EQUAL -> equal(a, b);
      case NOT_EQUAL -> !equal(a, b);
      case LESS -> !unordered(a, b) && order(a, b) < 0;
      case LESS_OR_EQUAL -> !unordered(a, b) && order(a, b) <= 0;
      case GREATER -> !unordered(a, b) && order(a, b) > 0;
      case GREATER_OR_EQUAL -> !unordered(a, b) && order(a, b) >= 0;
      case IN -> contains(b, a);
      case NOT_IN -> !contains(b, a);
    };
  }

  private static boolean unordered(Value a, Value b) {
    return Numbers.isNumber(a) && Numbers.isNumber(b) && Numbers.unordered(a, b);
  }

  /** Orders two values of one kind, for {@code <} and for sorting. */
  int order(Value a, Value b) {
    budget.steps(1);
    if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
      return Numbers.compare(a, b);
    }
    if (a instanceof Text left && b instanceof Text right) {
      budget.characters(Math.min(left.units(), right.units()));
      return orderTexts(left.string(), right.string());
    }
    if (a instanceof Sequence left
        && b instanceof Sequence right
        && left.kind() == right.kind()
        && left.kind().indexed()) {
      return orderItems(left.items(), right.items());
    }
    throw undefinedOr(a, b, "cannot order " + a.type() + " and " + b.type());
  }

  /** By code points, as Python orders; UTF-16 units would put U+FFFF after U+10000. */
  private static int orderTexts(String left, String right) {
    int common = Math.min(left.length(), right.length());
    for (int i = 0; i < common; i++) {
      char a = left.charAt(i);
      char b = right.charAt(i);
      if (a != b) {
        boolean sameKind = Character.isSurrogate(a) == Character.isSurrogate(b);
        return sameKind ? Character.compare(a, b) : Character.isSurrogate(a) ? 1 : -1;
      }
    }
    return Integer.compare(left.length(), right.length());
  }

  private int orderItems(List<Value> left, List<Value> right) {
    int common = Math.min(left.size(), right.size());
    for (int i = 0; i < common; i++) {
      if (!equal(left.get(i), right.get(i))) {
        return order(left.get(i), right.get(i));
      }
    }
    return Integer.compare(left.size(), right.size());
  }

  /** The fault of an operation on values of these types. */
  static TemplateFault undefinedOr(Value a, Value b, String message) {
    if (a instanceof Value.Undefined undefined) {
      return undefined.fault();
    }
    return b instanceof Value.Undefined undefined
        ? undefined.fault()
        : TemplateFault.wrong(message);
  }

  /** Python's {@code item in container}. */
  boolean contains(Value container, Value item) {
    return switch (container) {
      case Text text -> {
        if (!(item instanceof Text part)) {
          throw undefinedOr(item, item, "cannot look for " + item.type() + " in a string");
        }
        budget.search(text.units(), part.units());
        yield text.string().contains(part.string());
      }
      case Dict dict -> dict.get(key(item)) != null;
      default -> {
        for (Iterator<Value> items = iterate(container); items.hasNext(); ) {
          if (equal(items.next(), item)) {
            yield true;
          }
        }
        yield false;
      }
    };
  }

  /** Walks over a value, using a stream up. */
  Iterator<Value> iterate(Value value) {
    return switch (value) {
      case Sequence sequence -> sequence.items().iterator();
      case Dict dict -> {
        budget.elements(dict.size());
        yield dict.view(Sequence.Kind.KEYS).items().iterator();
      }
      case Value.Stream stream -> stream.rest();
      case Value.Undefined _ -> List.<Value>of().iterator();
      case Text text -> characters(text).iterator();
      default -> throw TemplateFault.wrong("cannot loop over " + value.type());
    };
  }

  /** The items of a value in a list, which the caller must not change. */
  List<Value> items(Value value) {
    if (value instanceof Sequence sequence) {
      budget.steps(sequence.items().size());
      return sequence.items();
    }
    List<Value> items = new ArrayList<>();
    iterate(value).forEachRemaining(items::add);
    budget.elements(items.size());
    return items;
  }

  private List<Value> characters(Text text) {
    budget.elements(text.units());
    List<Value> characters = new ArrayList<>(text.units());
    String string = text.string();
    for (int from = 0; from < string.length(); ) {
      int to = from + Character.charCount(string.codePointAt(from));
      characters.add(text.cut(from, to));
      from = to;
    }
    return characters;
  }

  /** Python's {@code len(value)}. */
  int length(Value value) {
    return switch (value) {
      case Text text -> {
        budget.characters(text.units() / 16);
        yield text.codePoints();
      }
      case Sequence sequence -> sequence.items().size();
      case Dict dict -> dict.size();
      case Value.Undefined _ -> 0;
      default -> throw TemplateFault.wrong(value.type() + " has no length");
    };
  }

  /**
   * The canonical form of a dictionary's key, equal for keys that are one in Python.
   *
   * @throws TemplateFault if the value cannot be a key
   */
  Object key(Value value) {
    Object key = keyOf(value);
    if (key == null) {
      throw TemplateFault.wrong(value.type() + " cannot be a key");
    }
    return key;
  }

  /** The same, or null if the value cannot be a key. */
  @Nullable Object keyOf(Value value) {
    budget.steps(1);
    return switch (value) {
      case Text text -> {
        budget.characters(text.units());
        yield text.string();
      }
      case Value.Int number -> number.value();
      case Value.Bool bool -> bool.value() ? 1L : 0L;
      case Value.Real number -> {
        // 2.0 is the key 2; both halves are objects, or Java would make the whole number a float.
        long whole = (long) number.value();
        boolean isWhole = whole == number.value() && whole != Long.MAX_VALUE;
        yield isWhole ? (Object) whole : (Object) number.value();
      }
      case Sequence sequence when sequence.kind() == Sequence.Kind.TUPLE ->
          throw TemplateFault.unsupported("a tuple as a key");
      case Value.Undefined _ -> Value.Undefined.class;
      case Sequence _, Dict _ -> null;
      default -> value;
    };
  }
}
