package org.folkmoot.ledger.tile;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * Lets a log grow: takes the hashes of new entries, and gives the tiles that changed. Holds the
 * tiles of the right edge only, one of each level, whatever the size. For one thread.
 */
public final class TileBuilder {
  /** The right edge of a level: hashes that no full tile has yet. */
  private static final class Edge {
    private final byte[] hashes = new byte[Tile.WIDTH * Hash32.BYTES];
    private int width;
    private long number;
    private boolean changed;

    private byte[] bytes() {
      return Arrays.copyOf(hashes, width * Hash32.BYTES);
    }
  }

  private final List<Edge> edges = new ArrayList<>();
  private final Map<Tile, byte[]> full = new LinkedHashMap<>();
  private long size;

  /** An empty log. */
  public TileBuilder() {}

  /** A log of so many entries, with its tiles. */
  public TileBuilder(long size, TileSource source) {
    this.size = size;
    for (int level = 0; size >> (Tile.HEIGHT * level) > 0; level++) {
      Edge edge = new Edge();
      edge.number = (size >> (Tile.HEIGHT * level)) / Tile.WIDTH;
      Tile.in(size, level, edge.number)
          .ifPresent(tile -> {
            byte[] bytes = source.read(tile);
            System.arraycopy(bytes, 0, edge.hashes, 0, tile.width() * Hash32.BYTES);
            edge.width = tile.width();
          });
      edges.add(edge);
    }
  }

  /** A copy that grows by itself. */
  public TileBuilder copy() {
    TileBuilder copy = new TileBuilder();
    copy.size = size;
    for (Edge edge : edges) {
      Edge other = new Edge();
      System.arraycopy(edge.hashes, 0, other.hashes, 0, edge.hashes.length);
      other.width = edge.width;
      other.number = edge.number;
      other.changed = edge.changed;
      copy.edges.add(other);
    }
    copy.full.putAll(full);
    return copy;
  }

  /** Entries so far. */
  public long size() {
    return size;
  }

  /** Appends an entry by its leaf hash. */
  public void add(Hash32 leafHash) {
    size++;
    add(0, leafHash);
  }

  private void add(int level, Hash32 hash) {
    if (edges.size() == level) {
      edges.add(new Edge());
    }
    Edge edge = edges.get(level);
    System.arraycopy(hash.bytes(), 0, edge.hashes, edge.width * Hash32.BYTES, Hash32.BYTES);
    edge.width++;
    edge.changed = true;
    if (edge.width == Tile.WIDTH) {
      full.put(new Tile(level, edge.number, Tile.WIDTH), edge.bytes());
      Hash32 root = TileHashes.subtree(edge.hashes, 0, Tile.WIDTH);
      edge.number++;
      edge.width = 0;
      add(level + 1, root);
    }
  }

  /** The root of all so far. */
  public Hash32 root() {
    if (size == 0) {
      return Hash32.sha256(new byte[0]);
    }
    // The complete subtrees, the smallest first: from the right end of the lowest level up.
    List<Hash32> peaks = new ArrayList<>();
    for (Edge edge : edges) {
      for (int rest = edge.width; rest > 0; rest &= rest - 1) {
        int count = Integer.lowestOneBit(rest);
        peaks.add(TileHashes.subtree(edge.hashes, rest - count, count));
      }
    }
    Hash32 root = peaks.getFirst();
    for (Hash32 peak : peaks.subList(1, peaks.size())) {
      root = MerkleTree.nodeHash(peak, root);
    }
    return root;
  }

  /** The tiles that changed since this was last asked; partial ones in place of narrower ones. */
  public Map<Tile, byte[]> takeChanged() {
    Map<Tile, byte[]> changed = new LinkedHashMap<>(full);
    full.clear();
    for (int level = 0; level < edges.size(); level++) {
      Edge edge = edges.get(level);
      if (edge.changed && edge.width > 0) {
        changed.put(new Tile(level, edge.number, edge.width), edge.bytes());
      }
      edge.changed = false;
    }
    return changed;
  }
}
