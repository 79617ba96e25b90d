package org.folkmoot.base;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A Merkle tree over a list of leaves that grows and shrinks at its end: RFC 9162, section 2.1,
 * with SHA-256. A leaf is hashed behind a byte 0, an inner node behind a byte 1, so that neither
 * can pass for the other.
 *
 * <p>Keeps the hashes of all complete subtrees, 64 bytes a leaf: adding costs one hash on average,
 * truncating none, root and proofs O(log n). For one thread.
 */
public final class MerkleTree {
  private static final byte LEAF = 0;
  private static final byte NODE = 1;

  /** Enough for as many leaves as an int counts. */
  private static final int MAX_LEVELS = 32;

  private final MessageDigest sha256 = Hash32.newSha256();

  /** At level k the hashes of the complete subtrees of 2^k leaves, one after the other. */
  private final byte[][] levels = new byte[MAX_LEVELS][0];

  private int size;

  /** An empty tree. */
  public MerkleTree() {}

  /** The tree of some leaves. */
  public static MerkleTree of(Iterable<byte[]> leaves) {
    MerkleTree tree = new MerkleTree();
    leaves.forEach(tree::add);
    return tree;
  }

  /** Number of leaves. */
  public int size() {
    return size;
  }

  /** Appends a leaf: its data, not its hash. */
  public void add(byte[] leaf) {
    sha256.update(LEAF);
    append(sha256.digest(leaf));
  }

  /** Appends a leaf of which only the {@link #leafHash} is at hand. */
  public void addHash(Hash32 leafHash) {
    append(leafHash.bytes());
  }

  private void append(byte[] hash) {
    int at = size++;
    put(0, at, hash);
    byte[] subtree = hash;
    // Each trailing 1 of the leaf's number is a left sibling that its subtree completes.
    for (int level = 0; (at & 1) == 1; level++) {
      subtree = node(sha256, get(level, at - 1), subtree);
      at >>= 1;
      put(level + 1, at, subtree);
    }
  }

  /**
   * Forgets leaves from the end.
   *
   * @param leaves how many remain
   */
  public void truncate(int leaves) {
    if (leaves < 0 || leaves > size) {
      throw new IllegalArgumentException("cannot truncate " + size + " leaves to " + leaves);
    }
    size = leaves;
  }

  /** The hash of the whole; of no leaves, that of nothing. */
  public Hash32 root() {
    return size == 0 ? Hash32.sha256(new byte[0]) : Hash32.of(subtree(0, size));
  }

  /**
   * What proves that a leaf is in the tree: the siblings on its way up, the lowest first (RFC 9162,
   * section 2.1.3.1).
   */
  public List<Hash32> inclusionProof(int leaf) {
    if (leaf < 0 || leaf >= size) {
      throw new IllegalArgumentException("leaf " + leaf + " of " + size);
    }
    List<Hash32> proof = new ArrayList<>();
    int from = 0;
    int to = size;
    while (to - from > 1) {
      int middle = from + split(to - from);
      boolean left = leaf < middle;
      proof.add(Hash32.of(left ? subtree(middle, to) : subtree(from, middle)));
      from = left ? from : middle;
      to = left ? middle : to;
    }
    return proof.reversed();
  }

  /** What a leaf is hashed to. */
  public static Hash32 leafHash(byte[] data) {
    MessageDigest sha256 = Hash32.newSha256();
    sha256.update(LEAF);
    return Hash32.of(sha256.digest(data));
  }

  /** What two neighbouring subtrees are hashed to. */
  public static Hash32 nodeHash(Hash32 left, Hash32 right) {
    return Hash32.of(node(Hash32.newSha256(), left.bytes(), right.bytes()));
  }

  /**
   * Whether a proof shows that a leaf is in a tree. Any proof may be asked about.
   *
   * @param root of the tree
   * @param size of the tree
   * @param leaf its number
   * @param data the leaf's data
   */
  public static boolean includes(Hash32 root, int size, int leaf, byte[] data, List<Hash32> proof) {
    return includes(root, size, leaf, leafHash(data), proof);
  }

