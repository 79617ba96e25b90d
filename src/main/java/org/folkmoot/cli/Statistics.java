package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.folkmoot.session.Generation;
import org.jspecify.annotations.Nullable;

/** What an answer took, on one line. */
final class Statistics {
  private Statistics() {}

  /**
   * For example {@code 36 in, 198/s · 57 out, 88.1 tokens/s · first after 0.19 s · seed 7}.
   *
   * @param seed what the answer was drawn with; null if nothing was drawn
   */
  static String line(Generation.Usage usage, @Nullable Long seed) {
    List<String> parts = new ArrayList<>();
    int computed = usage.promptTokens() - usage.cachedTokens();
    String kept = usage.cachedTokens() == 0 ? "" : " (" + usage.cachedTokens() + " kept)";
    String pace =
        usage.generatedTokens() == 0 ? "" : ", " + rate(computed, usage.promptNanos()) + "/s";
    parts.add(usage.promptTokens() + " in" + kept + pace);
    // The first token comes with the prompt.
    int further = usage.generatedTokens() - 1;
    parts.add(
        usage.generatedTokens()
            + " out"
            + (further < 1 ? "" : ", " + rate(further, usage.generateNanos()) + " tokens/s"));
    if (usage.generatedTokens() > 0) {
      parts.add(String.format(Locale.ROOT, "first after %.2f s", usage.promptNanos() / 1e9));
    }
    if (seed != null) {
      parts.add("seed " + seed);
    }
    return String.join(" · ", parts);
  }

  /** Three digits are as exact as a measurement on a shared machine is. */
  private static String rate(int tokens, long nanos) {
    double perSecond = tokens / (Math.max(1, nanos) / 1e9);
    return String.format(Locale.ROOT, perSecond < 99.95 ? "%.1f" : "%.0f", perSecond);
  }
}
