package org.folkmoot.engine.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
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

  private static final Map<String, FilterName> BY_NAME = new HashMap<>();

  static {
    for (FilterName filter : values()) {
      BY_NAME.put(filter.toString(), filter);
    }
    BY_NAME.put("count", LENGTH);
    BY_NAME.put("d", DEFAULT);
  }

  /** The filter that a template means, or null where there is none of that name. */
  static @Nullable FilterName of(String name) {
    return BY_NAME.get(name);
  }

  /** As templates write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
