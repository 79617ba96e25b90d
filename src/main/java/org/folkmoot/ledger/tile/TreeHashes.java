package org.folkmoot.ledger.tile;

import org.folkmoot.base.Hash32;

/** The hashes of a tree's complete subtrees. */
@FunctionalInterface
public interface TreeHashes {
  /** The hash of the subtree of the 2^level leaves from {@code index << level}. */
  Hash32 hash(int level, long index);
}
