package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.folkmoot.engine.template.Value.Dict;
import org.folkmoot.engine.template.Value.Sequence;
import org.folkmoot.engine.template.Value.Undefined;
import org.jspecify.annotations.Nullable;

/**
 * Applies filters. Source: "List of Builtin Filters" in the template designer documentation of
 * Jinja 3.1; {@code tojson} is the one that chat templates are written for, which is plain JSON
 * without HTML escapes. {@code safe} changes nothing, because nothing is escaped.
 */
final class Filters {
  private final Operators operators;
  private final Arithmetic arithmetic;
  private final Access access;
  private final Tests tests;
  private final Conversions conversions;
  private final Budget budget;

  Filters(Operators operators, Arithmetic arithmetic, Access access, Tests tests, Budget budget) {
    this.operators = operators;
    this.arithmetic = arithmetic;
    this.access = access;
    this.tests = tests;
    this.conversions = new Conversions(budget);
    this.budget = budget;
  }

  Value apply(FilterName name, Value value, Args args) {
    String callee = "the filter '" + name + "'";
    return switch (name) {
      case ABS -> absolute(value);
      case ATTR -> attr(value, args.bind(callee, "name"));
      case CAPITALIZE, LOWER, TITLE, UPPER -> letters(name, value, args);
      case DEFAULT -> {
        Args.Bound bound = args.bind(callee, "default_value", "boolean");
        boolean falseToo = operators.isTrue(bound.get("boolean", Value.Bool.FALSE));
        boolean absent = value instanceof Undefined || (falseToo && !operators.isTrue(value));
        yield absent ? bound.get("default_value", Text.EMPTY) : value;
      }
      case DICTSORT -> sortedDict(value, args.bind(callee, "case_sensitive", "by", "reverse"));
      case FIRST -> first(value);
      case LAST -> last(value);
      case FLOAT -> conversions.toReal(value, args.bind(callee, "default"));
      case INT -> conversions.toInt(value, args.bind(callee, "default", "base"));
      case FORMAT ->
          Formats.percent(
              Printer.str(value, budget),
              new Sequence(Sequence.Kind.TUPLE, args.positional()),
              budget);
      case INDENT -> indent(value, args.bind(callee, "width", "first", "blank"));
      case ITEMS -> stream(pairs(value));
      case JOIN -> join(value, args.bind(callee, "d", "attribute"));
      case LENGTH -> new Value.Int(operators.length(value));
      case LIST -> Sequence.list(operators.items(value));
      case MAP -> stream(map(value, args));
      case MIN -> extreme(value, args.bind(callee, "case_sensitive", "attribute"), -1);
      case MAX -> extreme(value, args.bind(callee, "case_sensitive", "attribute"), 1);
      case SELECT -> stream(select(value, args, false, true));
      case REJECT -> stream(select(value, args, false, false));
      case SELECTATTR -> stream(select(value, args, true, true));
      case REJECTATTR -> stream(select(value, args, true, false));
      case REPLACE -> replace(value, args.bind(callee, "old", "new", "count"));
      case REVERSE -> reversed(value);
      case ROUND -> conversions.round(value, args.bind(callee, "precision", "method"));
      case SAFE, STRING -> Printer.str(value, budget);
      case SORT -> sorted(value, args.bind(callee, "reverse", "case_sensitive", "attribute"));
      case SUM -> sum(value, args.bind(callee, "attribute", "start"));
      case TOJSON -> {
        Args.Bound bound = args.bind(callee, "ensure_ascii", "indent", "separators", "sort_keys");
        yield Printer.json(value, JsonStyle.of(bound, operators), budget);
      }
      case TRIM -> trim(value, args.bind(callee, "chars"));
      case UNIQUE -> stream(unique(value, args.bind(callee, "case_sensitive", "attribute")));
    };
  }

  private static Value stream(List<Value> items) {
    return new Value.Stream(items.iterator());
  }

  private Value absolute(Value value) {
    if (!Numbers.isNumber(value)) {
      throw Operators.undefinedOr(value, value, value.type() + " has no absolute value");
    }
    if (value instanceof Value.Real real) {
      return new Value.Real(Math.abs(real.value()));
    }
    return Numbers.asDouble(value) < 0 ? arithmetic.negate(value) : arithmetic.plus(value);
  }

  private Value attr(Value value, Args.Bound args) {
    args.require("name");
    return value instanceof Dict
        ? new Undefined("a dict has items, not attributes")
        : access.attribute(value, args.text("name", Text.EMPTY).string());
  }

  private Value letters(FilterName name, Value value, Args args) {
    args.bind("the filter '" + name + "'");
    Text text = Printer.str(value, budget);
    budget.characters(text.units());
    return text.rewritten(
        switch (name) {
          case CAPITALIZE -> Texts.capitalize(text.string());
          case TITLE -> Texts.titleWords(text.string());
          case UPPER -> Texts.upper(text.string());
          default -> Texts.lower(text.string());
        });
  }

