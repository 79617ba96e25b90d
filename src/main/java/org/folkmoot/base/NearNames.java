package org.folkmoot.base;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Which known names a person may have meant by a wrong one. */
public final class NearNames {
  /** More than this reads as a list, not as a hint. */
  private static final int MOST = 3;

  /** Longer words are no typing errors, and the distance takes quadratic time. */
  private static final int LONGEST = 200;

  private NearNames() {}

  /**
   * The nearest names, at most three, nearest first: those a few slips of the finger away (about
   * one in three letters) and those that the wrong name begins or is the beginning of.
   */
  public static List<String> of(String wrong, Collection<String> known) {
    if (wrong.isEmpty() || wrong.length() > LONGEST) {
      return List.of();
    }
    String word = wrong.toLowerCase(Locale.ROOT);
    record Near(String name, int distance) {}
    return known.stream()
        .filter(name -> name.length() <= LONGEST)
        .map(name -> new Near(name, distance(word, name.toLowerCase(Locale.ROOT))))
        .filter(near -> near.distance <= tolerance(word) || sameBeginning(word, near.name))
        .sorted(Comparator.comparingInt(Near::distance).thenComparing(Near::name))
        .limit(MOST)
        .map(Near::name)
        .toList();
  }

  /** The hint to append to a message: {@code ""} or {@code ": did you mean 'a', 'b' or 'c'?"}. */
  public static String hint(String wrong, Collection<String> known) {
    List<String> quoted = of(wrong, known).stream().map(name -> "'" + name + "'").toList();
    return switch (quoted.size()) {
      case 0 -> "";
      case 1 -> ": did you mean " + quoted.getFirst() + "?";
      default ->
          ": did you mean "
              + String.join(", ", quoted.subList(0, quoted.size() - 1))
              + " or "
              + quoted.getLast()
              + "?";
    };
  }

  private static int tolerance(String word) {
    return Math.max(1, (word.length() + 1) / 3);
  }

  private static boolean sameBeginning(String word, String name) {
    String other = name.toLowerCase(Locale.ROOT);
    return Math.min(word.length(), other.length()) >= 2
        && (other.startsWith(word) || word.startsWith(other));
  }

  /**
   * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
   * (Damerau 1964, in the restricted form that edits no substring twice).
   */
  static int distance(String a, String b) {
    int[] beforeLast = new int[b.length() + 1];
    int[] last = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      last[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] row = new int[b.length() + 1];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        row[j] = Math.min(Math.min(last[j], row[j - 1]) + 1, last[j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          row[j] = Math.min(row[j], beforeLast[j - 2] + 1);
        }
      }
      beforeLast = last;
      last = row;
    }
    return last[b.length()];
  }
}
