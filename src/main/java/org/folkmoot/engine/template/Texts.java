package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What can be done with a string, for methods and filters alike. */
final class Texts {
  private Texts() {}

  static String upper(String string) {
    return string.toUpperCase(Locale.ROOT);
  }

  static String lower(String string) {
    return string.toLowerCase(Locale.ROOT);
  }

  static String capitalize(String string) {
    int first = firstLength(string);
    return titleCase(string.substring(0, first)) + lower(string.substring(first));
  }

  private static int firstLength(String string) {
    return string.isEmpty() ? 0 : Character.charCount(string.codePointAt(0));
  }

  /** ǆ has a form of its own for titles, ß becomes Ss; anything else is as in upper case. */
  private static String titleCase(String character) {
    if (character.isEmpty()) {
      return "";
    }
    int c = character.codePointAt(0);
    int title = Character.toTitleCase(c);
    if (title != Character.toUpperCase(c)) {
      return Character.toString(title);
    }
    String upper = upper(character);
    int first = firstLength(upper);
    return upper.substring(0, first) + lower(upper.substring(first));
  }

  static String swapCase(String string) {
    StringBuilder swapped = new StringBuilder(string.length());
    string
        .codePoints()
        .mapToObj(Character::toString)
        .forEach(
            c -> swapped.append(Character.isUpperCase(c.codePointAt(0)) ? lower(c) : upper(c)));
    return swapped.toString();
  }

  /** Python's {@code str.title}: a word begins after anything that has no case. */
  static String title(String string) {
    StringBuilder titled = new StringBuilder(string.length());
    boolean inWord = false;
    for (int at = 0; at < string.length(); ) {
      int c = string.codePointAt(at);
      String character = Character.toString(c);
      titled.append(inWord ? lower(character) : titleCase(character));
      inWord = Characters.isCased(c);
      at += character.length();
    }
    return titled.toString();
  }

  /** Jinja's filter {@code title}: a word begins after space, a hyphen or an opening bracket. */
  static String titleWords(String string) {
    StringBuilder titled = new StringBuilder(string.length());
    int begin = 0;
    while (begin < string.length()) {
      int end = begin;
      while (end < string.length() && !separatesWords(string.charAt(end))) {
        end++;
      }
      String word = string.substring(begin, end);
      int first = firstLength(word);
      titled.append(upper(word.substring(0, first))).append(lower(word.substring(first)));
      begin = end;
      while (begin < string.length() && separatesWords(string.charAt(begin))) {
        titled.append(string.charAt(begin++));
      }
    }
    return titled.toString();
  }

  private static boolean separatesWords(char c) {
    return "-({[<".indexOf(c) >= 0 || Characters.isSpace(c);
  }

  /** Without these characters at its ends; null for space. */
  static Text strip(Text text, @Nullable Text chars, boolean left, boolean right, Budget budget) {
    budget.characters(text.units() * (1L + (chars == null ? 0 : chars.units() / 64)));
    String string = text.string();
    int from = 0;
    int to = string.length();
    while (left && from < to && strips(string.codePointAt(from), chars)) {
      from += Character.charCount(string.codePointAt(from));
    }
    while (right && from < to && strips(string.codePointBefore(to), chars)) {
      to -= Character.charCount(string.codePointBefore(to));
    }
    return text.cut(from, to);
  }

  private static boolean strips(int c, @Nullable Text chars) {
    return chars == null ? Characters.isSpace(c) : chars.string().indexOf(c) >= 0;
  }

  /** How often a part is there, without overlap; an empty one is between all characters. */
  static long count(Text text, Text part, Budget budget) {
    if (part.isEmpty()) {
      return text.codePoints() + 1L;
    }
    budget.search(text.units(), part.units());
    long count = 0;
    int at = text.string().indexOf(part.string());
    while (at >= 0) {
      count++;
      at = text.string().indexOf(part.string(), at + part.units());
    }
    return count;
  }