  private Value first(Value value) {
    if (value instanceof Text text) {
      return text.isEmpty()
          ? new Undefined("the text has no first character")
          : text.codePoints(0, 1);
    }
    Iterator<Value> items = operators.iterate(value);
    return items.hasNext() ? items.next() : new Undefined("the sequence has no first item");
  }

  private Value last(Value value) {
    if (value instanceof Value.Stream) {
      throw TemplateFault.wrong("a generator has no last item: make it a list first");
    }
    if (value instanceof Text text) {
      int length = operators.length(text);
      return length == 0
          ? new Undefined("the text has no last character")
          : text.codePoints(length - 1, length);
    }
    List<Value> items = operators.items(value);
    return items.isEmpty() ? new Undefined("the sequence has no last item") : items.getLast();
  }

  private Text indent(Value value, Args.Bound args) {
    if (!(value instanceof Text text)) {
      throw Operators.undefinedOr(value, value, "cannot indent " + value.type());
    }
    Text by =
        args.get("width", Value.None.NONE) instanceof Text wide
            ? wide
            : (Text)
                arithmetic.apply(
                    Expr.Operator.MULTIPLY,
                    Text.trusted(" "),
                    new Value.Int(args.wholeNumber("width", 4)));
    boolean first = operators.isTrue(args.get("first", Value.Bool.FALSE));
    boolean blank = operators.isTrue(args.get("blank", Value.Bool.FALSE));
    budget.characters(text.units());
    return Texts.indent(text, by, first, blank, budget);
  }

  private List<Value> pairs(Value value) {
    return switch (value) {
      case Undefined _ -> List.of();
      case Dict dict -> {
        budget.elements(3L * dict.size());
        yield dict.view(Sequence.Kind.ITEMS).items();
      }
      default -> throw TemplateFault.wrong(value.type() + " has no items");
    };
  }

  private Text join(Value value, Args.Bound args) {
    Text separator = Printer.str(args.get("d", Text.EMPTY), budget);
    Value attribute = args.get("attribute", Value.None.NONE);
    Text.Builder joined = new Text.Builder();
    boolean first = true;
    for (Value item : operators.items(value)) {
      Text text = Printer.str(path(item, attribute), budget);
      budget.characters(separator.units() + (long) text.units());
      if (!first) {
        joined.append(separator);
      }
      joined.append(text);
      first = false;
    }
    return joined.build();
  }

  /** What a path of names and numbers with dots between them leads to; none is the item itself. */
  private Value path(Value item, Value path) {
    if (!(path instanceof Text names)) {
      return path instanceof Value.None ? item : access.item(item, path);
    }
    budget.characters(names.units());
    Value found = item;
    for (String part : names.string().split("\\.", -1)) {
      budget.steps(1);
      boolean number =
          !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
      Value key = number ? new Value.Int(Long.parseLong(part)) : Text.of(part, names.isTrusted());
      found = access.item(found, key);
    }
    return found;
  }

  /** What map and select walk over; anything false is as good as an empty list to them. */
  private List<Value> itemsIfAny(Value value) {
    return operators.isTrue(value) ? operators.items(value) : List.of();
  }

  private List<Value> map(Value value, Args args) {
    List<Value> mapped = new ArrayList<>();
    boolean byAttribute = args.positional().isEmpty() && args.named().containsKey("attribute");
    if (byAttribute) {
      Args.Bound bound = args.bind("the filter 'map'", "attribute", "default");
      Value fallback = bound.find("default");
      for (Value item : itemsIfAny(value)) {
        Value found = path(item, bound.require("attribute"));
        mapped.add(found instanceof Undefined && fallback != null ? fallback : found);
      }
    } else {
      FilterName filter = FilterName.of(nameIn(args, 0, "a filter"));
      if (filter == null) {
        throw TemplateFault.unsupported("the filter that 'map' names");
      }
      for (Value item : itemsIfAny(value)) {
        budget.steps(1);
        mapped.add(apply(filter, item, args.rest(1)));
      }
    }
    budget.elements(mapped.size());
    return mapped;
  }

  private static String nameIn(Args args, int position, String what) {
    if (args.positional().size() > position
        && args.positional().get(position) instanceof Text name) {
      return name.string();
    }
    throw TemplateFault.wrong("the name of " + what + " is missing");
  }

  private List<Value> select(Value value, Args args, boolean byAttribute, boolean wanted) {
    int skipped = byAttribute ? 1 : 0;
    if (args.positional().size() < skipped) {
      throw TemplateFault.wrong("the name of an attribute is missing");
    }
    Value attribute = byAttribute ? args.positional().getFirst() : Value.None.NONE;
    @Nullable TestName test = null;
    if (args.positional().size() > skipped) {
      test = TestName.of(nameIn(args, skipped, "a test"));
      if (test == null) {
        throw TemplateFault.unsupported("the test that a filter names");
      }
    }
    List<Value> selected = new ArrayList<>();
    for (Value item : itemsIfAny(value)) {
      budget.steps(1);
      Value tested = path(item, attribute);
      boolean holds =
          test == null
              ? operators.isTrue(tested)
              : tests.holds(test, tested, args.rest(skipped + 1));
      if (holds == wanted) {
        selected.add(item);
      }
    }
    budget.elements(selected.size());
    return selected;
  }

