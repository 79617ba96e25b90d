package org.folkmoot.session;

import java.util.List;

/**
 * Watches a stream of text for stop strings. Text that could still become one is held back; the
 * rest is let through.
 */
final class StopStrings {
  private final List<String> stops;
  private final StringBuilder held = new StringBuilder();
  private boolean found;

  StopStrings(List<String> stops) {
    this.stops = stops;
  }

  /** Whether a stop string came. Nothing is let through any more. */
  boolean found() {
    return found;
  }

  /** Takes text and gives what is certain. */
  String add(String text) {
    if (found) {
      return "";
    }
    if (stops.isEmpty()) {
      return text;
    }
    held.append(text);
    int first = -1;
    for (String stop : stops) {
      int at = held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    if (first >= 0) {
      found = true;
      return held.substring(0, first);
    }
    int certain = held.length() - longestBeginning();
    String out = held.substring(0, certain);
    held.delete(0, certain);
    return out;
  }

  /** What was held back, at the end of the stream. */
  String finish() {
    return found ? "" : held.toString();
  }

  /** Length of the longest end of the held text that begins a stop string. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, held.length()); n > longest; n--) {
        if (stop.startsWith(held.substring(held.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }
}
