package org.folkmoot.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A table for people: columns as wide as their widest cell, two spaces between; a column with
 * nothing in it, not even a heading, takes no room. On a terminal a line that would not fit is cut
 * at its end.
 */
final class Table {
  private final List<String[]> rows = new ArrayList<>();
  private final Set<Integer> right = new HashSet<>();

  /** A table with these headings. */
  Table(String... headings) {
    rows.add(headings);
  }

  /** Has the columns of these headings stand at the right, as numbers do. */
  Table right(String... headings) {
    List<String> all = Arrays.asList(rows.getFirst());
    for (String heading : headings) {
      right.add(all.indexOf(heading));
    }
    return this;
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
    int most = console.outIsTerminal() ? console.columns().getAsInt() : Integer.MAX_VALUE;
    for (int r = 0; r < rows.size(); r++) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < widths.length; c++) {
        String cell = rows.get(r)[c];
        if (widths[c] == 0) {
          continue;
        }
        String room = " ".repeat(widths[c] - cell.length());
        line.append(right.contains(c) ? room + cell : cell + room).append("  ");
      }
      String text = line.toString().stripTrailing();
      text = text.length() <= most ? text : text.substring(0, most - 1) + "…";
      console.out().println(r == 0 ? style.strong(text) : text);
    }
  }
}
