package org.folkmoot.ledger.tile;

import static org.folkmoot.base.FolkmootException.Code.BAD_FILE;

import java.util.Arrays;
import java.util.Map;
import org.folkmoot.base.Bounded;
import org.folkmoot.base.FolkmootException;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/** The hashes of a log of so many entries, from its tiles. For one thread. */
public final class TileHashes implements TreeHashes {
  /** Tiles that are kept: a proof reads two of each level. */
  private static final int MAX_KEPT = 32;

  private final long size;
  private final TileSource source;
  private final Map<Tile, byte[]> kept = new Bounded<>(MAX_KEPT);

  /** The hashes of a log. */
  public TileHashes(long size, TileSource source) {
    this.size = size;
    this.source = source;
  }

  @Override
  public Hash32 hash(int level, long index) {
    int tileLevel = level / Tile.HEIGHT;
    int inside = level % Tile.HEIGHT;
    long first = index << inside;
    Tile tile =
        Tile.in(size, tileLevel, first / Tile.WIDTH)
            .orElseThrow(() -> new IllegalArgumentException("beyond the log"));
    int from = (int) (first % Tile.WIDTH);
    int count = 1 << inside;
    if (from + count > tile.width()) {
      throw new IllegalArgumentException("beyond the log");
    }
    return subtree(read(tile), from, count);
  }

  private byte[] read(Tile tile) {
    return kept.computeIfAbsent(
        tile,
        wanted -> {
          byte[] bytes = source.read(wanted);
          if (bytes.length != wanted.width() * Hash32.BYTES) {
            throw new FolkmootException(
                BAD_FILE, "the tile %s has the wrong length".formatted(wanted.path()));
          }
          return bytes;
        });
  }

  /** The root of a power of two of a tile's hashes. */
  static Hash32 subtree(byte[] hashes, int from, int count) {
    if (count == 1) {
      return Hash32.of(Arrays.copyOfRange(hashes, from * Hash32.BYTES, (from + 1) * Hash32.BYTES));
    }
    int half = count / 2;
    return MerkleTree.nodeHash(subtree(hashes, from, half), subtree(hashes, from + half, half));
  }
}