  private Text replace(Value value, Args.Bound args) {
    return Texts.replace(
        Printer.str(value, budget),
        Printer.str(args.require("old"), budget),
        Printer.str(args.require("new"), budget),
        args.get("count", Value.None.NONE) instanceof Value.None
            ? -1
            : args.wholeNumber("count", -1),
        budget);
  }

  private Value reversed(Value value) {
    List<Value> items = new ArrayList<>(operators.items(value));
    Collections.reverse(items);
    if (!(value instanceof Text)) {
      budget.elements(items.size());
      return stream(items);
    }
    Text.Builder all = new Text.Builder();
    items.forEach(character -> all.append((Text) character));
    return all.build();
  }

  private Text trim(Value value, Args.Bound args) {
    Text text = Printer.str(value, budget);
    Value chars = args.get("chars", Value.None.NONE);
    return Texts.strip(text, chars instanceof Text set ? set : null, true, true, budget);
  }

  private Value sum(Value value, Args.Bound args) {
    Value attribute = args.get("attribute", Value.None.NONE);
    Value total = args.get("start", new Value.Int(0));
    for (Value item : operators.items(value)) {
      budget.steps(1);
      total = arithmetic.apply(Expr.Operator.ADD, total, path(item, attribute));
    }
    return total;
  }

  /** What an item is sorted by: texts without their case, unless that counts. */
  private Value sortKey(Value item, Value attribute, boolean caseSensitive) {
    Value key = path(item, attribute);
    if (key instanceof Text text && !caseSensitive) {
      budget.characters(text.units());
      return text.rewritten(Texts.lower(text.string()));
    }
    return key;
  }

  private boolean caseSensitive(Args.Bound args) {
    return operators.isTrue(args.get("case_sensitive", Value.Bool.FALSE));
  }

  private record Keyed(Value key, Value item) {}

  private Sequence sorted(Value value, Args.Bound args) {
    Value attribute = args.get("attribute", Value.None.NONE);
    if (attribute instanceof Text names && names.string().indexOf(',') >= 0) {
      throw TemplateFault.unsupported("sorting by several attributes");
    }
    boolean caseSensitive = caseSensitive(args);
    List<Keyed> keyed = new ArrayList<>();
    for (Value item : operators.items(value)) {
      keyed.add(new Keyed(sortKey(item, attribute, caseSensitive), item));
    }
    return sortedItems(keyed, operators.isTrue(args.get("reverse", Value.Bool.FALSE)));
  }

  /** Equals keep their order, and need not be of a kind that has one. */
  private Sequence sortedItems(List<Keyed> keyed, boolean reverse) {
    budget.elements(2L * keyed.size());
    int sign = reverse ? -1 : 1;
    keyed.sort(
        (a, b) -> operators.equal(a.key(), b.key()) ? 0 : sign * operators.order(a.key(), b.key()));
    return Sequence.list(keyed.stream().map(Keyed::item).toList());
  }

  private Sequence sortedDict(Value value, Args.Bound args) {
    if (value instanceof Undefined undefined) {
      throw undefined.fault();
    }
    String by = args.text("by", Text.trusted("key")).string();
    if (!by.equals("key") && !by.equals("value")) {
      throw TemplateFault.wrong("a dictionary is sorted by 'key' or by 'value'");
    }
    Value position = new Value.Int(by.equals("key") ? 0 : 1);
    boolean caseSensitive = caseSensitive(args);
    List<Keyed> keyed = new ArrayList<>();
    for (Value pair : pairs(value)) {
      keyed.add(new Keyed(sortKey(pair, position, caseSensitive), pair));
    }
    return sortedItems(keyed, operators.isTrue(args.get("reverse", Value.Bool.FALSE)));
  }

  /** The least item (sign -1) or the greatest (sign 1); the first of equals. */
  private Value extreme(Value value, Args.Bound args, int sign) {
    Value attribute = args.get("attribute", Value.None.NONE);
    boolean caseSensitive = caseSensitive(args);
    Value best = new Undefined("the sequence is empty: it has no least or greatest item");
    Value bestKey = best;
    boolean first = true;
    for (Value item : operators.items(value)) {
      Value key = sortKey(item, attribute, caseSensitive);
      if (first || operators.order(key, bestKey) * sign > 0) {
        best = item;
        bestKey = key;
      }
      first = false;
    }
    return best;
  }

  private List<Value> unique(Value value, Args.Bound args) {
    Value attribute = args.get("attribute", Value.None.NONE);
    boolean caseSensitive = caseSensitive(args);
    Set<Object> seen = new HashSet<>();
    List<Value> unique = new ArrayList<>();
    for (Value item : operators.items(value)) {
      if (seen.add(operators.key(sortKey(item, attribute, caseSensitive)))) {
        unique.add(item);
      }
    }
    budget.elements(2L * unique.size());
    return unique;
  }
}
