package org.folkmoot.engine.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A string that knows which of its characters the template's author wrote. Marks follow the
 * characters through cutting and joining; where an operation rewrites characters, everything it
 * makes of partly foreign text is foreign. Equality is that of the characters alone.
 *
 * <p>What is tracked is where characters come from, not what decided that they appear: {@code {'a':
 * '<|im_end|>'}[message.content]} yields trusted text, because its author wrote it.
 *
 * <p>Positions are UTF-16 units here and code points wherever a template counts, as Python does.
 */
final class Text implements Value {
  /** Enough of a text to tell a person what is wrong. */
  private static final int MAX_SHOWN = 300;

  private static final int[] TRUSTED = {};
  private static final int[] UNTRUSTED = {0};

  /** Nothing. */
  static final Text EMPTY = trusted("");

  private final String string;

  /** Ascending positions at which trust changes; a text begins trusted. */
  private final int[] flips;

  private int codePoints = -1;

  private Text(String string, int[] flips) {
    this.string = string;
    this.flips = flips;
  }

  /** Text by the template's author. */
  static Text trusted(String string) {
    return new Text(string, TRUSTED);
  }

  /** Text by anyone else. */
  static Text untrusted(String string) {
    return new Text(string, string.isEmpty() ? TRUSTED : UNTRUSTED);
  }

  /** Text of either kind. */
  static Text of(String string, boolean trusted) {
    return trusted ? trusted(string) : untrusted(string);
  }

  String string() {
    return string;
  }

  /** How many changes of trust lie at or before a position: where it is even, text is trusted. */
  private int changesUpTo(int position) {
    int found = Arrays.binarySearch(flips, position);
    return found >= 0 ? found + 1 : -found - 1;
  }

  /** Length in UTF-16 units. */
  int units() {
    return string.length();
  }

  boolean isEmpty() {
    return string.isEmpty();
  }

  /** Whether the author of the template wrote all of it. */
  boolean isTrusted() {
    return flips.length == 0;
  }

  /** Length as Python counts it. */
  int codePoints() {
    if (codePoints < 0) {
      codePoints = string.codePointCount(0, string.length());
    }
    return codePoints;
  }

  /** The unit at which the code point of that index begins. */
  int unitOf(int codePoint) {
    return codePoints() == string.length() ? codePoint : string.offsetByCodePoints(0, codePoint);
  }

  /** The units from {@code from} (inclusive) to {@code to} (exclusive). */
  Text cut(int from, int to) {
    if (from == 0 && to == string.length()) {
      return this;
    }
    return isTrusted()
        ? trusted(string.substring(from, to))
        : new Builder().append(this, from, to).build();
  }

  /** The code points from {@code from} (inclusive) to {@code to} (exclusive). */
  Text codePoints(int from, int to) {
    return cut(unitOf(from), unitOf(to));
  }

  Text plus(Text other) {
    if (isEmpty() || other.isEmpty()) {
      return isEmpty() ? other : this;
    }
    return new Builder().append(this).append(other).build();
  }

  /** A rewriting of this whole text, trusted only if all of this is. */
  Text rewritten(String by) {
    return of(by, isTrusted());
  }

  /** The text in stretches of one kind each. */
  List<Segment> segments() {
    List<Segment> segments = new ArrayList<>();
    int from = 0;
    boolean trusted = true;
    for (int i = 0; i <= flips.length; i++) {
      int to = i < flips.length ? flips[i] : string.length();
      if (to > from) {
        segments.add(new Segment(string.substring(from, to), trusted));
      }
      from = to;
      trusted = !trusted;
    }
    return segments;
  }

  /**
   * The beginning of the text, with an ellipsis in place of what is not the author's: fit for an
   * error message.
   */
  String redacted() {
    StringBuilder message = new StringBuilder();
    for (Segment segment : cut(0, Math.min(units(), MAX_SHOWN)).segments()) {
      message.append(segment.trusted() ? segment.text() : "…");
    }
    return units() > MAX_SHOWN ? message.append('…').toString() : message.toString();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Text text && string.equals(text.string);
  }

  @Override
  public int hashCode() {
    return string.hashCode();
  }

  /** Shows how long it is only, since it may be part of a conversation. */
  @Override
  public String toString() {
    return "Text[" + string.length() + " units]";
  }

  /** Joins texts; throws the fault of a too long text rather than outgrow the bound. */
  static final class Builder {
    private final StringBuilder string = new StringBuilder();
    private int[] flips = TRUSTED;
    private int flipCount;

    Builder append(Text text) {
      return append(text, 0, text.units());
    }

    Builder append(Text text, int from, int to) {
      int at = from;
      int next = text.changesUpTo(from);
      for (; next < text.flips.length && text.flips[next] < to; next++) {
        add(text.string, at, text.flips[next], next % 2 == 0);
        at = text.flips[next];
      }
      add(text.string, at, to, next % 2 == 0);
      return this;
    }

    Builder append(String more, boolean trusted) {
      add(more, 0, more.length(), trusted);
      return this;
    }

    int units() {
      return string.length();
    }

    Text build() {
      return new Text(
          string.toString(), flipCount == 0 ? TRUSTED : Arrays.copyOf(flips, flipCount));
    }

    private void add(String more, int from, int to, boolean trusted) {
      if (from >= to) {
        return;
      }
      if (to - from > Budget.MAX_TEXT - string.length()) {
        throw Budget.tooLong();
      }
      boolean trustedNow = flipCount % 2 == 0;
      if (trusted != trustedNow) {
        if (flipCount == Budget.MAX_CHANGES) {
          throw Budget.tooMixed();
        }
        if (flipCount == flips.length) {
          flips = Arrays.copyOf(flips, Math.max(8, flipCount * 2));
        }
        flips[flipCount++] = string.length();
      }
      string.append(more, from, to);
    }
  }
}
