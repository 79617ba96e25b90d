package org.folkmoot.proof;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.IntFunction;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * Some neighbouring leaves of a {@link MerkleTree} (RFC 9162, section 2.1), with the hashes of the
 * subtrees beside them, from left to right: what shows that they are in the tree, at their place.
 * Of one leaf these are the siblings of its inclusion proof in another order.
 */
final class MerkleRange {
  private MerkleRange() {}

  /**
   * The root of a tree whose complete subtrees of one size (the last may be smaller) have these
   * hashes.
   */
  static Hash32 fold(List<Hash32> subtrees) {
    return subtrees.size() == 1
        ? subtrees.getFirst()
        : node(
            fold(subtrees.subList(0, split(subtrees.size()))),
            fold(subtrees.subList(split(subtrees.size()), subtrees.size())));
  }

  /** The hashes of the subtrees beside leaves {@code from} to {@code to}. */
  static List<Hash32> beside(IntFunction<byte[]> leaves, int size, int from, int to) {
    List<Hash32> nodes = new ArrayList<>();
    collect(leaves, 0, size, from, to, nodes);
    return nodes;
  }

  private static void collect(
      IntFunction<byte[]> leaves, int low, int high, int from, int to, List<Hash32> nodes) {
    if (from <= low && high <= to) {
      return;
    }
    if (high <= from || to <= low) {
      MerkleTree tree = new MerkleTree();
      for (int i = low; i < high; i++) {
        tree.add(leaves.apply(i));
      }
      nodes.add(tree.root());
      return;
    }
    int middle = low + split(high - low);
    collect(leaves, low, middle, from, to, nodes);
    collect(leaves, middle, high, from, to, nodes);
  }

  /**
   * The root of the tree that has these leaves and these hashes beside them; empty if there are not
   * as many hashes as it takes.
   */
  static Optional<Hash32> root(int size, int from, List<byte[]> leaves, List<Hash32> beside) {
    Iterator<Hash32> nodes = beside.iterator();
    try {
      Hash32 root = root(0, size, from, leaves, nodes);
      return nodes.hasNext() ? Optional.empty() : Optional.of(root);
    } catch (NoSuchElementException tooFew) {
      return Optional.empty();
    }
  }

  private static Hash32 root(
      int low, int high, int from, List<byte[]> leaves, Iterator<Hash32> nodes) {
    int to = from + leaves.size();
    if (high <= from || to <= low) {
      return nodes.next();
    }
    if (high - low == 1) {
      MessageDigest sha256 = Hash32.newSha256();
      sha256.update((byte) 0);
      return Hash32.of(sha256.digest(leaves.get(low - from)));
    }
    int middle = low + split(high - low);
    Hash32 left = root(low, middle, from, leaves, nodes);
    return node(left, root(middle, high, from, leaves, nodes));
  }

  private static int split(int leaves) {
    return Integer.highestOneBit(leaves - 1);
  }

  private static Hash32 node(Hash32 left, Hash32 right) {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update((byte) 1);
    sha256.update(left.bytes());
    return Hash32.of(sha256.digest(right.bytes()));
  }
}
