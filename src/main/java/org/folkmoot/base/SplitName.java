package org.folkmoot.base;

import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The name of one part of a model file that was split: {@code x-00002-of-00003.gguf}.
 *
 * @param stem what comes before
 * @param number of this part, from 1
 * @param count of all parts
 */
public record SplitName(String stem, int number, int count) {
  /** Of the largest models there are some hundred. */
  private static final int MAX_PARTS = 4096;

  private static final Pattern NAME =
      Pattern.compile("(.*)-([0-9]{5})-of-([0-9]{5})\\.gguf", Pattern.CASE_INSENSITIVE);

  /** Reads a file's name; empty if it is not that of one of several parts. */
  public static Optional<SplitName> of(String fileName) {
    Matcher matcher = NAME.matcher(fileName);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    int number = Integer.parseInt(matcher.group(2));
    int count = Integer.parseInt(matcher.group(3));
    return number >= 1 && number <= count && count > 1 && count <= MAX_PARTS
        ? Optional.of(new SplitName(matcher.group(1), number, count))
        : Optional.empty();
  }

  /** The names of all parts, in order. */
  public List<String> all() {
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> "%s-%05d-of-%05d.gguf".formatted(stem, i, count))
        .toList();
  }
}
