package org.folkmoot.ledger;

import static org.folkmoot.base.FolkmootException.Code.NOT_FOUND;
import static org.folkmoot.base.FolkmootException.Code.NO_ROOM;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.ledger.tile.Tile;
import org.folkmoot.wire.PeerId;

/**
 * A feed as static pages, which any client of transparency logs reads (C2SP tlog-tiles): {@code
 * checkpoint}, {@code tile/…} and {@code tile/entries/…}.
 */
public final class FeedPages {
  /** The page of the head. */
  public static final String CHECKPOINT = "checkpoint";

  private FeedPages() {}

  /**
   * A page.
   *
   * @param text whether it is text
   * @param lasting whether it never changes
   */
  public record Page(byte[] bytes, boolean text, boolean lasting) {}

  /** The page at a path under a feed's address; empty if there is none. */
  public static Optional<Page> find(LedgerStore store, PeerId peer, String path) {
    Optional<Feed> feed = store.feed(peer).filter(Feed::isWhole);
    if (feed.isEmpty()) {
      return Optional.empty();
    }
    if (path.equals(CHECKPOINT)) {
      return Optional.of(new Page(feed.get().head().note().toBytes(), true, false));
    }
    return Tile.parse(path)
        .filter(tile -> isIn(feed.get().size(), tile))
        .map(tile -> new Page(store.tile(peer, tile), false, true));
  }

  /** Whether a log of this size has the tile, or had it when it was smaller. */
  private static boolean isIn(long size, Tile tile) {
    return Tile.in(size, tile.level(), tile.number())
        .filter(now -> tile.width() <= now.width())
        .isPresent();
  }

  /**
   * Writes all pages of a feed into a folder, the checkpoint last: what serves the folder never
   * shows a checkpoint without its tiles.
   *
   * @return how many pages
   * @throws FolkmootException NOT_FOUND if the feed is not here whole; NO_ROOM if the folder cannot
   *     be written
   */
  public static long export(LedgerStore store, PeerId peer, Path folder) {
    Feed feed =
        store
            .feed(peer)
            .filter(Feed::isWhole)
            .orElseThrow(() ->
                new FolkmootException(
                    NOT_FOUND, "the feed of %s is not here, or not whole".formatted(peer)));
    long pages = 1;
    try {
      for (int level = Tile.ENTRIES; level == Tile.ENTRIES || tiles(feed, level) > 0; level++) {
        for (long number = 0; number < tiles(feed, level); number++) {
          Tile tile = Tile.in(feed.size(), level, number).orElseThrow();
          Path file = folder.resolve(tile.path());
          Files.createDirectories(file.getParent());
          Files.write(file, store.tile(peer, tile));
          pages++;
        }
      }
      Files.createDirectories(folder);
      Files.write(folder.resolve(CHECKPOINT), feed.head().note().toBytes());
      return pages;
    } catch (IOException failed) {
      throw new FolkmootException(
          NO_ROOM,
          "cannot write into %s (%s): see that there is room and that the folder is yours"
              .formatted(folder, failed.getMessage()),
          failed);
    }
  }

  private static long tiles(Feed feed, int level) {
    long hashes = feed.size() >> (8 * Math.max(0, level));
    return (hashes + Tile.WIDTH - 1) / Tile.WIDTH;
  }
}
