package org.folkmoot.ledger.tile;

/** Where the tiles of one log are read: a store, a folder, a server. */
@FunctionalInterface
public interface TileSource {
  /**
   * A tile's bytes. Not promised: that they are right.
   *
   * @throws org.folkmoot.base.FolkmootException NOT_FOUND if there is no such tile
   */
  byte[] read(Tile tile);
}
