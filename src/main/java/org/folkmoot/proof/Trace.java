package org.folkmoot.proof;

import java.security.MessageDigest;
import java.util.Arrays;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.wire.Digests;
import org.folkmoot.wire.TraceKey;

/** The hidden states between two layers, as digests, position by position. */
final class Trace {
  private final TraceKey key;
  private final MessageDigest sha256 = Hash32.newSha256();
  private final MerkleTree tree = new MerkleTree();
  private final byte[] digests;

  Trace(TraceKey key, int positions) {
    this.key = key;
    this.digests = new byte[positions * Digests.BYTES];
  }

  /** Adds the next positions' states, {@code [token][dim]}. */
  void add(float[] states, int tokens) {
    byte[] next = Digests.of(sha256, states, tokens);
    System.arraycopy(next, 0, digests, tree.size() * Digests.BYTES, next.length);
    append(tree, next);
  }

  private void append(MerkleTree to, byte[] next) {
    for (int at = 0; at < next.length; at += Digests.BYTES) {
      to.add(key.hiddenLeaf(to.size(), Arrays.copyOfRange(next, at, at + Digests.BYTES)));
    }
  }

  Hash32 root() {
    return tree.root();
  }

  /** The root that these digests would give. */
  Hash32 rootOf(byte[] others) {
    MerkleTree other = new MerkleTree();
    append(other, others);
    return other.root();
  }

  /** 32 bytes for each position. */
  byte[] digests() {
    return digests.clone();
  }
}
