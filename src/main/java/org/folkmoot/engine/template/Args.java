package org.folkmoot.engine.template;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call, evaluated. */
record Args(List<Value> positional, Map<String, Value> named) {
  static final Args NONE = new Args(List.of(), Map.of());

  /** Arguments by the parameters that they were given for. */
  static final class Bound {
    private final Map<String, Value> byName = new LinkedHashMap<>();

    /** The argument of that name, or null where it was left out. */
    @Nullable Value find(String name) {
      return byName.get(name);
    }

    Value get(String name, Value fallback) {
      return byName.getOrDefault(name, fallback);
    }

    Value require(String name) {
      Value value = byName.get(name);
      if (value == null) {
        throw TemplateFault.wrong("the argument '" + name + "' is missing");
      }
      return value;
    }

    long wholeNumber(String name, long fallback) {
      return switch (byName.get(name)) {
        case null -> fallback;
        case Value.Int number -> number.value();
        case Value.Bool bool -> bool.value() ? 1 : 0;
        case Value other -> throw wrongType(name, "a whole number", other);
      };
    }

    Text text(String name, Text fallback) {
      return switch (byName.get(name)) {
        case null -> fallback;
        case Text text -> text;
        case Value other -> throw wrongType(name, "a string", other);
      };
    }

    private static TemplateFault wrongType(String name, String wanted, Value found) {
      return TemplateFault.wrong(
          "the argument '" + name + "' must be " + wanted + ", not " + found.type());
    }
  }

  /**
   * Matches the arguments with parameters, as Python does.
   *
   * @param callee what is called, for the message of a fault
   */
  Bound bind(String callee, String... parameters) {
    if (positional.size() > parameters.length) {
      throw TemplateFault.wrong(
          callee + " takes at most " + parameters.length + " arguments, not " + positional.size());
    }
    Bound bound = new Bound();
    for (int i = 0; i < positional.size(); i++) {
      bound.byName.put(parameters[i], positional.get(i));
    }
    List<String> known = List.of(parameters);
    named.forEach((name, value) -> {
      if (!known.contains(name)) {
        throw TemplateFault.wrong(callee + " has no argument '" + name + "'");
      }
      if (bound.byName.put(name, value) != null) {
        throw TemplateFault.wrong(callee + " is given '" + name + "' twice");
      }
    });
    return bound;
  }

  /** The arguments after the first so many. */
  Args rest(int skipped) {
    return new Args(
        positional.subList(Math.min(skipped, positional.size()), positional.size()), named);
  }
}
