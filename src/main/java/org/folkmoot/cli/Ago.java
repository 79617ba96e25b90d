package org.folkmoot.cli;

import java.time.Duration;
import java.time.Instant;

/** Points in time as people say them: {@code 3 hours ago}. */
final class Ago {
  private Ago() {}

  static String text(Instant then, Instant now) {
    long seconds = Math.max(0, Duration.between(then, now).toSeconds());
    if (seconds < 60) {
      return "just now";
    }
    if (seconds < 3600) {
      return count(seconds / 60, "minute");
    }
    if (seconds < 86_400) {
      return count(seconds / 3600, "hour");
    }
    return count(seconds / 86_400, "day");
  }

  private static String count(long number, String unit) {
    return number + " " + unit + (number == 1 ? "" : "s") + " ago";
  }
}
