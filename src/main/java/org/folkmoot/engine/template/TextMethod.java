package org.folkmoot.engine.template;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str} that templates can call. */
enum TextMethod {
  CAPITALIZE,
  CASEFOLD,
  COUNT,
  ENDSWITH,
  FIND,
  FORMAT,
  INDEX,
  ISALNUM,
  ISALPHA,
  ISDECIMAL,
  ISDIGIT,
  ISLOWER,
  ISNUMERIC,
  ISSPACE,
  ISUPPER,
  JOIN,
  LJUST,
  LOWER,
  LSTRIP,
  PARTITION,
  REMOVEPREFIX,
  REMOVESUFFIX,
  REPLACE,
  RFIND,
  RINDEX,
  RJUST,
  RPARTITION,
  RSPLIT,
  RSTRIP,
  SPLIT,
  SPLITLINES,
  STARTSWITH,
  STRIP,
  SWAPCASE,
  TITLE,
  UPPER,
  ZFILL;

  private static final Map<String, TextMethod> BY_NAME = new HashMap<>();

  static {
    for (TextMethod method : values()) {
      BY_NAME.put(method.toString(), method);
    }
  }

  /** The method of that name, or null where there is none. */
  static @Nullable TextMethod of(String name) {
    return BY_NAME.get(name);
  }

  /** As templates write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
