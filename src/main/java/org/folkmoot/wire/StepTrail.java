package org.folkmoot.wire;

import java.security.MessageDigest;
import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;

/**
 * The digests of a session's steps at one boundary between layers, position by position. What is
 * taken back (a wrong draft) is forgotten; what remains is what a hop can sign. For one thread.
 */
public final class StepTrail {
  private final MessageDigest sha256 = Hash32.newSha256();
  private byte[] digests = new byte[0];
  private int length;

  /** Positions that it covers. */
  public int length() {
    return length;
  }

  /** Forgets the positions from here on. */
  public void truncate(int positions) {
    length = Math.min(length, positions);
  }

  /**
   * Adds digests of consecutive positions.
   *
   * @param position of the first; what was there from it on is forgotten
   * @param more 32 bytes each
   * @throws IllegalArgumentException if positions are left out
   */
  public void add(int position, byte[] more) {
    if (position > length || more.length % Digests.BYTES != 0) {
      throw new IllegalArgumentException("a trail of " + length + " goes on at " + position);
    }
    int end = (position * Digests.BYTES) + more.length;
    if (digests.length < end) {
      digests = Arrays.copyOf(digests, Math.max(end, 2 * digests.length));
    }
    System.arraycopy(more, 0, digests, position * Digests.BYTES, more.length);
    length = end / Digests.BYTES;
  }

  /** Adds hidden states {@code [token][dim]}; gives their digests. */
  public byte[] addStates(int position, float[] hidden, int tokens) {
    byte[] more = Digests.of(sha256, hidden, tokens);
    add(position, more);
    return more;
  }

  /** Adds token ids: their digest is that of 4 bytes, little-endian. */
  public void addIds(int position, int[] ids) {
    byte[] more = new byte[ids.length * Digests.BYTES];
    for (int i = 0; i < ids.length; i++) {
      System.arraycopy(Digests.ofId(sha256, ids[i]), 0, more, i * Digests.BYTES, Digests.BYTES);
    }
    add(position, more);
  }

  /** A copy of the digests, 32 bytes for each position. */
  public byte[] digests() {
    return digests(length);
  }

  /** The same of the first positions, at most {@link #length}. */
  public byte[] digests(int positions) {
    return Arrays.copyOf(digests, Math.min(positions, length) * Digests.BYTES);
  }

  /** The Merkle root over the first positions, under a session's key. */
  public Hash32 root(TraceKey key, int positions) {
    if (positions > length) {
      throw new IllegalArgumentException("a trail of " + length + " has no " + positions);
    }
    MerkleTree tree = new MerkleTree();
    for (int i = 0; i < positions; i++) {
      int at = i * Digests.BYTES;
      tree.add(key.hiddenLeaf(i, Arrays.copyOfRange(digests, at, at + Digests.BYTES)));
    }
    return tree.root();
  }
}
