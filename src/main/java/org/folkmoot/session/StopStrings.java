package org.folkmoot.session;

import java.util.List;

/**
 * Watches a stream of text for stop strings: the first to be complete ends it, of several that end
 * at the same character the longest. Text that could still become one is held back, the rest is let
 * through. How the text is cut into pieces makes no difference, and the time is linear in its
 * length (Knuth, Morris and Pratt 1977, doi 10.1137/0206024).
 */
final class StopStrings {
  private final List<String> stops;

  /** For each stop string and length of a beginning of it: its longest border. */
  private final int[][] borders;

  /** For each stop string: how much of its beginning the text ends with. */
  private final int[] matched;

  private final StringBuilder held = new StringBuilder();
  private boolean found;

  StopStrings(List<String> stops) {
    this.stops = stops;
    this.borders = stops.stream().map(StopStrings::borders).toArray(int[][]::new);
    this.matched = new int[stops.size()];
  }

  private static int[] borders(String stop) {
    int[] borders = new int[stop.length() + 1];
    for (int length = 2, border = 0; length <= stop.length(); length++) {
      border = extend(stop, borders, border, stop.charAt(length - 1));
      borders[length] = border;
    }
    return borders;
  }

  /** How much of the stop string's beginning is matched after one more character. */
  private static int extend(String stop, int[] borders, int matched, char next) {
    int length = matched;
    while (length > 0 && stop.charAt(length) != next) {
      length = borders[length];
    }
    return stop.charAt(length) == next ? length + 1 : 0;
  }

  /** Whether a stop string came. Nothing is let through any more. */
  boolean found() {
    return found;
  }

  /** Takes text and gives what is certain. */
  String add(String text) {
    StringBuilder certain = new StringBuilder();
    for (int i = 0; i < text.length() && !found; i++) {
      held.append(text.charAt(i));
      int open = match(text.charAt(i));
      certain.append(held, 0, held.length() - open);
      held.delete(0, held.length() - open);
    }
    return certain.toString();
  }

  /**
   * Takes one character.
   *
   * @return how many of the latest characters belong to a stop string: the whole of it if one was
   *     found, else what could still become one
   */
  private int match(char next) {
    int whole = 0;
    int begun = 0;
    for (int s = 0; s < matched.length; s++) {
      String stop = stops.get(s);
      matched[s] = extend(stop, borders[s], matched[s], next);
      if (matched[s] == stop.length()) {
        whole = Math.max(whole, matched[s]);
      }
      begun = Math.max(begun, matched[s]);
    }
    found = whole > 0;
    return found ? whole : begun;
  }

  /** What was held back, at the end of the stream. */
  String finish() {
    return found ? "" : held.toString();
  }
}
