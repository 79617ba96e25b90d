package org.folkmoot.engine.template;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The filters that templates can name. */
enum FilterName {
  ABS,
  ATTR,
  CAPITALIZE,
  DEFAULT,
  DICTSORT,
  FIRST,
  FLOAT,
  FORMAT,
  INDENT,
  INT,
  ITEMS,
  JOIN,
  LAST,
  LENGTH,
  LIST,
  LOWER,
  MAP,
  MAX,
  MIN,
  REJECT,
  REJECTATTR,
  REPLACE,
  REVERSE,
  ROUND,
  SAFE,
  SELECT,
  SELECTATTR,
  SORT,
  STRING,
  SUM,
  TITLE,
  TOJSON,
  TRIM,
  UNIQUE,
  UPPER;

  /** The filter that a template means, or null where there is none of that name. */
  static @Nullable FilterName of(String name) {
    return switch (name) {
      case "count" -> LENGTH;
      case "d" -> DEFAULT;
      default -> {
        for (FilterName filter : values()) {
          if (filter.toString().equals(name)) {
            yield filter;
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
