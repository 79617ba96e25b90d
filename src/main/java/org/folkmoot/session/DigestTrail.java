package org.folkmoot.session;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.folkmoot.base.Hash32;
import org.folkmoot.base.MerkleTree;
import org.folkmoot.wire.PeerId;
import org.folkmoot.wire.TraceKey;

/**
 * What hops stated about the hidden states at one boundary between layers. Whoever computes a
 * position again must state the same: the arithmetic leaves no room for anything else.
 */
final class DigestTrail {
  private static final int BYTES = 32;

  private record Entry(PeerId peer, byte[] digest) {}

  private final Map<Integer, Entry> entries = new HashMap<>();

  /**
   * Adds what a hop stated.
   *
   * @param digests of consecutive positions, 32 bytes each
   * @param before only positions before this one count
   * @return a peer that had stated something else
   */
  Optional<PeerId> add(PeerId peer, int position, byte[] digests, int before) {
    Optional<PeerId> other = Optional.empty();
    for (int i = 0; i < digests.length / BYTES && position + i < before; i++) {
      byte[] digest = Arrays.copyOfRange(digests, i * BYTES, (i + 1) * BYTES);
      Entry known = entries.putIfAbsent(position + i, new Entry(peer, digest));
      if (known != null && !Arrays.equals(known.digest, digest)) {
        other = Optional.of(known.peer);
      }
    }
    return other;
  }

  /** The Merkle root over the first positions; empty if not all of them were stated. */
  Optional<Hash32> root(TraceKey key, int positions) {
    MerkleTree tree = new MerkleTree();
    for (int position = 0; position < positions; position++) {
      Entry entry = entries.get(position);
      if (entry == null) {
        return Optional.empty();
      }
      tree.add(key.hiddenLeaf(position, entry.digest));
    }
    return Optional.of(tree.root());
  }

  /** Forgets positions from here on: they will be computed with other tokens. */
  void truncate(int position) {
    entries.keySet().removeIf(at -> at >= position);
  }
}
