package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A table for people: columns as wide as their widest cell, two spaces between. */
final class Table {
  private final List<String[]> rows = new ArrayList<>();

  /** A table with these headings. */
  Table(String... headings) {
    rows.add(headings);
  }

  /** Adds a row with as many cells as there are headings. */
  Table row(String... cells) {
    if (cells.length != rows.getFirst().length) {
      throw new IllegalArgumentException("a row of " + cells.length + " cells");
    }
    rows.add(cells);
    return this;
  }

  /** Prints it on standard output. */
  void print(Console console) {
    int[] widths = new int[rows.getFirst().length];
    for (String[] row : rows) {
      Arrays.setAll(widths, i -> Math.max(widths[i], row[i].length()));
    }
    Style style = console.outStyle();
    for (int r = 0; r < rows.size(); r++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String cell = rows.get(r)[c];
        line.append(cell).append(" ".repeat(widths[c] - cell.length() + 2));
      }
      String text = line.toString().stripTrailing();
      console.out().println(r == 0 ? style.strong(text) : text);
    }
  }
}