  /**
   * As above (RFC 9162, section 2.1.3.2), for trees of any size.
   *
   * @param leafHash the leaf's hash
   */
  public static boolean includes(
      Hash32 root, long size, long leaf, Hash32 leafHash, List<Hash32> proof) {
    if (leaf < 0 || leaf >= size) {
      return false;
    }
    MessageDigest sha256 = Hash32.newSha256();
    byte[] hash = leafHash.bytes();
    long number = leaf;
    long last = size - 1;
    for (Hash32 sibling : proof) {
      if (last == 0) {
        return false;
      }
      if ((number & 1) == 1 || number == last) {
        hash = node(sha256, sibling.bytes(), hash);
        while ((number & 1) == 0 && number != 0) {
          number >>= 1;
          last >>= 1;
        }
      } else {
        hash = node(sha256, hash, sibling.bytes());
      }
      number >>= 1;
      last >>= 1;
    }
    return last == 0 && Hash32.of(hash).equals(root);
  }

  /**
   * Whether a proof shows that one tree is the beginning of another (RFC 9162, section 2.1.4.2).
   * Every tree begins with the empty one, and with itself; both need no proof. Any proof may be
   * asked about.
   */
  public static boolean consistent(
      long smaller, Hash32 smallerRoot, long larger, Hash32 largerRoot, List<Hash32> proof) {
    if (smaller < 0 || smaller > larger) {
      return false;
    }
    if (smaller == 0 && !smallerRoot.equals(Hash32.sha256(new byte[0]))) {
      return false;
    }
    if (smaller == larger) {
      return proof.isEmpty() && smallerRoot.equals(largerRoot);
    }
    if (smaller == 0) {
      return proof.isEmpty();
    }
    // A smaller tree that is one whole subtree of the larger is its own first node.
    boolean whole = Long.bitCount(smaller) == 1;
    if (proof.isEmpty() && !whole) {
      return false;
    }
    long number = smaller - 1;
    long last = larger - 1;
    while ((number & 1) == 1) {
      number >>= 1;
      last >>= 1;
    }
    MessageDigest sha256 = Hash32.newSha256();
    byte[] old = (whole ? smallerRoot : proof.getFirst()).bytes();
    byte[] grown = old;
    for (Hash32 sibling : whole ? proof : proof.subList(1, proof.size())) {
      if (last == 0) {
        return false;
      }
      if ((number & 1) == 1 || number == last) {
        old = node(sha256, sibling.bytes(), old);
        grown = node(sha256, sibling.bytes(), grown);
        while ((number & 1) == 0 && number != 0) {
          number >>= 1;
          last >>= 1;
        }
      } else {
        grown = node(sha256, grown, sibling.bytes());
      }
      number >>= 1;
      last >>= 1;
    }
    return last == 0 && Hash32.of(old).equals(smallerRoot) && Hash32.of(grown).equals(largerRoot);
  }

  /** The hash of the leaves in a range that begins at a multiple of its left subtree's size. */
  private byte[] subtree(int from, int to) {
    int leaves = to - from;
    if (Integer.bitCount(leaves) == 1) {
      int level = Integer.numberOfTrailingZeros(leaves);
      return get(level, from >> level);
    }
    int middle = from + split(leaves);
    return node(sha256, subtree(from, middle), subtree(middle, to));
  }

  /** The largest power of two below a number of leaves, at least 2. */
  private static int split(int leaves) {
    return Integer.highestOneBit(leaves - 1);
  }

  private static byte[] node(MessageDigest sha256, byte[] left, byte[] right) {
    sha256.update(NODE);
    sha256.update(left);
    return sha256.digest(right);
  }

  private byte[] get(int level, int at) {
    return Arrays.copyOfRange(levels[level], at * Hash32.BYTES, (at + 1) * Hash32.BYTES);
  }

  private void put(int level, int at, byte[] hash) {
    int end = Math.multiplyExact(at + 1, Hash32.BYTES);
    if (levels[level].length < end) {
      int more = (int) Math.min(Integer.MAX_VALUE - 16L, Math.max(256, 2L * levels[level].length));
      levels[level] = Arrays.copyOf(levels[level], Math.max(end, more));
    }
    System.arraycopy(hash, 0, levels[level], at * Hash32.BYTES, Hash32.BYTES);
  }
}
