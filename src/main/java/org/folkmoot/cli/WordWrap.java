package org.folkmoot.cli;

import java.util.function.IntSupplier;
import org.jline.utils.WCWidth;

/**
 * Breaks a stream of text into lines between words, as it comes. A word is let through when it is
 * whole. Code between lines of {@code ```} is left as it is: nobody wants breaks of ours in what
 * they copy.
 */
final class WordWrap {
  private static final String FENCE = "```";

  /** Below, every character has one cell (Latin, with its control characters made harmless). */
  private static final int FIRST_UNUSUAL = 0x300;

  private final IntSupplier columns;

  /** Spaces that are not shown yet: a break may come in their place. */
  private final StringBuilder gap = new StringBuilder();

  /** A word, after the spaces, that is not whole yet. */
  private final StringBuilder word = new StringBuilder();

  private int gapCells;
  private int wordCells;

  /** Cells that are taken in the current line. */
  private int column;

  /** Whether the current word is longer than a line: then the terminal breaks it as it must. */
  private boolean overlong;

  /** How many characters of a fence the line begins with; -1 once it cannot be one. */
  private int fence;

  private boolean inCode;

  /** A wrap to lines of so many cells, asked anew for each character. */
  WordWrap(IntSupplier columns) {
    this.columns = columns;
  }

  /** Takes text and gives what can be shown. */
  String add(String text) {
    StringBuilder out = new StringBuilder();
    text.codePoints().forEach(character -> add(character, out));
    return out.toString();
  }

  /** The last word. */
  String finish() {
    StringBuilder out = new StringBuilder();
    endWord(out);
    return out.toString();
  }

  private void add(int character, StringBuilder out) {
    if (character == '\n') {
      endWord(out);
      endLine(out);
      return;
    }
    watchFence(character);
    if (inCode) {
      out.appendCodePoint(character);
    } else if (character == ' ' || character == '\t') {
      endWord(out);
      gap.appendCodePoint(character);
      gapCells += character == ' ' ? 1 : 8 - (column + gapCells) % 8;
    } else {
      addToWord(character, out);
    }
  }

  private void addToWord(int character, StringBuilder out) {
    int cells = cells(character);
    // Scripts with wide characters have no spaces: every character can begin a line.
    if (cells > 1) {
      endWord(out);
    }
    word.appendCodePoint(character);
    wordCells += cells;
    // The last cell stays free: a terminal that has just filled it is in doubt where the cursor is.
    int most = columns.getAsInt() - 1;
    if (!overlong && column > 0 && column + gapCells + wordCells > most) {
      out.append('\n');
      column = 0;
      dropGap();
    }
    overlong |= gapCells + wordCells > most;
    if (overlong || cells > 1) {
      show(out);
    }
  }

  private void endWord(StringBuilder out) {
    if (!word.isEmpty()) {
      show(out);
    }
    overlong = false;
  }

  private void show(StringBuilder out) {
    out.append(gap).append(word);
    column += gapCells + wordCells;
    if (overlong) {
      column %= columns.getAsInt();
    }
    dropGap();
    word.setLength(0);
    wordCells = 0;
  }

  private void dropGap() {
    gap.setLength(0);
    gapCells = 0;
  }

  private void endLine(StringBuilder out) {
    if (fence == FENCE.length()) {
      inCode = !inCode;
    }
    out.append('\n');
    dropGap();
    column = 0;
    fence = 0;
  }

  private void watchFence(int character) {
    if (fence >= 0 && fence < FENCE.length()) {
      fence = character == FENCE.charAt(fence) ? fence + 1 : -1;
    }
  }

  private static int cells(int character) {
    return character < FIRST_UNUSUAL ? 1 : Math.max(0, WCWidth.wcwidth(character));
  }
}
