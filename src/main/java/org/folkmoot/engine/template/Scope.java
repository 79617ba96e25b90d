package org.folkmoot.engine.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Variables by name. A scope reads through to the one around it and writes only to itself, so what
 * a loop's body sets is gone with the turn.
 */
final class Scope {
  private final @Nullable Scope outer;
  private final Map<String, Value> variables = new HashMap<>();

  Scope(@Nullable Scope outer) {
    this.outer = outer;
  }

  void set(String name, Value value) {
    variables.put(name, value);
  }

  /** The value of the innermost variable of that name, or null. */
  @Nullable Value find(String name) {
    for (Scope scope = this; scope != null; scope = scope.outer) {
      Value value = scope.variables.get(name);
      if (value != null) {
        return value;
      }
    }
    return null;
  }
}
