package org.folkmoot.engine.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tests that templates can name after {@code is} and in {@code select}. */
enum TestName {
  BOOLEAN,
  CALLABLE,
  DEFINED,
  DIVISIBLEBY,
  EQ,
  EVEN,
  FALSE,
  FLOAT,
  GE,
  GT,
  IN,
  INTEGER,
  ITERABLE,
  LE,
  LOWER,
  LT,
  MAPPING,
  NE,
  NONE,
  NUMBER,
  ODD,
  SAMEAS,
  SEQUENCE,
  STRING,
  TRUE,
  UNDEFINED,
  UPPER;

  private static final Map<String, TestName> BY_NAME = new HashMap<>();

  static {
    for (TestName test : values()) {
      BY_NAME.put(test.toString(), test);
    }
    BY_NAME.putAll(Map.of("==", EQ, "equalto", EQ, "!=", NE, "<", LT, "lessthan", LT));
    BY_NAME.putAll(Map.of("<=", LE, ">", GT, "greaterthan", GT, ">=", GE));
  }

  /** The test that a template means, or null where there is none of that name. */
  static @Nullable TestName of(String name) {
    return BY_NAME.get(name);
  }

  /** As templates write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
