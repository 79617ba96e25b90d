package org.folkmoot.ledger.tile;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which piece of a log (C2SP tlog-tiles): 256 hashes of one level of the tree, or 256 entries; at
 * the right edge, fewer.
 *
 * @param level 0 for the hashes of entries, n for those of full tiles of level n - 1; {@link
 *     #ENTRIES} for the entries themselves
 * @param number which of its level, from 0
 * @param width how many it has
 */
public record Tile(int level, long number, int width) {
  /** The level of bundles of entries. */
  public static final int ENTRIES = -1;

  /** Hashes of a full tile. */
  public static final int WIDTH = 256;

  /** Levels of the binary tree in one tile. */
  static final int HEIGHT = 8;

  /** Highest level: with it a log has more entries than a long counts. */
  private static final int MAX_LEVEL = 7;

  /** Largest number: three million million entries, and five elements of a path. */
  private static final long MAX_NUMBER = 999_999_999_999_999L / WIDTH;

  private static final Pattern PATH =
      Pattern.compile(
          "tile/(entries|[0-7])/((?:x[0-9]{3}/){0,4}[0-9]{3})(?:\\.p/([1-9][0-9]{0,2}))?");

  /** Checks. */
  public Tile {
    if (level < ENTRIES || level > MAX_LEVEL || number < 0 || number > MAX_NUMBER) {
      throw new IllegalArgumentException("no tile: level " + level + ", number " + number);
    }
    if (width < 1 || width > WIDTH) {
      throw new IllegalArgumentException("a tile of " + width);
    }
  }

  /** The tile of a level and number in a log of so many entries; empty if it has none there. */
  public static Optional<Tile> in(long size, int level, long number) {
    long inLevel = size >> (HEIGHT * Math.max(0, level));
    long width = Math.min(WIDTH, inLevel - number * WIDTH);
    return width < 1 ? Optional.empty() : Optional.of(new Tile(level, number, (int) width));
  }

  /** Whether it is full, and so never changes. */
  public boolean isFull() {
    return width == WIDTH;
  }

  /** The number of the first entry below it. */
  public long firstEntry() {
    return (number * WIDTH) << (HEIGHT * Math.max(0, level));
  }

  /** Where it lies under a log's address. */
  public String path() {
    StringBuilder path = new StringBuilder("%03d".formatted(number % 1000));
    for (long rest = number / 1000; rest > 0; rest /= 1000) {
      path.insert(0, "x%03d/".formatted(rest % 1000));
    }
    path.insert(0, "tile/" + (level == ENTRIES ? "entries" : level) + "/");
    return isFull() ? path.toString() : path.append(".p/").append(width).toString();
  }

  /** The tile of a path; empty if it is none. A tile has one path only. */
  public static Optional<Tile> parse(String path) {
    Matcher parts = PATH.matcher(path);
    if (path.length() > 64 || !parts.matches()) {
      return Optional.empty();
    }
    int level = parts.group(1).equals("entries") ? ENTRIES : Integer.parseInt(parts.group(1));
    long number = Long.parseLong(parts.group(2).replace("x", "").replace("/", ""));
    int width = parts.group(3) == null ? WIDTH : Integer.parseInt(parts.group(3));
    if (number > MAX_NUMBER || width > WIDTH) {
      return Optional.empty();
    }
    Tile tile = new Tile(level, number, width);
    return tile.path().equals(path) ? Optional.of(tile) : Optional.empty();
  }
}
