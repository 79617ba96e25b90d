package org.folkmoot.engine.template;

import java.util.Locale;
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

  /** The test that a template means, or null where there is none of that name. */
  static @Nullable TestName of(String name) {
    return switch (name) {
      case "==", "equalto" -> EQ;
      case "!=" -> NE;
      case "<", "lessthan" -> LT;
      case "<=" -> LE;
      case ">", "greaterthan" -> GT;
      case ">=" -> GE;
      default -> {
        for (TestName test : values()) {
          if (test.toString().equals(name)) {
            yield test;
          }
        }
        yield null;
      }
    };
  }

  /** As templates write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
