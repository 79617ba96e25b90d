package org.folkmoot.engine.gguf;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import org.folkmoot.base.FolkmootException;

/**
 * The key-value part of a GGUF file. Values are checked for their type when they are asked for: a
 * key that is there with another type is a BAD_FILE, a key that is missing is empty.
 *
 * <p>Values are {@link Long} (every integer type), {@link Double} (both float types), {@link
 * Boolean}, {@link String}, or for arrays {@code long[]}, {@code float[]}, {@code boolean[]},
 * {@link GgufStrings} or {@code String[]}, and {@code List<Object>} (arrays of arrays).
 */
public final class GgufMetadata {
  private final Map<String, Object> values;

  /** Metadata with these values, in this order. */
  public GgufMetadata(Map<String, Object> values) {
    this.values = Collections.unmodifiableMap(values);
  }

  /** The keys, in file order. */
  public Set<String> keys() {
    return values.keySet();
  }

  /** The value of a key, whatever its type. */
  public Optional<Object> value(String key) {
    return Optional.ofNullable(values.get(key));
  }

  /** A string. */
  public Optional<String> string(String key) {
    return typed(key, String.class, "a string");
  }

  /** An integer of any width. */
  public OptionalLong integer(String key) {
    return typed(key, Long.class, "an integer").map(OptionalLong::of).orElse(OptionalLong.empty());
  }

  /** A number: float or integer. */
  public OptionalDouble number(String key) {
    return typed(key, Number.class, "a number")
        .map(number -> OptionalDouble.of(number.doubleValue()))
        .orElse(OptionalDouble.empty());
  }

  /** A truth value. */
  public Optional<Boolean> bool(String key) {
    return typed(key, Boolean.class, "a boolean");
  }

  /** An array of strings, decoded anew at every call. */
  public Optional<String[]> strings(String key) {
    return packedStrings(key).map(GgufStrings::toArray);
  }

  /** An array of strings as the file holds it: what large arrays are best read as. */
  public Optional<GgufStrings> packedStrings(String key) {
    return values.get(key) instanceof String[] strings
        ? Optional.of(GgufStrings.of(strings))
        : typed(key, GgufStrings.class, "an array of strings");
  }

  /** An array of floats; the caller must not change it. */
  public Optional<float[]> floats(String key) {
    return typed(key, float[].class, "an array of floats");
  }

  /** An array of integers that all fit {@code int}. */
  public Optional<int[]> integers(String key) {
    return typed(key, long[].class, "an array of integers").map(array -> narrow(key, array));
  }

  /** An array of truth values; the caller must not change it. */
  public Optional<boolean[]> booleans(String key) {
    return typed(key, boolean[].class, "an array of booleans");
  }

  private static int[] narrow(String key, long[] array) {
    int[] narrow = new int[array.length];
    for (int i = 0; i < array.length; i++) {
      narrow[i] = (int) array[i];
      if (narrow[i] != array[i]) {
        throw new FolkmootException(
            BAD_FILE,
            "the model file's key '" + key + "' holds " + array[i] + ", which is out of range");
      }
    }
    return narrow;
  }

  private <T> Optional<T> typed(String key, Class<T> type, String wanted) {
    Object value = values.get(key);
    if (value == null) {
      return Optional.empty();
    }
    if (!type.isInstance(value)) {
      throw new FolkmootException(
          BAD_FILE,
          "the model file's key '" + key + "' should be " + wanted + ", but is " + describe(value));
    }
    return Optional.of(type.cast(value));
  }

  private static String describe(Object value) {
    return switch (value) {
      case String _ -> "a string";
      case Long _ -> "an integer";
      case Double _ -> "a float";
      case Boolean _ -> "a boolean";
      case String[] _, GgufStrings _ -> "an array of strings";
      case long[] _ -> "an array of integers";
      case float[] _ -> "an array of floats";
      case boolean[] _ -> "an array of booleans";
      case List<?> _ -> "an array of arrays";
      default -> value.getClass().getSimpleName();
    };
  }
}