  /** With up to {@code limit} occurrences replaced, all if it is negative. */
  static Text replace(Text text, Text old, Text by, long limit, Budget budget) {
    if (old.isEmpty()) {
      return interleave(text, by, limit, budget);
    }
    budget.search(text.units(), old.units());
    String string = text.string();
    int at = string.indexOf(old.string());
    if (at < 0 || limit == 0) {
      return text;
    }
    Text.Builder replaced = new Text.Builder();
    int done = 0;
    for (long i = 0; at >= 0 && i != limit; i++) {
      budget.characters(by.units());
      replaced.append(text, done, at).append(by);
      done = at + old.units();
      at = string.indexOf(old.string(), done);
    }
    return replaced.append(text, done, text.units()).build();
  }

  /** What replacing the empty string means: a copy before each character and one at the end. */
  private static Text interleave(Text text, Text by, long limit, Budget budget) {
    Text.Builder replaced = new Text.Builder();
    String string = text.string();
    int at = 0;
    for (long i = 0; i != limit; i++) {
      budget.characters(by.units() + 1L);
      replaced.append(by);
      if (at == string.length()) {
        break;
      }
      int next = at + Character.charCount(string.codePointAt(at));
      replaced.append(text, at, next);
      at = next;
    }
    return replaced.append(text, at, text.units()).build();
  }

  /** Splits at a separator; from the right, the parts come in reverse. */
  static void split(Text text, String separator, long limit, boolean last, List<Value> parts) {
    String string = text.string();
    int from = 0;
    int to = string.length();
    for (long i = 0; i != limit; i++) {
      int at =
          last
              ? string.lastIndexOf(separator, to - separator.length())
              : string.indexOf(separator, from);
      if (at < 0) {
        break;
      }
      parts.add(last ? text.cut(at + separator.length(), to) : text.cut(from, at));
      from = last ? from : at + separator.length();
      to = last ? at : to;
    }
    parts.add(text.cut(from, to));
  }

  /** Splits at runs of space, without empty parts; what the limit leaves keeps its far space. */
  static void splitAtSpace(Text text, long limit, List<Value> parts) {
    String string = text.string();
    int from = skip(string, 0, true);
    for (long i = 0; from < string.length(); i++) {
      int end = i == limit ? string.length() : skip(string, from, false);
      parts.add(text.cut(from, end));
      from = skip(string, end, true);
    }
  }

  /** The position after all space, or all that is no space, from a position on. */
  private static int skip(String string, int from, boolean space) {
    int at = from;
    while (at < string.length() && Characters.isSpace(string.charAt(at)) == space) {
      at++;
    }
    return at;
  }

  /** The same from the right; the parts come in reverse. */
  static void splitAtSpaceFromRight(Text text, long limit, List<Value> parts) {
    String string = text.string();
    int to = skipBack(string, string.length(), true);
    for (long i = 0; to > 0; i++) {
      int begin = i == limit ? 0 : skipBack(string, to, false);
      parts.add(text.cut(begin, to));
      to = skipBack(string, begin, true);
    }
  }

  private static int skipBack(String string, int to, boolean space) {
    int at = to;
    while (at > 0 && Characters.isSpace(string.charAt(at - 1)) == space) {
      at--;
    }
    return at;
  }

  /** The lines of a text, as Python's {@code splitlines} finds them. */
  static List<Text> lines(Text text, boolean keepEnds) {
    List<Text> lines = new ArrayList<>();
    String string = text.string();
    int from = 0;
    while (from < string.length()) {
      int end = from;
      while (end < string.length() && !Characters.isLineEnd(string.charAt(end))) {
        end++;
      }
      int next = Math.min(end + (string.startsWith("\r\n", end) ? 2 : 1), string.length());
      lines.add(text.cut(from, keepEnds ? next : end));
      from = next;
    }
    return lines;
  }

  /** Jinja's filter {@code indent}. */
  static Text indent(Text text, Text by, boolean first, boolean blank, Budget budget) {
    Text.Builder indented = new Text.Builder();
    // A last newline counts as one more line, which is empty.
    List<Text> lines = lines(text.plus(Text.trusted("\n")), false);
    for (int i = 0; i < lines.size(); i++) {
      Text line = lines.get(i);
      budget.characters(by.units() + 1L);
      if (i > 0) {
        indented.append("\n", text.isTrusted());
      }
      if (i == 0 ? first : blank || !line.isEmpty()) {
        indented.append(by);
      }
      indented.append(line);
    }
    return indented.build();
  }
}
