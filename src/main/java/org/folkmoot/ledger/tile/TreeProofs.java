package org.folkmoot.ledger.tile;

import java.util.ArrayList;
import java.util.List;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * Roots and proofs of a tree whose hashes are elsewhere (RFC 9162, section 2.1); {@link MerkleTree}
 * checks them.
 */
public final class TreeProofs {
  private TreeProofs() {}

  /** The root of the first so many leaves. */
  public static Hash32 root(long size, TreeHashes hashes) {
    return size == 0 ? Hash32.sha256(new byte[0]) : subtree(0, size, hashes);
  }

  /** What proves that a leaf is among the first so many. */
  public static List<Hash32> inclusion(long leaf, long size, TreeHashes hashes) {
    if (leaf < 0 || leaf >= size) {
      throw new IllegalArgumentException("leaf " + leaf + " of " + size);
    }
    List<Hash32> proof = new ArrayList<>();
    long from = 0;
    long to = size;
    while (to - from > 1) {
      long middle = from + split(to - from);
      boolean left = leaf < middle;
      proof.add(left ? subtree(middle, to, hashes) : subtree(from, middle, hashes));
      from = left ? from : middle;
      to = left ? middle : to;
    }
    return proof.reversed();
  }

  /** What proves that the first so many leaves are the beginning of the larger tree. */
  public static List<Hash32> consistency(long smaller, long larger, TreeHashes hashes) {
    if (smaller < 0 || smaller > larger) {
      throw new IllegalArgumentException("a tree of " + smaller + " in one of " + larger);
    }
    if (smaller == 0 || smaller == larger) {
      return List.of();
    }
    List<Hash32> proof = new ArrayList<>();
    long from = 0;
    long to = larger;
    // Whether the smaller tree, as far as it lies in this part, is known to who checks.
    boolean known = true;
    while (smaller != to) {
      long middle = from + split(to - from);
      if (smaller <= middle) {
        proof.add(subtree(middle, to, hashes));
        to = middle;
      } else {
        proof.add(subtree(from, middle, hashes));
        from = middle;
        known = false;
      }
    }
    if (!known) {
      proof.add(subtree(from, to, hashes));
    }
    return proof.reversed();
  }

  /** The hash of the leaves in a range that begins at a multiple of its left subtree's size. */
  private static Hash32 subtree(long from, long to, TreeHashes hashes) {
    long leaves = to - from;
    if (Long.bitCount(leaves) == 1) {
      int level = Long.numberOfTrailingZeros(leaves);
      return hashes.hash(level, from >> level);
    }
    long middle = from + split(leaves);
    return MerkleTree.nodeHash(subtree(from, middle, hashes), subtree(middle, to, hashes));
  }

  /** The largest power of two below a number of leaves, at least 2. */
  private static long split(long leaves) {
    return Long.highestOneBit(leaves - 1);
  }
}
