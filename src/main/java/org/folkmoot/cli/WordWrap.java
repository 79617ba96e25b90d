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
  private final StringBuilder word = new StringBuilder();
  private int wordCells;

  /** Cells that are taken in the current line. */
  private int column;

  /** How many characters of a fence the line begins with; -1 once it cannot be one. */
  private int fence;

  private boolean inCode;

  /** A wrap to lines of so many cells, asked anew for each line. */
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
    int cells = character == '\t' ? 8 - column % 8 : cells(character);
    if (inCode) {
      out.appendCodePoint(character);
    } else if (character == ' ' || character == '\t') {
      endWord(out);
      if (column + cells > columns.getAsInt()) {
        out.append('\n');
        column = 0;
      } else {
        out.appendCodePoint(character);
        column += cells;
      }
    } else {
      addToWord(character, cells, out);
    }
  }

  private void addToWord(int character, int cells, StringBuilder out) {
    // Scripts with wide characters have no spaces: every character can begin a line.
    if (cells > 1) {
      endWord(out);
    }
    word.appendCodePoint(character);
    wordCells += cells;
    // The last cell stays free: a terminal that has just filled it is in doubt where the cursor is.
    if (column > 0 && column + wordCells >= columns.getAsInt()) {
      trimLine(out);
      out.append('\n');
      column = 0;
    }
    if (cells > 1 || wordCells >= columns.getAsInt() - 1) {
      endWord(out);
    }
  }

  /** A space before a break of ours would be seen only by who copies the text. */
  private static void trimLine(StringBuilder out) {
    while (!out.isEmpty() && out.charAt(out.length() - 1) == ' ') {
      out.setLength(out.length() - 1);
    }
  }

  private void endWord(StringBuilder out) {
    out.append(word);
    column += wordCells;
    word.setLength(0);
    wordCells = 0;
  }

  private void endLine(StringBuilder out) {
    if (fence == FENCE.length()) {
      inCode = !inCode;
    }
    out.append('\n');
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
