package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A value as a template sees it: Python's types, as far as templates meet them. All are immutable
 * but {@link Namespace}, which exists to be changed, and {@link Stream}, which is used up.
 */
sealed interface Value
    permits Value.None,
        Value.Undefined,
        Value.Bool,
        Value.Int,
        Value.Real,
        Text,
        Value.Sequence,
        Value.Dict,
        Value.Stream,
        Value.Namespace,
        Value.Loop,
        Value.Function,
        Value.Method,
        Value.Macro {

  /** What this is, in Python's words, for error messages. */
  default String type() {
    return switch (this) {
      case None _ -> "NoneType";
      case Undefined _ -> "Undefined";
      case Bool _ -> "bool";
      case Int _ -> "int";
      case Real _ -> "float";
      case Text _ -> "str";
      case Sequence sequence -> sequence.kind().python;
      case Dict _ -> "dict";
      case Stream _ -> "generator";
      case Namespace _ -> "Namespace";
      case Loop _ -> "LoopContext";
      case Function _ -> "function";
      case Method _ -> "method";
      case Macro _ -> "Macro";
    };
  }

  /** How deep lists and dictionaries nest in this. Namespaces count as flat: nothing walks them. */
  default int depth() {
    return switch (this) {
      case Sequence sequence -> sequence.depth;
      case Dict dict -> dict.depth;
      default -> 0;
    };
  }

  private static int deeper(int depth, Value child) {
    int deeper = Math.max(depth, child.depth() + 1);
    if (deeper > Budget.MAX_VALUE_DEPTH) {
      throw TemplateFault.wrong("nests values deeper than " + Budget.MAX_VALUE_DEPTH + " levels");
    }
    return deeper;
  }

  /** {@code None}. */
  enum None implements Value {
    NONE
  }

  /**
   * What is not there: empty when printed or looped over, a fault when used in any other way.
   *
   * @param why the message of that fault
   */
  record Undefined(String why) implements Value {
    TemplateFault fault() {
      return TemplateFault.wrong(why);
    }
  }

  /** A truth value. */
  enum Bool implements Value {
    FALSE,
    TRUE;

    static Bool of(boolean value) {
      return value ? TRUE : FALSE;
    }

    boolean value() {
      return this == TRUE;
    }
  }

  /** A whole number. Python's have no bound; these fault where 64 bits do not hold them. */
  record Int(long value) implements Value {}

  /** A floating-point number. */
  record Real(double value) implements Value {}

  /** Lists and what behaves like one. Identity is that of the object; see {@link Operators}. */
  final class Sequence implements Value {
    /** Which of Python's types it is. */
    enum Kind {
      LIST("list"),
      TUPLE("tuple"),
      RANGE("range"),
      KEYS("dict_keys"),
      VALUES("dict_values"),
      ITEMS("dict_items");

      final String python;

      Kind(String python) {
        this.python = python;
      }

      /** Whether it has positions; the views of a dictionary have none. */
      boolean indexed() {
        return this == LIST || this == TUPLE || this == RANGE;
      }
    }

    private final Kind kind;
    private final List<Value> items;
    private final int depth;

    /** Takes the list over: nobody may change it afterwards. */
    Sequence(Kind kind, List<Value> items) {
      this.kind = kind;
      this.items = Collections.unmodifiableList(items);
      int deepest = 1;
      for (Value item : items) {
        deepest = deeper(deepest, item);
      }
      this.depth = deepest;
    }

    static Sequence list(List<Value> items) {
      return new Sequence(Kind.LIST, items);
    }

    static Sequence tuple(Value... items) {
      return new Sequence(Kind.TUPLE, List.of(items));
    }

    Kind kind() {
      return kind;
    }

    List<Value> items() {
      return items;
    }
  }

  /** A dictionary in the order of its making. */
  final class Dict implements Value {
    /** A key as the template gave it, and what it leads to. */
    record Entry(Value key, Value value) {}

    /** By the canonical form of {@link Operators#keyOf}, in which 1, 1.0 and True are one key. */
    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    private int depth = 1;

    /** Adds or replaces, which only the maker does before anyone else sees the dictionary. */
    Dict put(Object canonical, Value key, Value value) {
      depth = deeper(deeper(depth, key), value);
      Entry old = entries.get(canonical);
      entries.put(canonical, new Entry(old == null ? key : old.key, value));
      return this;
    }

    Dict put(String key, Value value) {
      return put(key, Text.trusted(key), value);
    }

    @Nullable Value get(Object canonical) {
      Entry entry = entries.get(canonical);
      return entry == null ? null : entry.value;
    }

    Iterable<Entry> entries() {
      return entries.values();
    }

    /** The entries with their canonical keys. */
    Map<Object, Entry> canonical() {
      return Collections.unmodifiableMap(entries);
    }

    int size() {
      return entries.size();
    }

    /** One of Python's three views: {@code keys()}, {@code values()} or {@code items()}. */
    Sequence view(Sequence.Kind kind) {
      List<Value> items = new ArrayList<>(entries.size());
      for (Entry entry : entries()) {
        items.add(
            switch (kind) {
              case KEYS -> entry.key;
              case VALUES -> entry.value;
              case ITEMS -> Sequence.tuple(entry.key, entry.value);
              case LIST, TUPLE, RANGE -> throw new IllegalArgumentException(kind.python);
            });
      }
      return new Sequence(kind, items);
    }
  }

  /** What Python's generators are: true, without length or positions, and good for one walk. */
  final class Stream implements Value {
    private final Iterator<Value> rest;

    Stream(Iterator<Value> rest) {
      this.rest = rest;
    }

    Iterator<Value> rest() {
      return rest;
    }
  }

  /** Jinja's {@code namespace()}: variables that loops may change. */
  final class Namespace implements Value {
    private final Map<String, Value> variables = new LinkedHashMap<>();

    @Nullable Value get(String name) {
      return variables.get(name);
    }

    void set(String name, Value value) {
      variables.put(name, value);
    }
  }

  /** The variable {@code loop}: where a loop stands. */
  final class Loop implements Value {
    private final List<Value> items;
    private final int index;

    Loop(List<Value> items, int index) {
      this.items = items;
      this.index = index;
    }

    List<Value> items() {
      return items;
    }

    int index() {
      return index;
    }
  }

  /** A function that every template can call. */
  enum Function implements Value {
    RANGE,
    NAMESPACE,
    DICT,
    RAISE_EXCEPTION,
    STRFTIME_NOW
  }

  /** A method of a value, not called yet. */
  record Method(Value self, String name) implements Value {}

  /** A macro, or the body of a call block, with the variables that it can see. */
  final class Macro implements Value {
    private final Node.Macro definition;
    private final Scope scope;

    Macro(Node.Macro definition, Scope scope) {
      this.definition = definition;
      this.scope = scope;
    }

    Node.Macro definition() {
      return definition;
    }

    Scope scope() {
      return scope;
    }
  }
}
