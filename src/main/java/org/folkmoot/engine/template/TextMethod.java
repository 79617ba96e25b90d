package org.folkmoot.engine.template;

import java.util.Locale;
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

  /** The method of that name, or null where there is none. */
  static @Nullable TextMethod of(String name) {
    for (TextMethod method : values()) {
      if (method.toString().equals(name)) {
        return method;
      }
    }
    return null;
  }

  /** As templates write it. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
