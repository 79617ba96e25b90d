package org.folkmoot.ledger;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.folkmoot.base.Hash32;

/**
 * A Merkle tree as {@link Fsck} computes it, by another algorithm than the rest of the program: a
 * stack of subtrees, and the hashes of entries level by level as tiles have them.
 */
final class PlainTree {
  private final List<byte[]> levels = new ArrayList<>();
  private final List<Integer> counts = new ArrayList<>();
  private final List<byte[]> stack = new ArrayList<>();
  private final MessageDigest sha256;
  private long count;

  PlainTree() {
    try {
      sha256 = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  long count() {
    return count;
  }

  /** Levels that have hashes. */
  int height() {
    return levels.size();
  }

  /** Hashes of a level. */
  int width(int level) {
    return counts.get(level);
  }

  void add(byte[] entry) {
    byte[] hash = hash(0, entry, new byte[0]);
    put(0, hash);
    stack.add(hash);
    count++;
    // Two subtrees of one size become one of twice the size.
    for (long rest = count; (rest & 1) == 0; rest >>= 1) {
      byte[] right = stack.removeLast();
      byte[] left = stack.removeLast();
      stack.add(hash(1, left, right));
    }
    int level = 1;
    for (long each = 256; count % each == 0; each *= 256) {
      // 256 of the level below have just become one subtree, at the end of the stack or in it.
      put(level, subtree(level));
      level++;
      if (each > Long.MAX_VALUE / 256) {
        break;
      }
    }
  }

  /** The root of the last full tile of the level below. */
  private byte[] subtree(int level) {
    byte[] below = levels.get(level - 1);
    int last = counts.get(level - 1);
    List<byte[]> hashes = new ArrayList<>();
    for (int i = last - 256; i < last; i++) {
      hashes.add(Arrays.copyOfRange(below, i * Hash32.BYTES, (i + 1) * Hash32.BYTES));
    }
    while (hashes.size() > 1) {
      List<byte[]> half = new ArrayList<>();
      for (int i = 0; i < hashes.size(); i += 2) {
        half.add(hash(1, hashes.get(i), hashes.get(i + 1)));
      }
      hashes = half;
    }
    return hashes.getFirst();
  }

  private void put(int level, byte[] hash) {
    if (levels.size() == level) {
      levels.add(new byte[Hash32.BYTES * 256]);
      counts.add(0);
    }
    int at = counts.get(level);
    byte[] hashes = levels.get(level);
    if (hashes.length == at * Hash32.BYTES) {
      hashes = Arrays.copyOf(hashes, hashes.length * 2);
      levels.set(level, hashes);
    }
    System.arraycopy(hash, 0, hashes, at * Hash32.BYTES, Hash32.BYTES);
    counts.set(level, at + 1);
  }

  byte[] root() {
    if (stack.isEmpty()) {
      return Hash32.sha256(new byte[0]).bytes();
    }
    byte[] root = stack.getLast();
    for (int i = stack.size() - 2; i >= 0; i--) {
      root = hash(1, stack.get(i), root);
    }
    return root;
  }

  byte[] tile(int level, long number) {
    int from = Math.toIntExact(number * 256 * Hash32.BYTES);
    int to = Math.min(from + 256 * Hash32.BYTES, counts.get(level) * Hash32.BYTES);
    return Arrays.copyOfRange(levels.get(level), from, Math.max(from, to));
  }

  private byte[] hash(int prefix, byte[] left, byte[] right) {
    sha256.update((byte) prefix);
    sha256.update(left);
    return sha256.digest(right);
  }
}
